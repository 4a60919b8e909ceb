"""What the cache of embeddings holds: seen, bounded, cleared. No torch, so that pages and commands ask at once."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from clfcore.files import cache_folder

LIMIT_BYTES = 2 << 30


@dataclass(frozen=True)
class Usage:
    """How many splits are kept, in how many bytes, of how many at most, and where."""

    files: int
    bytes: int
    limit: int
    folder: str


def folder() -> Path:
    return cache_folder() / "embeddings"


def usage() -> Usage:
    kept = _kept()
    return Usage(len(kept), sum(size for _, size, _ in kept), LIMIT_BYTES, str(folder()))


def clear() -> int:
    """Delete all cached embeddings; returns how many bytes that freed."""
    return _remove(_kept())


def make_room(wanted: int) -> None:
    """Remove the least recently used files until `wanted` more bytes stay below the limit."""
    kept = sorted(_kept())
    over = sum(size for _, size, _ in kept) + wanted - LIMIT_BYTES
    chosen = []
    for entry in kept:
        if over <= 0:
            break
        chosen.append(entry)
        over -= entry[1]
    _remove(chosen)


def _kept() -> list[tuple[float, int, Path]]:
    """Time of the last use, bytes and path of each file."""
    found = []
    for path in folder().glob("*.npy"):
        with contextlib.suppress(FileNotFoundError):
            stat = path.stat()
            found.append((stat.st_mtime, stat.st_size, path))
    return found


def _remove(entries: list[tuple[float, int, Path]]) -> int:
    freed = 0
    for _, size, path in entries:
        with contextlib.suppress(FileNotFoundError):  # another process was quicker
            path.unlink()
            freed += size
    return freed
