"""Pictures of many sizes and depths in one flat file, and a table of where each stands.

A picture of up to PACKED bytes is deflated where that saves a twentieth, as it is or as the differences between
neighboring pixels, whichever is shorter; the others stand as they are and are read memory-mapped. Each has a checksum,
which is checked once a process: a damaged picture is as good as an absent one.
"""

import contextlib
import os
import threading
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

# offset is -1 where the picture is not kept; length is in bytes; depth is the bytes of a value, with DIFFERENCES added
# where each pixel is kept as its difference from its left neighbor.
TABLE = np.dtype([("offset", "<i8"), ("length", "<i8"), ("height", "<i4"), ("width", "<i4"), ("channels", "u1"),
                  ("depth", "u1"), ("checksum", "<u4")])  # fmt: skip
PACKED = 4096
DIFFERENCES = 0x80
GRANT, LEAST_GRANT = 64 << 20, 1 << 20  # bytes of room that are asked for at once

_TYPES: dict[int, np.dtype] = {1: np.dtype(np.uint8), 2: np.dtype("<u2"), 4: np.dtype("<f4")}


class _Block(NamedTuple):
    """A picture's bytes as they are written, and what is added to its depth in the table."""

    content: bytes
    flag: int = 0


class PixelWriter:
    """Fills a flat file from several threads. Where there is no room, or the disk refuses, a picture is not kept.

    room: asked for bytes before they are written; `most` is what all pictures together are expected to need. table: of
    pictures that stand in the file already; what lies behind them is cut off.
    """

    def __init__(
        self, path: Path, count: int, *, room: Callable[[int], bool], most: int, table: np.ndarray | None = None
    ) -> None:
        self.table = np.zeros(count, TABLE) if table is None else table
        if table is None:
            self.table["offset"] = -1
        self.error: OSError | None = None
        self._room, self._most = room, most
        self._end = self._granted = _end(self.table)
        self._full = False
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o644)
        os.ftruncate(self._file, self._end)

    def put(self, first: int, pictures: Sequence[np.ndarray | None]) -> None:
        """Keep the pictures of the items from `first` on; None where one cannot be read."""
        blocks = [_Block(b"") if picture is None else _packed(picture) for picture in pictures]
        start = self._reserved(sum(len(block.content) for block in blocks))
        if start is None:
            return
        try:
            os.pwrite(self._file, b"".join(block.content for block in blocks), start)
        except OSError as error:
            self.error, self._full = error, True
            return
        for i, (picture, block) in enumerate(zip(pictures, blocks, strict=True), first):
            if picture is not None:
                height, width, channels = picture.shape
                depth, length = picture.dtype.itemsize | block.flag, len(block.content)
                self.table[i] = (start, length, height, width, channels, depth, zlib.crc32(block.content))
                start += length

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
                expected = self._most - self._end
                more = max(wanted, min(GRANT, expected if expected > 0 else LEAST_GRANT))
                self._full = not self._room(more)
                self._granted = self._end + more
            if self._full:
                return None
            self._end += wanted
            return self._end - wanted


class PixelStore:
    """Reads a flat file. Raises ValueError where file and table do not fit together.

    growing: the file is of a pass that did not end: more may stand in it.
    """

    def __init__(self, path: Path, table: np.ndarray, *, growing: bool = False) -> None:
        size = path.stat().st_size
        if table.dtype != TABLE or _end(table) > size or (_end(table) < size and not growing):
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
        pixels = every[self.table["offset"][rows] // self.table["length"][rows]]
        for place in np.flatnonzero(~self._sound[rows]).tolist():
            row = rows[place]
            if zlib.crc32(pixels[place].data) != self.table["checksum"][row]:
                return None
            self._sound[row] = True
        return pixels

    def damaged(self) -> list[int]:
        """The pictures whose checksum is wrong."""
        rows = np.flatnonzero(self.table["offset"] >= 0).tolist()
        places = zip(rows, self.table["offset"][rows].tolist(), self.table["length"][rows].tolist(), strict=True)
        return [row for row, at, n in places if zlib.crc32(self._bytes[at : at + n]) != self.table["checksum"][row]]

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
        differences, depth = depth & DIFFERENCES, depth & ~DIFFERENCES
        whole = height * width * channels * depth
        try:
            content = block if length == whole else zlib.decompress(block)
            pixels = np.frombuffer(content, _TYPES[depth]).reshape(height, width, channels)
            return np.add.accumulate(pixels, axis=1, dtype=pixels.dtype) if differences else pixels
        except (ValueError, KeyError, zlib.error):
            return None


def _end(table: np.ndarray) -> int:
    """Where the last picture that is kept ends."""
    return int((table["offset"] + table["length"])[table["offset"] >= 0].max(initial=0))


def _packed(picture: np.ndarray) -> _Block:
    whole = np.ascontiguousarray(picture).tobytes()
    if len(whole) > PACKED:
        return _Block(whole)
    block = _Block(zlib.compress(whole, 1))
    if picture.dtype == np.uint8:
        differences = picture.copy()
        differences[:, 1:] -= picture[:, :-1]  # modulo 256
        shorter = zlib.compress(differences.tobytes(), 1)
        block = _Block(shorter, DIFFERENCES) if len(shorter) < len(block.content) else block
    return block if len(block.content) < 0.95 * len(whole) else _Block(whole)
