"""Index of checked files: what each sound picture holds, recognized by path, size and times.

One file a folder of data, of about 60 bytes a picture, in the cache. It holds no faults: what could not be read is
read again, since an installed extra or a mounted disk may have cured it.
"""

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from clfcore import cache
from clfcore.data.bit_depth import Extremes, deep_as_json, deep_of_json
from clfcore.data.tar_member import file_state
from clfcore.errors import Failure
from clfcore.files import write_whole

VERSION = 2


class FileState(NamedTuple):
    """Size in bytes, times of the last change of content and of the file, in ns: they stand for the content."""

    size: int
    modified: int
    changed: int


@dataclass(frozen=True)
class Sound:
    """A picture that could be read: the digest of its content, and its own width and height, upright.

    extremes, notes: of one of more than 8 bits, and of what was left out (`Picture`).
    """

    digest: str
    width: int
    height: int
    extremes: Extremes | None = None
    notes: tuple[str, ...] = ()


def states(paths: Sequence[Path]) -> list[FileState | None]:
    """Each file's state; None where there is no regular file: a pipe or a device must not be opened."""
    states: list[FileState | None] = []
    for path in paths:
        try:
            status = file_state(path)
        except (OSError, ValueError):
            states.append(None)
        else:
            regular = stat.S_ISREG(status.mode)
            states.append(FileState(status.size, status.modified, status.changed) if regular else None)
    return states


def known(paths: Sequence[Path], now: Sequence[FileState | None]) -> list[Sound | None]:
    """The index's entry of each file in its present state; None where there is none."""
    place = _place(paths)
    stored = _read(place)
    with contextlib.suppress(OSError):
        os.utime(place)  # the time of last use
    rows = [stored.get(name) for name in _names(paths)]
    return [row[1] if row is not None and row[0] == state else None for row, state in zip(rows, now, strict=True)]


def remember(paths: Sequence[Path], now: Sequence[FileState | None], sounds: Sequence[Sound | None]) -> None:
    """Store entries; other files of the folder that the index knows stay. On a full disk nothing is stored."""
    place = _place(paths)
    rows = {
        name: (state, sound)
        for name, state, sound in zip(_names(paths), now, sounds, strict=True)
        if state is not None and sound is not None
    }
    before = _read(place)
    asked = set(_names(paths))
    others = {name: row for name, row in before.items() if name not in asked}
    if len(others) <= len(rows):  # else most of them are gone
        rows |= others
    if not rows or rows == before or not cache.make_room(100 * len(rows) + sum(map(len, rows))):
        return
    with contextlib.suppress(Failure):
        write_whole(place, lambda partial: _write(partial, rows))


def _place(paths: Sequence[Path]) -> Path:
    root = hashlib.blake2b(os.fsencode(_root(paths)), digest_size=16)
    return cache.folder("checked") / f"{root.hexdigest()}-{VERSION}.npz"


def _root(paths: Sequence[Path]) -> str:
    """The folder that holds them all."""
    folders = {os.path.dirname(os.path.abspath(path)) for path in paths}  # noqa: PTH120, PTH100 - text is 5 times faster
    return os.path.commonpath(folders) if folders else ""


def _names(paths: Sequence[Path]) -> list[str]:
    return [os.path.abspath(path) for path in paths]  # noqa: PTH100


def _read(place: Path) -> dict[str, tuple[FileState, Sound]]:
    """What the index holds by path; nothing where it is absent or damaged, and then the files are read again."""
    try:
        with place.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            names = stored["names"].tobytes().decode("utf-8", "surrogateescape").split("\0")
            stored_states, sizes = stored["states"].tolist(), stored["sizes"].tolist()
            digests = stored["digests"].tobytes().hex()
            extremes, notes = deep_of_json(json.loads(stored["deep"].tobytes()), len(names))
        if not len(names) == len(stored_states) == len(sizes) == len(digests) // 32:
            return {}
    except Exception:  # zipfile, zlib and numpy raise a dozen kinds on damaged files
        return {}
    rows = {}
    for i, (name, state, (width, height)) in enumerate(zip(names, stored_states, sizes, strict=True)):
        sound = Sound(digests[32 * i : 32 * i + 32], width, height, extremes[i], notes[i])
        rows[name] = FileState(*state), sound
    return rows


def _write(partial: Path, rows: dict[str, tuple[FileState, Sound]]) -> None:
    names = "\0".join(rows)
    sounds = [sound for _, sound in rows.values()]
    deep = deep_as_json([sound.extremes for sound in sounds], [sound.notes for sound in sounds])
    with partial.open("wb") as file:
        np.savez_compressed(
            file,
            names=np.frombuffer(names.encode("utf-8", "surrogateescape"), np.uint8),
            states=np.array([state for state, _ in rows.values()], np.int64).reshape(-1, 3),
            sizes=np.array([(sound.width, sound.height) for sound in sounds], np.int64).reshape(-1, 2),
            digests=np.frombuffer(bytes.fromhex("".join(sound.digest for sound in sounds)), np.uint8),
            deep=np.frombuffer(json.dumps(deep).encode(), np.uint8),
        )
