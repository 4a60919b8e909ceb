"""The cache: decoded pictures, embeddings, what is known of files, photos of sessions. One bound, one way to clear it.

All of it may be deleted at any time. Each kind has a folder of its own, and each of its files or folders is one entry;
where all entries together would pass the bound, those used least recently are removed. No numpy: pages ask at once.
"""

import contextlib
import math
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from filelock import FileLock, Timeout

from clfcore.errors import InputError
from clfcore.files import cache_folder

Kind = Literal["decoded", "embeddings", "activations", "checked", "fingerprints", "photos", "measures", "maps"]
KINDS: tuple[Kind, ...] = get_args(Kind)

SHARE_OF_DISK = 10  # the bound is a tenth of the disk that holds the cache
MOST_BYTES = 32 * 10**9
SPARE_BYTES = 512 << 20  # of disk that is left free
VARIABLE = "CLFLAB_CACHE_GB"  # a bound of one's own

PIXELS = "pixels.bin"  # in each entry of decoded pictures; what has none is of an older version
PART = ".part-"  # begins the name of a folder that is being filled
SHARD = "shard-"  # begins the name of what such a folder's writer has recorded: the next one goes on from it
LOCK = "lock"  # in such a folder: held for as long as its writer lives
_STALE = 3600  # seconds after which a file that was being written is taken for abandoned
_RESUMED = 7 * 24 * 3600  # seconds for which the shards of a pass that did not end are kept, where there is room


@dataclass(frozen=True)
class Part:
    """What one kind holds: how many entries, in how many bytes."""

    kind: Kind
    entries: int
    bytes: int


@dataclass(frozen=True)
class Usage:
    """What the cache holds, by kind; its bound in bytes, and where it is."""

    parts: tuple[Part, ...]
    limit: int
    folder: str

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    def __getitem__(self, kind: Kind) -> Part:
        return next(part for part in self.parts if part.kind == kind)


@dataclass(frozen=True)
class _Entry:
    used: float  # time of the last use
    bytes: int
    path: Path


def folder(kind: Kind) -> Path:
    return cache_folder() / kind


def limit() -> int:
    """The bound in bytes: CLFLAB_CACHE_GB, else a tenth of the disk, at most 32 GB. Raises InputError."""
    asked = os.environ.get(VARIABLE)
    if asked:
        try:
            gigabytes = float(asked)
        except ValueError:
            gigabytes = math.nan
        if not 0 <= gigabytes < 1e9:
            raise InputError(f"{VARIABLE} is {asked!r}: give a number of gigabytes from 0, such as 8")
        return int(gigabytes * 1e9)
    try:
        return min(shutil.disk_usage(_existing(cache_folder())).total // SHARE_OF_DISK, MOST_BYTES)
    except OSError:
        return MOST_BYTES


def usage() -> Usage:
    parts = []
    for kind in KINDS:
        entries = [entry for entry in _entries(kind) if not _is_part(entry.path) or _waits(entry)]
        parts.append(Part(kind, len(entries), sum(entry.bytes for entry in entries)))
    return Usage(tuple(parts), limit(), str(cache_folder()))


def clear() -> int:
    """Delete everything that no process is writing; returns how many bytes that freed."""
    return sum(_remove(entry) for kind in KINDS for entry in _entries(kind) if not _being_written(entry, stale=60))


def make_room(wanted: int) -> bool:
    """Remove the least recently used until `wanted` more bytes fit the bound and the disk; whether they do.

    Nothing is removed where that cannot help. What killed writers and older versions left goes first.
    """
    most = limit()
    entries = []
    for kind in KINDS:
        for entry in _entries(kind):
            abandoned = _is_part(entry.path) and not (_being_written(entry, stale=_STALE) or _resumable(entry))
            if abandoned or (kind == "decoded" and _is_old(entry.path)):
                _remove(entry)
            else:
                entries.append(entry)
    free = _free()
    total = sum(entry.bytes for entry in entries)
    oldest_first = sorted(entries, key=lambda entry: entry.used)
    removable = [one for one in oldest_first if not (_is_part(one.path) and _being_written(one, stale=_STALE))]
    kept = total - sum(entry.bytes for entry in removable)
    if kept + wanted > most or wanted > free + total - kept:
        return False
    for entry in removable:
        if total + wanted <= most and wanted <= free:
            break
        freed = _remove(entry)
        total, free = total - entry.bytes, free + freed
    return total + wanted <= most and wanted <= free


def could_hold(entry: int, more: int) -> bool:
    """Whether an entry of so many bytes could grow by `more`, were it alone."""
    return entry + more <= limit() and more <= _free()


def holds_shards(part: Path) -> bool:
    """Whether the writer of a folder has recorded something that the next one goes on from."""
    return next(part.glob(f"{SHARD}*.npz"), None) is not None


def lock_of(part: Path) -> FileLock:
    """What a writer holds while it fills a folder, so that no other process takes it for abandoned."""
    return FileLock(part / LOCK)


def _entries(kind: Kind) -> Iterator[_Entry]:
    try:
        paths = [*os.scandir(folder(kind))]
    except OSError:
        return
    for path in paths:
        with contextlib.suppress(OSError):  # another process renamed or removed it meanwhile
            state = path.stat(follow_symlinks=False)
            inner = os.scandir(path) if path.is_dir(follow_symlinks=False) else ()
            size = sum(file.stat(follow_symlinks=False).st_size for file in inner) if inner else state.st_size
            yield _Entry(state.st_mtime, size, Path(path))


def _is_part(path: Path) -> bool:
    return path.name.startswith(PART) or path.name.endswith(".part")


def _resumable(entry: _Entry) -> bool:
    return time.time() - entry.used < _RESUMED and entry.path.is_dir() and holds_shards(entry.path)


def _waits(part: _Entry) -> bool:
    """Whether a part waits for the next pass to go on from it."""
    return _resumable(part) and not _being_written(part, stale=_STALE)


def _is_old(path: Path) -> bool:
    """Whether decoded pictures are of an older version, which nothing reads any longer."""
    return not _is_part(path) and not (path / PIXELS).exists()


def _being_written(entry: _Entry, *, stale: float) -> bool:
    """Whether a process still writes a part; of a single file its age tells."""
    age = time.time() - entry.used
    if not _is_part(entry.path) or age > 24 * 3600:
        return False
    if not entry.path.is_dir():
        return age < stale
    if age < 60:  # its lock may not be there yet
        return True
    try:
        with lock_of(entry.path).acquire(blocking=False):
            return False
    except (Timeout, OSError):
        return True


def _remove(entry: _Entry) -> int:
    """How many bytes that freed."""
    try:
        if entry.path.is_dir():
            shutil.rmtree(entry.path)
        else:
            entry.path.unlink()
    except OSError:  # another process was quicker, or it may not be removed
        return 0
    return entry.bytes


def _free() -> int:
    """Bytes of the disk that may be filled."""
    try:
        return shutil.disk_usage(_existing(cache_folder())).free - SPARE_BYTES
    except OSError:
        return 0


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(one for one in (path, *path.absolute().parents) if one.is_dir())
