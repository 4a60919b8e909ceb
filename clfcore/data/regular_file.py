"""Picture files, opened: regular ones alone, of a bounded size; a pipe or a device may never end."""

import stat
from pathlib import Path
from typing import BinaryIO

from clfcore.data.tar_member import file_state, open_file
from clfcore.errors import InputError

MOST_BYTES = 1 << 30  # of a file
_KINDS = {
    stat.S_ISFIFO: "a pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
    stat.S_ISDIR: "a folder",
}


def read_bytes(source: Path | bytes | BinaryIO) -> bytes:
    """What a file holds. Raises InputError where it is absent, too large or no regular file: a pipe never ends."""
    if isinstance(source, bytes):
        return source
    if not isinstance(source, Path):
        return source.read()
    try:
        with open_regular(source) as file:
            return file.read()
    except OSError as error:
        raise InputError(f"{source} cannot be read ({error.strerror or error}): name a readable image") from None


def open_regular(path: Path, name: str | None = None) -> BinaryIO:
    """A regular file, opened to be read. Raises OSError, and InputError of pipes, devices and what is too large."""
    name = name or str(path)
    state = file_state(path)
    if not stat.S_ISREG(state.mode):
        kind = next((words for test, words in _KINDS.items() if test(state.mode)), "no regular file")
        raise InputError(f"{name} is {kind}, not a file: leave it out")
    if state.size > MOST_BYTES:
        raise InputError(
            f"{name} has {state.size / 1e9:.1f} GB: at most {MOST_BYTES / 1e9:.1f} GB are read; make it smaller"
        )
    return open_file(path)


def name_of(source: Path | bytes | BinaryIO) -> str:
    return str(source) if isinstance(source, Path) else str(getattr(source, "name", "the image"))
