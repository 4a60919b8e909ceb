"""Changes to the library: data added, recorded once it was read, renamed, deleted."""

import contextlib
import hashlib
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from clfcore.data.dataset import ImageDataset
from clfcore.data.importers.archives import data_in, imported_folder
from clfcore.data.importers.folders import RECORD, unpacked_folder
from clfcore.data.importers.readings import parted
from clfcore.data.library.entries import (
    OWN,
    LibraryEntry,
    entry_file,
    is_here,
    library,
    place_of,
    stored_entry,
    write_entry,
    writing,
)
from clfcore.data.library.names import default_name, free_name, is_catalogue, name_fault, original_name
from clfcore.data.library.specs import entry_of, find_entry, path_spec
from clfcore.data.library.versioned import split_version
from clfcore.data.tar_member import file_state
from clfcore.errors import InputError
from clfcore.files import cannot_write


def add(spec: str, *, name: str = "") -> LibraryEntry:
    """The entry of data that is named by its path, made where there is none; an entry keeps its name unless given one.

    Raises InputError where the SPEC is the catalogue's, a zip's or nothing's, or the name cannot be a dataset's.
    """
    reading, path = parted(spec)
    if is_catalogue(spec) or not is_here(Path(path)) or Path(path).suffix.lower() == ".zip":
        raise InputError(f"data is {spec!r}: name a folder or a .csv manifest that is here")
    place = place_of(Path(path))
    with writing():
        entry = stored_entry(place.id)
        if entry is None or entry.damaged:
            entry = _new_entry(place.id, place.path, reading.before(str(Path(path).expanduser().resolve())))
            write_entry(entry)
    return rename(entry.id, name) if name and name != entry.name else entry


def _new_entry(name: str, place: Path, spec: str) -> LibraryEntry:
    _, unpacking = known = unpacked_folder(place)
    if place.parent != imported_folder().resolve():
        usual = default_name(place)
    else:
        usual = default_name(place, known.name if unpacking is not None else original_name(str(place)))
        spec = str(data_in(place)) if Path(spec) == place else spec
    taken = [other.name for other in library() if other.id != name]
    return LibraryEntry(name, free_name(usual, taken), spec, datetime.now(UTC).isoformat(timespec="seconds"))


def record(spec: str, dataset: ImageDataset) -> LibraryEntry | None:
    """The entry of data that was read, with what it holds; made where there is none. None for the catalogue's.

    Of a version it is the entry of the data that it was made of, which says nothing of the version.
    """
    spec, version = split_version(path_spec(spec))
    if version is not None:
        return entry_of(spec)
    reading, path = parted(spec)
    if is_catalogue(spec) or dataset.paths is None or not is_here(Path(path)):
        return None
    if Path(path).suffix.lower() == ".zip":  # what was unpacked is the dataset
        path = str(data_in(imported_folder() / place_of(dataset.paths[0]).id))
    spec = reading.before(str(Path(path).expanduser().resolve()))
    entry = add(spec)
    now = replace(
        entry,
        spec=spec,
        task=dataset.task.kind,
        classes=len(dataset.classes),
        items=len(dataset),
        bytes=_bytes(dataset),
        digest=content_digest(dataset),
    )
    if now != entry:
        with writing():
            newest = stored_entry(entry.id) or entry
            now = replace(now, name=newest.name)  # it may have been renamed meanwhile
            write_entry(now)
    return now


def reread(spec: str) -> LibraryEntry | None:
    """The entry of data whose reading was chosen, changed to this SPEC, where the lab unpacked it; else None."""
    path = Path(parted(spec).path)
    if is_catalogue(spec) or not is_here(path) or place_of(path).id.startswith(OWN):
        return None
    entry = add(spec)
    with writing():
        chosen = replace(stored_entry(entry.id) or entry, spec=spec)
        write_entry(chosen)
    return chosen


def rename(name: str, new: str) -> LibraryEntry:
    """Give a dataset another name. Raises InputError where the name is taken or cannot be one."""
    new = " ".join(new.split())
    with writing():
        entry = find_entry(name)
        if not entry.spec:
            raise InputError(f"{entry.name} cannot be renamed: {entry.damaged}")
        if fault := name_fault(new, [other.name for other in library() if other.id != entry.id]):
            raise InputError(fault)
        renamed = replace(entry, name=new, damaged="")
        write_entry(renamed)
    return renamed


def delete(name: str) -> LibraryEntry:
    """Delete what the lab unpacked, and the entry; of a person's own files only the entry, and the files stay.

    Raises InputError where there is no such dataset, Failure where its files cannot be deleted.
    """
    entry = find_entry(name)
    try:
        if entry.unpacked:
            _delete_unpacked(entry)
        entry_file(entry.id).unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(entry.folder, error) from error
    return entry


def _delete_unpacked(entry: LibraryEntry) -> None:
    folder = imported_folder() / entry.id
    leaving = folder.with_name(f".unpacking-{entry.id}")  # gone at once, and swept where this process is killed
    if folder.is_dir():
        shutil.rmtree(leaving, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):  # another process was quicker
            folder.rename(leaving)
        shutil.rmtree(leaving, ignore_errors=True)
    folder.with_name(f"{entry.id}{RECORD}").unlink(missing_ok=True)


def content_digest(dataset: ImageDataset) -> str:
    """Digest of what a dataset holds: 12 hexadecimal digits of its pictures' contents and labels, in any order."""
    lines = sorted(f"{content} {dataset.label(i)}" for i, content in enumerate(dataset.contents))
    return hashlib.blake2b("\n".join(lines).encode("utf-8", "replace"), digest_size=6).hexdigest()


def _bytes(dataset: ImageDataset) -> int:
    total = 0
    for path in dataset.files:
        with contextlib.suppress(OSError):  # it has gone since it was read
            total += file_state(path).size
    return total
