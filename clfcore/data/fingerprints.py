"""Content fingerprints: the identity of a picture, whatever its file is called and wherever it lies.

Compressed files (JPEG, PNG, WebP, GIF, HEIC) are known by their size and their first, middle and last 16 KB: one
changed pixel moves everything behind it, and a PNG ends with a checksum of its pixels. Other files are read whole. The
results of large folders are kept below `fingerprints/` of the cache folder, by path, size and times, so that a folder
of 100,000 files is read once; what is kept may be deleted at any time.
"""

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from clfcore.cache import make_room
from clfcore.data.tar_member import file_state, open_file
from clfcore.errors import Failure
from clfcore.files import cache_folder, write_text

SAMPLE = 16 << 10  # bytes at the beginning, in the middle and at the end
KEEP_FROM = 256  # files read anew from which it pays to keep the results
MOST_KEPT = 64  # folders that are remembered; the least recently used ones are forgotten

_VERSION = 1
_UNREADABLE = "unreadable "
_COMPRESSED = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"\0\0\0")  # the last: ISO media, as HEIC
_THREADS = 8  # reading waits for the disk, or for the network
_CHUNK = 256

Key = tuple[int, int, int]  # size, time of change of the content, and of the entry


def fingerprints(pictures: Sequence[Path] | np.ndarray) -> tuple[str, ...]:
    """One string a picture, equal where content is equal: of files, or of an array's rows (N x ...).

    A file that is empty or cannot be read has a fingerprint of its own, equal to no other's; see `is_readable`.
    """
    if isinstance(pictures, np.ndarray):
        rows = np.ascontiguousarray(pictures).reshape(len(pictures), -1)
        shape = f"{pictures.dtype} {pictures.shape[1:]}".encode()
        return tuple(_hash(shape, row.data) for row in rows)
    return _of_files(pictures)


def is_readable(fingerprint: str) -> bool:
    """Whether there was any content to tell a picture by."""
    return not fingerprint.startswith(_UNREADABLE)


def _of_files(paths: Sequence[Path]) -> tuple[str, ...]:
    if not paths:
        return ()
    names = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - Path.absolute costs ten times as much
    place = _place(names)
    stored = _read(place)
    digests = dict.fromkeys(range(len(names)), "")
    keys: list[Key | None] = [_key(name) for name in names]
    missing = []
    for i, (name, key) in enumerate(zip(names, keys, strict=True)):
        known = stored.get(name)
        if key is not None and known is not None and known[0] == key:
            digests[i] = known[1]
        else:
            missing.append(i)

    def work(start: int) -> list[str]:
        return [_of_file(names[i], keys[i]) for i in missing[start : start + _CHUNK]]

    starts = range(0, len(missing), _CHUNK)
    if len(starts) > 1:
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="fingerprint") as pool:
            parts = list(pool.map(work, starts))
    else:
        parts = [work(start) for start in starts]
    for start, part in zip(starts, parts, strict=True):
        for i, value in zip(missing[start : start + _CHUNK], part, strict=True):
            digests[i] = value
    if len(missing) >= KEEP_FROM:
        _write(place, {n: (k, digests[i]) for i, (n, k) in enumerate(zip(names, keys, strict=True)) if k is not None})
    elif stored:
        with contextlib.suppress(OSError):
            os.utime(place)  # the time of last use
    return tuple(digests.values())


def _key(name: str) -> Key | None:
    """What tells that a file is unchanged; None for what is no regular file, or is not there."""
    try:
        state = file_state(name)
    except (OSError, ValueError):
        return None
    return (state.size, state.modified, state.changed) if stat.S_ISREG(state.mode) else None


def _of_file(name: str, key: Key | None) -> str:
    alone = _UNREADABLE + _hash(os.fsencode(name))
    if key is None or not key[0]:
        return alone
    size = key[0]
    try:
        with open_file(name, buffering=0) as file:
            head = file.read(SAMPLE)
            if size <= 4 * SAMPLE:
                return _hash(b"file", str(size).encode(), head, file.read(size))
            if not head.startswith(_COMPRESSED):
                file.seek(0)
                digest = hashlib.blake2b(digest_size=12)
                while part := file.read(1 << 20):
                    digest.update(part)
                return digest.hexdigest()
            file.seek(size // 2)
            middle = file.read(SAMPLE)
            file.seek(size - SAMPLE)
            return _hash(b"file", str(size).encode(), head, middle, file.read(SAMPLE))
    except OSError:
        return alone


def _hash(*parts: bytes | memoryview) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _place(names: Sequence[str]) -> Path:
    """Where a folder's fingerprints are kept."""
    try:
        common = os.path.commonpath(names)
    except ValueError:  # on several drives
        common = names[0]
    return cache_folder() / "fingerprints" / f"{_hash(os.fsencode(common))}.json"


def _read(place: Path) -> dict[str, tuple[Key, str]]:
    """What is kept at a place: path -> what tells that it is unchanged, fingerprint; nothing where it is damaged."""
    try:
        stored = json.loads(place.read_text(encoding="ascii"))
        if stored["version"] != _VERSION:
            return {}
        return {name: ((int(a), int(b), int(c)), str(value)) for name, (a, b, c, value) in stored["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write(place: Path, known: dict[str, tuple[Key, str]]) -> None:
    """Keep fingerprints; on a full disk nothing is kept, and the files are read again the next time."""
    files = {name: [*key, value] for name, (key, value) in known.items()}
    text = json.dumps({"version": _VERSION, "files": files})
    with contextlib.suppress(Failure, OSError):
        if make_room(len(text)):
            write_text(place, text)
        kept = sorted(place.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for path in kept[:-MOST_KEPT]:
            path.unlink(missing_ok=True)
