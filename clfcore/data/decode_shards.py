"""Shards of a decoding pass: what SHARD pictures in a row turned out to be, recorded as soon as they are all done.

They lie beside the pixels that are being written, so that a pass that was killed or stopped goes on from those it has.
Each picture's checksum is checked first: a damaged picture is decoded again, and so is one that could not be read.
"""

import contextlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from clfcore import cache
from clfcore.data.bit_depth import Extremes, deep_as_json, deep_of_json
from clfcore.data.pixel_store import TABLE, PixelStore
from clfcore.data.pixels import Stored
from clfcore.data.scan import CHUNK, DecodeReport
from clfcore.errors import Failure
from clfcore.files import write_whole

SHARD = 4096  # pictures; a multiple of CHUNK
_BLANK = "0" * 32


@dataclass(eq=False)
class PassState:
    """What a pass over `count` pictures knows so far, filled by its threads.

    table: where each picture stands among the pixels that are kept; partly: those not kept whole; reducible: the
    shorter side of those that their decoder can reduce.
    """

    count: int
    digests: list[str] = field(init=False)
    faults: list[str] = field(init=False)
    sizes: np.ndarray = field(init=False)
    extremes: list[Extremes | None] = field(init=False)
    notes: list[tuple[str, ...]] = field(init=False)
    partly: np.ndarray = field(init=False)
    reducible: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.digests, self.faults = [""] * self.count, [""] * self.count
        self.sizes = np.zeros((self.count, 2), np.int64)
        self.extremes, self.notes = [None] * self.count, [()] * self.count
        self.partly, self.reducible = np.zeros(self.count, bool), np.zeros(self.count, np.int64)

    def put(self, i: int, stored: Stored) -> None:
        """What decoding picture `i` gave."""
        self.digests[i], self.sizes[i], self.faults[i] = stored.digest, (stored.width, stored.height), ""
        self.extremes[i], self.notes[i] = stored.extremes, stored.notes
        self.partly[i], self.reducible[i] = not stored.whole, stored.reducible * min(stored.width, stored.height)

    def starts(self) -> list[int]:
        """The chunks of which a picture is still to be decoded, by their first picture."""
        return [s for s in range(0, self.count, CHUNK) if not all(self.digests[s : s + CHUNK])]

    def report(self) -> DecodeReport:
        return DecodeReport(
            tuple(self.digests), self.sizes, tuple(self.faults), tuple(self.extremes), tuple(self.notes)
        )

    def write(self, folder: Path, number: int, table: np.ndarray) -> None:
        """Record a shard; where the disk refuses, a later pass decodes it again."""
        part = slice(number * SHARD, (number + 1) * SHARD)
        deep = deep_as_json(self.extremes[part], self.notes[part])

        def fill(partial: Path) -> None:
            with partial.open("wb") as file:
                np.savez(
                    file,
                    table=table[part],
                    digests=np.frombuffer(
                        bytes.fromhex("".join(one or _BLANK for one in self.digests[part])), np.uint8
                    ),
                    sizes=self.sizes[part],
                    partly=self.partly[part],
                    reducible=self.reducible[part],
                    deep=np.frombuffer(json.dumps(deep).encode(), np.uint8),
                )

        with contextlib.suppress(Failure):
            write_whole(folder / f"{cache.SHARD}{number:06}.npz", fill)

    def restore(self, folder: Path) -> np.ndarray:
        """Take up the shards that an earlier pass recorded in a folder; returns the table of the pixels they left."""
        table = np.zeros(self.count, TABLE)
        table["offset"] = -1
        for number, path in _recorded(folder):
            part = slice(number * SHARD, min((number + 1) * SHARD, self.count))
            try:
                self._restore(path, folder / cache.PIXELS, part, table)
            except Exception:  # zipfile, zlib, json and numpy raise a dozen kinds on damaged files: decoded again
                path.unlink(missing_ok=True)
        return table

    def _restore(self, path: Path, pixels: Path, part: slice, table: np.ndarray) -> None:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            rows, hexes = stored["table"], stored["digests"].tobytes().hex()
            sizes, partly, reducible = stored["sizes"], stored["partly"], stored["reducible"]
            extremes, notes = deep_of_json(json.loads(stored["deep"].tobytes()), len(rows))
        length = part.stop - part.start
        if rows.dtype != TABLE or {*map(len, (rows, sizes, partly, reducible)), len(hexes) // 32} != {length}:
            raise ValueError(f"{path} is of another pass")
        digests = [digest if (digest := hexes[32 * i : 32 * i + 32]) != _BLANK else "" for i in range(length)]
        for i in PixelStore(pixels, rows, growing=True).damaged():
            digests[i], rows["offset"][i] = "", -1
        table[part], self.digests[part], self.sizes[part] = rows, digests, sizes
        self.extremes[part], self.notes[part] = extremes, notes
        self.partly[part], self.reducible[part] = partly, reducible


class ShardRecorder:
    """Records each shard of a pass when the last of its chunks that were to be decoded is done."""

    def __init__(self, state: PassState, folder: Path, starts: Collection[int]) -> None:
        self._state, self._folder = state, folder
        self._pending: dict[int, int] = {}
        for start in starts:
            self._pending[start // SHARD] = self._pending.get(start // SHARD, 0) + 1

    def done(self, start: int, table: np.ndarray) -> None:
        number = start // SHARD
        self._pending[number] -= 1
        if not self._pending[number] and (number + 1) * SHARD <= self._state.count:
            self._state.write(self._folder, number, table)


def _recorded(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in sorted(folder.glob(f"{cache.SHARD}*.npz")):
        with contextlib.suppress(ValueError):
            yield int(path.stem.removeprefix(cache.SHARD)), path
