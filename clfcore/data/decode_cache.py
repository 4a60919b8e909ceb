"""Entries of decoded pictures in the cache folder: `decoded/KEY/` with pixels.bin and items.npz.

items.npz holds where each picture stands in pixels.bin (`PixelStore`), digests, sizes and faults. Where all pictures of
a folder are small they are kept whole, in one entry that serves every preprocessing.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clfcore import cache
from clfcore.data.file_index import FileState
from clfcore.data.pixel_store import PixelStore
from clfcore.data.pixels import Preprocess
from clfcore.data.scan import DecodeReport

VERSION = 4  # of an entry's form; a change makes older entries unused
ITEMS = "items.npz"


@dataclass(frozen=True)
class ArrayKind:
    """What one array must have to hold all pictures of a dataset."""

    dtype: np.dtype
    channels: int

    def of_squares(self, preprocess: Preprocess) -> "ArrayKind":
        """What holds the squares: those that `pad` makes of deep pictures are NaN around until a value range is known.

        Their ground has as many colors as the network takes.
        """
        if preprocess.fit != "pad" or self.dtype == np.uint8:
            return self
        return ArrayKind(np.dtype(np.float32), 3 if preprocess.channels == 3 else self.channels)


@dataclass(frozen=True, eq=False)
class Entry:
    """A whole entry: the squares' type, the pixels, and the report of the pass that decoded them.

    reducible: the shorter side, in pixels, of the largest picture that its decoder can reduce (JPEG); 0: there is none.
    """

    kind: ArrayKind
    store: PixelStore
    report: DecodeReport
    reducible: int = 0

    def serves(self, preprocess: Preprocess) -> bool:
        """Whether its pictures are what this preprocessing would decode; for a far smaller square JPEGs are reduced."""
        return self.reducible < 2 * preprocess.stored_side


def geometry(preprocess: Preprocess) -> dict[str, object]:
    """What of the preprocessing the stored pixels depend on."""
    known: dict[str, object] = {
        "side": preprocess.stored_side,
        "fit": preprocess.fit,
        "interpolation": preprocess.interpolation,
    }
    return {**known, "ground": list(preprocess.mean)} if preprocess.fit == "pad" else known


def entry_key(paths: Sequence[Path], now: Sequence[FileState | None], preprocess: Preprocess | None) -> str:
    """The name of an entry: of pictures as one preprocessing needs them, or (None) of whole ones.

    Names, sizes and times of the files stand for their content: to read them all would cost what the cache saves.
    """
    form = "whole" if preprocess is None else geometry(preprocess)
    digest = hashlib.blake2b(json.dumps([VERSION, form]).encode(), digest_size=16)
    for path, state in zip(paths, now, strict=True):
        digest.update(f"{path.absolute()}\0{state and tuple(state)}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def read_entry(place: Path, count: int) -> Entry | None:
    """What is kept at a place, or None where nothing, or nothing whole, is there."""
    try:
        with (place / ITEMS).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            depth_bytes, channels = stored["kind"].tolist()
            hexes, sizes = stored["digests"].tobytes().hex(), stored["sizes"]
            faults, deep = (json.loads(stored[name].tobytes()) for name in ("faults", "deep"))
            table = stored["table"]
            reducible = int(stored["reducible"]) if "reducible" in stored else 0
        digests = tuple("" if faults[i] else hexes[32 * i : 32 * i + 32] for i in range(len(faults)))
        if not len(table) == len(sizes) == len(faults) == count:
            raise ValueError("its parts differ in length")
        report = DecodeReport.restored(digests=digests, sizes=sizes, faults=faults, deep=deep)
        store = PixelStore(place / cache.PIXELS, table)
        os.utime(place)  # the time of last use
    except Exception:  # zipfile, zlib, json and numpy raise a dozen kinds on damaged files
        shutil.rmtree(place, ignore_errors=True)  # where it is there but damaged, it is made anew
        return None
    return Entry(ArrayKind(np.dtype("uuf"[depth_bytes // 2] + str(depth_bytes)), channels), store, report, reducible)


def write_items(path: Path, *, kind: ArrayKind, table: np.ndarray, report: DecodeReport, reducible: int) -> None:
    blank = "0" * 32
    with path.open("wb") as file:
        np.savez(
            file,
            kind=np.array([kind.dtype.itemsize, kind.channels]),
            table=table,
            reducible=np.array(reducible),
            digests=np.frombuffer(bytes.fromhex("".join(digest or blank for digest in report.digests)), np.uint8),
            sizes=report.sizes,
            faults=np.frombuffer(json.dumps(report.faults).encode(), np.uint8),
            deep=np.frombuffer(json.dumps(report.deep()).encode(), np.uint8),
        )


def not_cached_note(missing: int, error: Exception | None) -> str:
    why = f"it cannot be written: {getattr(error, 'strerror', None) or error}" if error else "it is full"
    return (
        f"{missing:,} decoded images are not kept in the cache ({why}), so they are decoded from their files for each "
        f"batch: free space on the disk of {cache.folder('decoded')}, or raise {cache.VARIABLE}."
    )
