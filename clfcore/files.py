"""Files written whole or not at all, paths as people type them, names made safe, and where the lab keeps things."""

import contextlib
import errno
import json
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clfcore.errors import Failure, InputError

_LONGEST_NAME, _LONGEST_PATH = 255, 4096  # bytes that Linux, macOS and Windows take at most


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


def typed_path(text: str | Path, what: str = "path") -> Path:
    """The path that somebody typed, `~` expanded. Raises InputError where no file system could have it.

    Past this no look at the path fails for what was typed: an absent file is then simply absent. `what` names the
    value in the refusal, such as `out` or `data`.

    >>> typed_path("photos/cats").as_posix()
    'photos/cats'
    >>> typed_path("~nosuchuser", "data")
    Traceback (most recent call last):
    clfcore.errors.InputError: data is '~nosuchuser': this machine has no user 'nosuchuser'; write the path in full
    """
    written = os.fspath(text)
    named = f"{what} is {shortened(written)!r}"
    if not written:
        raise InputError(f"{what} is empty: name a file or folder")
    if "\0" in written:
        raise InputError(f"{named}: a path cannot hold the character NUL")
    try:
        path = Path(written).expanduser()
        encoded = os.fsencode(path)
    except RuntimeError:
        user = written.lstrip("~").partition("/")[0]
        home = f"this machine has no user {shortened(user)!r}" if user else "no home folder is known (HOME is not set)"
        raise InputError(f"{named}: {home}; write the path in full") from None
    except UnicodeEncodeError:
        raise InputError(f"{named}: it holds half a character, which no file name can") from None
    longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    if longest > _LONGEST_NAME or len(encoded) >= _LONGEST_PATH:
        said = f"a name of {longest:,} bytes" if longest > _LONGEST_NAME else f"{len(encoded):,} bytes"
        raise InputError(
            f"{named}: it has {said}, and file systems take {_LONGEST_NAME} a name, {_LONGEST_PATH} in all"
        )
    return path


def shortened(text: str, *, most: int = 80) -> str:
    """The text, or its beginning and end around an ellipsis where it is longer than `most`.

    >>> shortened("a" * 300, most=9)
    'aaaa…aaaa'
    """
    half = (most - 1) // 2
    return text if len(text) <= most else f"{text[:half]}…{text[-half:]}"


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
    """Raises InputError where the environment names no possible folder."""
    return typed_path(os.environ.get(variable) or f"~/.clflab/{name}", variable)
