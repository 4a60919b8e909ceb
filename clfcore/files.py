"""Files written whole or not at all, paths as people type them, names made safe, and where the lab keeps things."""

import contextlib
import errno
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clfcore.errors import Failure, InputError

_LONGEST_NAME, _LONGEST_PATH = 255, 4096  # bytes that Linux, macOS and Windows take at most


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then rename it into place: readers see the old or the new, never a part.

    The file has the permissions that the user's umask gives, and the new name outlives a power cut. Raises Failure
    where the disk is full, the folder cannot be written or `path` is a device; what stood there stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "it is a folder" if path.is_dir() else "it is no regular file")
        partial = _beside(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        write(partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
        _keep_name(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def _beside(path: Path) -> Path:
    """A new, empty file in the same folder. Not `mkstemp`'s: that one only its owner can read."""
    while True:
        partial = path.with_name(f".{path.name[:60]}.{secrets.token_hex(4)}.part")
        with contextlib.suppress(FileExistsError):
            os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            return partial


def remove_abandoned(folder: Path, *, age: float = 3600) -> None:
    """Remove what killed writers left in a folder: parts of files that nobody has written to for `age` seconds."""
    with contextlib.suppress(OSError):
        for part in folder.glob(".*.part"):
            with contextlib.suppress(OSError):  # another process was quicker
                if part.is_file() and time.time() - part.stat().st_mtime > age:
                    part.unlink()


def _keep_name(folder: Path) -> None:
    """Write the folder's own entries to the disk; Windows and some network disks cannot, and need not."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_text(path: Path, text: str) -> None:
    """The text in UTF-8. A file name that is no UTF-8 is written as Python's escape of it."""
    content = text.encode("utf-8", "backslashreplace")
    write_whole(path, lambda partial: partial.write_bytes(content))


def write_json(path: Path, value: object) -> None:
    """The value as indented JSON; half characters, of file names that are no UTF-8, are escaped and come back."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_text(path: Path, *, most: int, what: str) -> str:
    """The text of a small regular file that somebody named, of at most `most` bytes. Raises InputError.

    `what` says what the file is for, such as `a run's configuration as JSON`. Devices and pipes are never opened.
    """
    named = shortened(str(path))
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise InputError(f"{named} is {kind}: name a file with {what}")
        if status.st_size > most:
            raise InputError(f"{named} has {status.st_size:,} bytes: {what} has at most {most:,}")
        with path.open("rb") as file:
            content = file.read(most + 1)  # it may have grown since
        return content.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{named} cannot be read ({error.strerror}): name a file with {what}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{named} is no text in UTF-8 (byte {error.start:,}): name a file with {what}") from None


def parse_json(text: str, *, what: str) -> Any:
    """What the JSON text holds. Raises InputError where it is none, is nested without end, or writes no finite number.

    >>> parse_json('{"a": [1]}', what="the policy")
    {'a': [1]}
    >>> parse_json("[" * 100_000, what="the policy")
    Traceback (most recent call last):
    clfcore.errors.InputError: the policy is no valid JSON (nested too deeply)
    """
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise InputError(f"{what} is no valid JSON (nested too deeply)") from None
    except ValueError as error:
        raise InputError(f"{what} is no valid JSON ({shortened(str(error), most=120)})") from None


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


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
        size = f"a name of {longest:,} bytes" if longest > _LONGEST_NAME else f"{len(encoded):,} bytes"
        raise InputError(
            f"{named}: it has {size}, and file systems take {_LONGEST_NAME} a name, {_LONGEST_PATH} in all"
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


def app_folder() -> Path:
    """The folder with app.py and assets/: of an installed package inside it, of a clone its top. Raises Failure."""
    core = Path(__file__).parent
    for folder in (core / "_app", core.parent):
        if (folder / "app.py").is_file():
            return folder
    raise Failure(f"the app's files are not in {core}: install the package again, or work in a clone")


def data_root() -> Path | None:
    """Below which folder a shared lab reads data, uploads aside: CLFLAB_DATA_ROOT; None: everywhere."""
    named = os.environ.get("CLFLAB_DATA_ROOT")
    return typed_path(named, "CLFLAB_DATA_ROOT") if named else None


def cache_folder() -> Path:
    """Where decoded images and embeddings are kept, deletable at any time: CLFLAB_CACHE, else in the lab's folder."""
    return _folder("CLFLAB_CACHE", "cache")


def policies_folder() -> Path:
    """Where one's own augmentation policies live: CLFLAB_POLICIES, else `policies` in the lab's folder."""
    return _folder("CLFLAB_POLICIES", "policies")


def verdicts_folder() -> Path:
    """Where verdicts on pictures live: CLFLAB_VERDICTS, else `verdicts` in the lab's folder."""
    return _folder("CLFLAB_VERDICTS", "verdicts")


def lessons_folder() -> Path:
    """Where the reader's progress in the lessons lives: CLFLAB_LESSONS, else `lessons` in the lab's folder."""
    return _folder("CLFLAB_LESSONS", "lessons")


def crashes_folder() -> Path:
    """Where the details of the lab's own faults are written: CLFLAB_CRASHES, else `crashes` in the lab's folder."""
    return _folder("CLFLAB_CRASHES", "crashes")


def _folder(variable: str, name: str) -> Path:
    """Raises InputError where the environment names no possible folder."""
    return typed_path(os.environ.get(variable) or f"~/.clflab/{name}", variable)
