"""Pictures of many sizes and depths in one flat file, and a table of where each stands.

A picture of up to PACKED bytes is deflated where that saves a twentieth; the others stand as they are and are read
memory-mapped. Each has a checksum, which is looked at once a process: a damaged picture is as good as an absent one.
"""

import contextlib
import os
import threading
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

# offset is -1 where the picture is not kept; length is in bytes; depth is the bytes of a value.
TABLE = np.dtype([("offset", "<i8"), ("length", "<i8"), ("height", "<i4"), ("width", "<i4"), ("channels", "u1"),
                  ("depth", "u1"), ("checksum", "<u4")])  # fmt: skip
PACKED = 4096
GRANT = 64 << 20  # bytes of room that are asked for at once

_TYPES: dict[int, np.dtype] = {1: np.dtype(np.uint8), 2: np.dtype("<u2"), 4: np.dtype("<f4")}


class PixelWriter:
    """Fills a flat file from several threads. Where there is no room, or the disk refuses, a picture is not kept.

    room: asked for bytes before they are written; `most` is what all pictures together can need.
    """

    def __init__(self, path: Path, count: int, *, room: Callable[[int], bool], most: int) -> None:
        self.table = np.zeros(count, TABLE)
        self.table["offset"] = -1
        self.error: OSError | None = None
        self._room, self._most = room, most
        self._end, self._granted, self._full = 0, 0, False
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o644)

    def put(self, first: int, pictures: Sequence[np.ndarray | None]) -> None:
        """Keep the pictures of the items from `first` on; None where one cannot be read."""
        blocks = [b"" if picture is None else _packed(picture) for picture in pictures]
        start = self._reserved(sum(map(len, blocks)))
        if start is None:
            return
        try:
            os.pwrite(self._file, b"".join(blocks), start)
        except OSError as error:
            self.error, self._full = error, True
            return
        for i, (picture, block) in enumerate(zip(pictures, blocks, strict=True), first):
            if picture is not None:
                height, width, channels = picture.shape
                depth = picture.dtype.itemsize
                self.table[i] = (start, len(block), height, width, channels, depth, zlib.crc32(block))
                start += len(block)

    def close(self, *, sync: bool) -> None:
        try:
            if sync:
                os.fsync(self._file)
        except OSError as error:
            self.error = error
        finally:
            with contextlib.suppress(OSError):
                os.close(self._file)

    def _reserved(self, wanted: int) -> int | None:
        """Where `wanted` bytes may be written; None where there is no room."""
        with self._lock:
            if not self._full and self._end + wanted > self._granted:
                more = max(wanted, min(GRANT, self._most - self._end))
                self._full = not self._room(more)
                self._granted = self._end + more
            if self._full:
                return None
            self._end += wanted
            return self._end - wanted


class PixelStore:
    """Reads a flat file. Raises ValueError where file and table do not fit together."""

    def __init__(self, path: Path, table: np.ndarray) -> None:
        kept = table["offset"] >= 0
        size = path.stat().st_size
        if table.dtype != TABLE or (table["offset"] + table["length"])[kept].max(initial=0) != size:
            raise ValueError(f"{path} and its table do not fit together")
        self.table = table
        mapped = np.memmap(path, np.uint8, mode="r") if size else np.zeros(0, np.uint8)
        self._data = mapped.view(np.ndarray)  # slices of a memmap cost ten times as much
        self._bytes = self._data.data
        self._sound = np.zeros(len(table), bool)  # whose checksum was right in this process

    def squares(self, shape: tuple[int, int, int], dtype: np.dtype) -> bool:
        """Whether every picture stands as it is, with this shape and type: then `gather` serves."""
        t, nbytes = self.table, int(np.prod(shape)) * dtype.itemsize
        same = (t["height"] == shape[0]) & (t["width"] == shape[1]) & (t["channels"] == shape[2])
        whole = (t["depth"] == dtype.itemsize) & (t["length"] == nbytes) & (t["offset"] >= 0)
        return bool(len(t)) and bool((same & whole).all())

    def gather(self, rows: np.ndarray, shape: tuple[int, int, int], dtype: np.dtype) -> np.ndarray | None:
        """n x `shape` of pictures that all stand so (`squares`), as a copy; None where one of them is damaged."""
        every = self._data.view(dtype).reshape(-1, *shape)
        found = every[self.table["offset"][rows] // self.table["length"][rows]]
        for place in np.flatnonzero(~self._sound[rows]).tolist():
            row = rows[place]
            if zlib.crc32(found[place].data) != self.table["checksum"][row]:
                return None
            self._sound[row] = True
        return found

    def picture(self, row: int) -> np.ndarray | None:
        """H x W x C as it was kept; None where it is not kept, or damaged."""
        offset, length, height, width, channels, depth, checksum = (int(value) for value in self.table[row].item())
        if offset < 0:
            return None
        block = self._bytes[offset : offset + length]
        if not self._sound[row]:
            if zlib.crc32(block) != checksum:
                return None
            self._sound[row] = True
        whole = height * width * channels * depth
        try:
            content = block if length == whole else zlib.decompress(block)
            return np.frombuffer(content, _TYPES[depth]).reshape(height, width, channels)
        except (ValueError, KeyError, zlib.error):
            return None


def _packed(picture: np.ndarray) -> bytes:
    whole = np.ascontiguousarray(picture).tobytes()
    if len(whole) > PACKED:
        return whole
    block = zlib.compress(whole, 1)
    return block if len(block) < 0.95 * len(whole) else whole
