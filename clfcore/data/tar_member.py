"""Pictures inside of tars, read by their place without unpacking: `shard.tar/OFFSET+LENGTH/00000017.jpg` is a path.

Such a path is no file's, so that every reader asks here: for its state, its bytes or an open file. Nothing of the name
that the tar gives is in it.
"""

import io
import os
import re
from pathlib import Path
from typing import BinaryIO, NamedTuple

_PLACE = re.compile(r"(\d{1,15})\+(\d{1,12})")
SUFFIX = ".tar"


class FileStatus(NamedTuple):
    """Size in bytes, times of the last change of content and of the file, in ns: they stand for the content."""

    size: int
    modified: int
    changed: int
    mode: int


class TarMember(NamedTuple):
    """The bytes of a tar that are one picture's file."""

    tar: str
    offset: int
    length: int


def member_path(tar: Path, offset: int, length: int, name: str) -> Path:
    return tar / f"{offset}+{length}" / name


def tar_member(path: str | Path) -> TarMember | None:
    """What a path stands for inside of a tar; None where it is an ordinary path."""
    tar, place = os.path.split(os.path.dirname(path))  # noqa: PTH120 - a third of the time
    match = _PLACE.fullmatch(place) if tar.lower().endswith(SUFFIX) else None
    return None if match is None else TarMember(tar, int(match[1]), int(match[2]))


def file_state(path: str | Path) -> FileStatus:
    """The state of a file, or of a tar with the size of the picture in it. Raises OSError as `os.stat`."""
    try:
        status = os.stat(path)  # noqa: PTH116 - Path.stat costs a third more, and there may be 200,000
    except (NotADirectoryError, FileNotFoundError):  # the latter on Windows
        member = tar_member(path)
        if member is None:
            raise
        status = os.stat(member.tar)  # noqa: PTH116
        return FileStatus(member.length, status.st_mtime_ns, status.st_ctime_ns, status.st_mode)
    return FileStatus(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_mode)


def open_file(path: str | Path, *, buffering: int = -1) -> BinaryIO:
    """A file, or the bytes of a picture in a tar, opened to be read. Raises OSError as `open`."""
    try:
        return open(path, "rb", buffering=buffering)  # noqa: PTH123
    except (NotADirectoryError, FileNotFoundError):  # the latter on Windows
        member = tar_member(path)
        if member is None:
            raise
        with open(member.tar, "rb", buffering=0) as tar:  # noqa: PTH123
            tar.seek(member.offset)
            data = tar.read(member.length)
        if len(data) != member.length:
            raise OSError(f"{member.tar} is shorter than it was") from None
        return io.BytesIO(data)
