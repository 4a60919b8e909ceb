"""Files of embeddings in the cache: N x D float32 each, written whole or not at all, read or memory-mapped."""

import contextlib
import os
from pathlib import Path

import numpy as np

from clfcore import cache
from clfcore.errors import Failure
from clfcore.files import write_whole

_CHECKED = 4096  # rows that are looked at together


def keep(path: Path, values: np.ndarray) -> None:
    """Write embeddings where the cache has room; a full disk does not end a run whose work is done."""
    if cache.make_room(values.nbytes):
        with contextlib.suppress(Failure):
            write(path, values)


def write(path: Path, values: np.ndarray) -> None:
    """Write embeddings. Raises Failure where the disk is full."""
    write_whole(path, lambda partial: _save(partial, values))


def read(path: Path, count: int, *, mapped: bool = False) -> np.ndarray | None:
    """The embeddings of `count` items; None where there are none, or they are damaged. mapped: left in their file."""
    try:
        if mapped:
            values = np.load(path, mmap_mode="r", allow_pickle=False)
        else:
            with path.open("rb") as file:
                values = np.load(file, allow_pickle=False)
    except Exception:  # numpy raises many kinds on damaged files: they are computed anew, as absent ones are
        return None
    if not isinstance(values, np.ndarray) or not _sound(values, count):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # the cache drops what was used longest ago
    return values


def _sound(values: np.ndarray, count: int) -> bool:
    if values.dtype != np.float32 or values.ndim != 2 or len(values) != count:
        return False
    return all(np.isfinite(values[start : start + _CHECKED]).all() for start in range(0, count, _CHECKED))


def _save(path: Path, values: np.ndarray) -> None:
    with path.open("wb") as file:
        np.save(file, values)
