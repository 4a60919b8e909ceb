"""Memory budget of decoded pixels: what of a split is held in memory, and how the rest is read.

Every way gives the same batches to the bit; which of them it is depends on the machine alone.
"""

import contextlib
import functools
from pathlib import Path

import psutil

from clfcore import cache
from clfcore.data.dataset import ImageDataset
from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError

MOST_BYTES = 1 << 30  # of a split
SHARE = 8  # of the memory that this process may use
AHEAD = 2  # batches that are read while one is worked on

_CGROUP = Path("/sys/fs/cgroup")


def most_held() -> int:
    """Bytes of decoded pixels that one split may hold in memory; a larger split is read by batch."""
    return min(MOST_BYTES, _usable_memory() // SHARE)


def reading_note(dataset: ImageDataset, preprocess: Preprocess, *, cached: bool = False) -> str:
    """Which way the pictures of a dataset are read, and why; empty where they are held in memory.

    By their number and the stored side, or their own where they are smaller: no picture is decoded. cached: they found
    room in the cache.
    """
    if dataset.pixels is not None:
        return ""
    with contextlib.suppress(InputError):
        side = min(preprocess.stored_side, dataset.side()) if preprocess.fit != "pad" else preprocess.stored_side
        kept, bound = len(dataset) * side**2 * 3, cache.limit()
        largest = max(dataset.sizes().values()) * preprocess.stored_side**2 * 3
        if kept > bound and not cached:
            return (
                f"The pictures take about {_gigabytes(kept)} decoded, more than the cache's {_gigabytes(bound)}: those "
                f"that find no room are decoded from their files for each batch, {AHEAD} batches ahead; raise "
                f"{cache.VARIABLE} for speed. The result is the same."
            )
        if largest > most_held():
            return (
                f"The pictures take about {_gigabytes(kept)} decoded, more than is held in memory "
                f"({_gigabytes(most_held())} a split): they are read from the cache, {AHEAD} batches ahead."
            )
    return ""


@functools.cache
def _usable_memory() -> int:
    """Bytes of the machine's memory, or of a control group's that holds this process where that is bounded."""
    total = psutil.virtual_memory().total
    places = [_CGROUP, _CGROUP / "memory"]
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            controllers, _, place = line.partition(":")[2].partition(":")
            if controllers in ("", "memory"):
                own = _CGROUP / controllers / place.lstrip("/")
                places += [own, *own.parents]
    for folder in dict.fromkeys(places):
        for name in ("memory.max", "memory.limit_in_bytes"):  # of version 2, and of 1
            with contextlib.suppress(OSError, ValueError):  # `max`: no bound
                total = min(total, int((folder / name).read_text()))
    return total


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"
