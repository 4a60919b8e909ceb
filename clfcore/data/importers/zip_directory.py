"""Central directory of a zip, checked before it is read: the number of entries, and what readers stumble over."""

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

from clfcore.data.importers.encodings import guess

MOST_DIRECTORY = 256 << 20  # bytes of names and dates
_END, _END64, _ENTRY = b"PK\x05\x06", b"PK\x06\x06", b"PK\x01\x02"
_UTF8 = 0x800
_VERSION, _NEWEST = 20, 63  # what every reader knows, and the newest that zipfile takes


@dataclass(frozen=True)
class Directory:
    """Where the directory stands in the file, its bytes, and the entries that its end record counts."""

    start: int
    data: bytes
    entries: int


def read_directory(file: BinaryIO, *, most: int) -> Directory | None:
    """The directory; its bytes are empty where there are more than `most` entries or it is too large. None where the
    file has no end record."""
    size = file.seek(0, io.SEEK_END)
    tail_start = max(0, size - (1 << 16) - 22)
    file.seek(tail_start)
    tail = file.read()
    end_record = tail.rfind(_END)
    if end_record < 0 or len(tail) - end_record < 22:
        return None
    entries, length = struct.unpack_from("<HI", tail, end_record + 10)
    end = tail_start + end_record
    has_locator = tail[max(0, end_record - 20) : end_record].startswith(b"PK\x06\x07")
    if has_locator and tail[max(0, end_record - 76) : end_record].startswith(_END64):
        entries, length = struct.unpack_from("<QQ", tail, end_record - 76 + 32)
        end -= 76
    start = end - length
    if entries > most or length > MOST_DIRECTORY or start < 0:
        return Directory(max(start, 0), b"", entries)
    file.seek(start)
    data = file.read(length)
    return Directory(start, data, max(entries, data.count(_ENTRY)))


def readable(file: BinaryIO, directory: Directory) -> BinaryIO:
    """The file as zipfile reads it: an unknown version, or a name that is not the UTF-8 it claims to be, costs its
    entry at most and not the zip."""
    data, place, changed = bytearray(directory.data), 0, False
    while data[place : place + 4] == _ENTRY and place + 46 <= len(data):
        version, flags = struct.unpack_from("<HH", data, place + 6)
        name, extra, comment = struct.unpack_from("<HHH", data, place + 28)
        if version & 0xFF > _NEWEST or version > 0xFF:
            struct.pack_into("<H", data, place + 6, _VERSION)
            changed = True
        if flags & _UTF8 and not _is_utf8(bytes(data[place + 46 : place + 46 + name])):
            struct.pack_into("<H", data, place + 8, flags & ~_UTF8)
            changed = True
        place += 46 + name + extra + comment
    return _Patched(file, directory.start, bytes(data)) if changed else file  # type: ignore[return-value]


def encoding_of(names: list[bytes]) -> str:
    """The encoding of names that do not claim UTF-8; empty where all of them are plain."""
    odd = [name for name in names if not name.isascii()]
    if not odd:
        return ""
    return "utf-8" if all(map(_is_utf8, odd)) else guess(odd)


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class _Patched(io.RawIOBase):
    """A file with some bytes of its own in place of those at `start`."""

    def __init__(self, file: BinaryIO, start: int, data: bytes) -> None:
        self._file, self._start, self._data = file, start, data

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        start = self._file.tell()
        data = self._file.read(size)
        first, last = max(start, self._start), min(start + len(data), self._start + len(self._data))
        if first >= last:
            return data
        patch = self._data[first - self._start : last - self._start]
        return data[: first - start] + patch + data[last - start :]
