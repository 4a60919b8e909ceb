"""Files written whole or not at all, names made safe, and where the lab keeps things."""

import contextlib
import errno
import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clfcore.errors import Failure


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `path`, then rename it into place: readers see the old or the new, never a part.

    Raises Failure where the disk is full or the folder cannot be written; what stood at `path` then stands there still.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise cannot_write(path, error) from error
    partial = Path(name)
    try:
        write(partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def write_text(path: Path, text: str) -> None:
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))  # type: ignore[arg-type, return-value]


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def cannot_write(path: Path, error: OSError) -> Failure:
    if error.errno == errno.ENOSPC:
        return Failure(f"the disk is full: {path} was not written; free some space and go on")
    return Failure(
        f"{path} cannot be written ({error.strerror or error}): choose another folder or mend its permissions"
    )


def safe_name(text: str, *, most: int = 40) -> str:
    """Letters, digits, `.`, `_` and `-` of `text`, for use inside a file name; never empty, never starting with a dot.

    >>> safe_name("../my photos/cats & dogs")
    'my-photos-cats-dogs'
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:most].strip("-._") or "unnamed"


def runs_folder() -> Path:
    """Where runs live: CLFLAB_RUNS, else `runs` in the lab's folder of the home directory."""
    return _folder("CLFLAB_RUNS", "runs")


def datasets_folder() -> Path:
    """Where downloaded, installed or uploaded datasets live: CLFLAB_DATASETS, else `datasets` in the lab's folder."""
    return _folder("CLFLAB_DATASETS", "datasets")


def cache_folder() -> Path:
    """Where decoded images and embeddings are kept, deletable at any time: CLFLAB_CACHE, else in the lab's folder."""
    return _folder("CLFLAB_CACHE", "cache")


def policies_folder() -> Path:
    """Where one's own augmentation policies live: CLFLAB_POLICIES, else `policies` in the lab's folder."""
    return _folder("CLFLAB_POLICIES", "policies")


def verdicts_folder() -> Path:
    """Where verdicts on pictures live: CLFLAB_VERDICTS, else `verdicts` in the lab's folder."""
    return _folder("CLFLAB_VERDICTS", "verdicts")


def _folder(variable: str, name: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / ".clflab" / name).expanduser()
