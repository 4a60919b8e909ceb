"""Entries of the library of datasets: one JSON file each below `library/` of the datasets folder.

Several processes may write at once, and a damaged entry costs itself alone. What the lab unpacked is listed even where
it has no entry yet: unpacked by a command, or by an older lab.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import get_args

from filelock import FileLock

from clfcore.data.importers.archives import data_in, imported_folder
from clfcore.data.importers.folders import fetched_from, unpacked_folder
from clfcore.data.importers.readings import parted
from clfcore.data.importers.walk import is_clutter
from clfcore.data.library.names import default_name, free_name, original_name
from clfcore.errors import InputError
from clfcore.files import cannot_write, datasets_folder, read_text, write_json
from clfcore.task import TaskKind

_LARGEST = 64 << 10  # bytes of an entry
OWN = "own="  # how the ids of data begin that the lab did not unpack; no name that `safe_name` gives
_TABLES = {".csv", ".tsv", ".zip", ".json", ".jsonl", ".tar"}


@dataclass(frozen=True)
class LibraryEntry:
    """An entry of the library. name: what people call it; spec: what opens it; added: when, ISO 8601.

    task, classes, items, bytes and digest are None until the data was read once. damaged: why the entry's own file
    cannot be read; else empty.
    """

    id: str
    name: str
    spec: str
    added: str
    task: TaskKind | None = None
    classes: int | None = None
    items: int | None = None
    bytes: int | None = None
    digest: str | None = None
    damaged: str = ""

    @property
    def path(self) -> Path:
        """The file or folder that the SPEC names."""
        return Path(parted(self.spec).path)

    @property
    def unpacked(self) -> bool:
        """Whether the lab unpacked it, so that deleting it deletes files: by its place, whatever its entry says."""
        return not self.id.startswith(OWN)

    @property
    def folder(self) -> Path:
        """The folder to look into: what was unpacked, the folder itself, or the one that a manifest is in."""
        if self.unpacked:
            return imported_folder() / self.id
        return self.path.parent if self.path.suffix.lower() in _TABLES else self.path

    @property
    def source(self) -> str:
        """The file that was unpacked or uploaded, or the address it came from; of a person's own data its path."""
        if not self.unpacked:
            return str(self.path)
        if address := fetched_from(self.folder):
            return address
        name, unpacking = unpacked_folder(self.folder)
        return f"{name}.zip" if unpacking is not None else self.path.name

    @property
    def available(self) -> bool:
        """Whether its files are here now."""
        return bool(self.spec) and is_here(self.path)


@dataclass(frozen=True)
class Place:
    """Place of a dataset and its identity: the unpacked folder and its name, or a path and its digest."""

    id: str
    path: Path


def place_of(path: Path) -> Place:
    """Where data stands; whatever is in a folder that the lab unpacked belongs to that folder."""
    place, root = path.expanduser().resolve(), imported_folder().expanduser().resolve()
    if place != root and place.is_relative_to(root):
        first = place.relative_to(root).parts[0]
        return Place(first, root / first)
    digest = hashlib.blake2b(os.fsencode(place), digest_size=8).hexdigest()
    return Place(f"{OWN}{digest}", place)


def is_here(path: Path) -> bool:
    """Whether something stands at a path; never an error."""
    try:
        return path.expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        return False


def library() -> tuple[LibraryEntry, ...]:
    """All entries, the newest first; raises nothing, whatever the files hold."""
    entries = {entry.id: entry for entry in _stored()}
    unpacked = [_of_unpacked(folder) for folder in _unpacked() if folder.name not in entries]
    for entry in sorted(unpacked, key=lambda entry: entry.added):
        name = free_name(entry.name, [other.name for other in entries.values()])
        entries[entry.id] = LibraryEntry(entry.id, name, entry.spec, entry.added)
    return tuple(sorted(entries.values(), key=lambda entry: (entry.added, entry.id), reverse=True))


def stored_entry(name: str) -> LibraryEntry | None:
    """The stored entry of an id; a damaged one with what could be told."""
    path = entry_file(name)
    try:
        status = path.stat()
    except OSError:
        return None
    return _parsed(str(path), status.st_mtime_ns, status.st_size, status.st_ino)


def entry_file(name: str) -> Path:
    """The file of the entry of an id."""
    return _folder() / f"{name}.json"


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """One writer at a time, over all processes, so that a name is given once."""
    try:
        _folder().mkdir(parents=True, exist_ok=True)
        lock = FileLock(_folder() / ".lock")
        lock.acquire()
    except OSError as error:
        raise cannot_write(_folder(), error) from error
    try:
        yield
    finally:
        lock.release()


def write_entry(entry: LibraryEntry) -> None:
    """Store an entry, whole or not at all."""
    values = asdict(entry)
    del values["id"], values["damaged"]
    write_json(entry_file(entry.id), values)


def changes() -> tuple[str, int, int]:
    """What differs where a name may have changed: the folder, and when its entries and the unpacked data changed."""
    times = []
    for folder in (_folder(), imported_folder()):
        try:
            times.append(folder.stat().st_mtime_ns)
        except OSError:
            times.append(0)
    return str(datasets_folder()), times[0], times[1]


def _folder() -> Path:
    return datasets_folder() / "library"


def _stored() -> Iterator[LibraryEntry]:
    with contextlib.suppress(OSError):
        for path in sorted(_folder().glob("*.json")):
            if not path.name.startswith(".") and (entry := stored_entry(path.stem)):
                yield entry


@lru_cache(4096)
def _parsed(path: str, *state: int) -> LibraryEntry:
    file = Path(path)
    try:
        values = json.loads(read_text(file, most=_LARGEST, what="a dataset's entry as JSON"))
        entry = LibraryEntry(id=file.stem, **{key: value for key, value in values.items() if key in _STORED})
        if not _is_valid(entry):
            raise ValueError("a value in it cannot be an entry's")
    except (InputError, ValueError, TypeError, AttributeError, RecursionError, OSError, RuntimeError) as error:
        return _damaged(file, error)
    return entry


_STORED = ("name", "spec", "added", "task", "classes", "items", "bytes", "digest")


def _is_valid(entry: LibraryEntry) -> bool:
    texts = (entry.name, entry.spec, entry.added)
    counts = (entry.classes, entry.items, entry.bytes)
    return (
        all(isinstance(value, str) for value in texts)
        and bool(entry.name and entry.spec)
        and all(value is None or (isinstance(value, int) and value >= 0) for value in counts)
        and entry.task in (None, *get_args(TaskKind))
        and (entry.digest is None or isinstance(entry.digest, str))
        and place_of(entry.path).id == entry.id
    )


def _damaged(file: Path, error: Exception) -> LibraryEntry:
    folder = imported_folder() / file.stem
    why = f"its entry {file} is damaged ({error})"
    if file.stem.startswith(OWN) or not folder.is_dir():
        return LibraryEntry(file.stem, file.stem, "", "", damaged=f"{why}: remove it, and open the data by its path")
    known = _of_unpacked(folder)
    return LibraryEntry(known.id, known.name, known.spec, known.added, damaged=f"{why}: open it, which writes it anew")


def _unpacked() -> list[Path]:
    try:
        return [path for path in imported_folder().iterdir() if path.is_dir() and not is_clutter(path.name)]
    except OSError:
        return []


def _of_unpacked(folder: Path) -> LibraryEntry:
    try:
        changed = folder.stat().st_mtime_ns
    except OSError:
        changed = 0
    return _described(str(folder), changed)


@lru_cache(1024)
def _described(path: str, changed: int) -> LibraryEntry:
    folder = Path(path)
    name, unpacking = unpacked_folder(folder)
    usual = default_name(folder, name if unpacking is not None else original_name(path))
    added = datetime.fromtimestamp(changed / 1e9, UTC).isoformat(timespec="seconds")
    return LibraryEntry(folder.name, usual, str(data_in(folder)), added)
