"""SPECs and names: which dataset a name stands for, and what people call the data of a SPEC."""

import contextlib
import re
from functools import lru_cache
from pathlib import Path

from clfcore.data.dataset import ImageDataset
from clfcore.data.importers.archives import imported_folder
from clfcore.data.importers.readings import parted
from clfcore.data.library.entries import LibraryEntry, changes, is_here, library, place_of
from clfcore.data.library.names import is_catalogue, original_name
from clfcore.data.library.versioned import VersionedSpec, split_version
from clfcore.data.remote.copy import copy_of
from clfcore.errors import InputError, nearest
from clfcore.remote import is_remote


def find_entry(name: str) -> LibraryEntry:
    """The entry of a name, an id, a SPEC or a path. Raises InputError where there is none, or several have the name."""
    entries = library()
    matching = [entry for entry in entries if entry.id == name] or _of_name(name, entries)
    if not matching:
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            at = place_of(Path(parted(name).path)).id
            matching = [entry for entry in entries if entry.id == at]
    if not matching:
        known = [entry.name for entry in entries]
        have = f"you have {', '.join(known[:12])}{', …' if len(known) > 12 else ''}" if known else "you have none yet"
        raise InputError(f"the dataset is {name!r}: you have none of that name{nearest(name, known)}; {have}")
    return _only(name, matching)


def path_spec(spec: str) -> str:
    """The SPEC with the name or the id of a dataset in the library replaced by its own SPEC; any other SPEC as it is.

    Catalogue names and paths that exist come first; a version stays behind the SPEC; an address becomes its copy here.
    Raises InputError where several datasets have the name.
    """
    spec, version = split_version(spec)
    return str(VersionedSpec(_path_spec(spec), version))


def _path_spec(spec: str) -> str:
    reading, name = parted(spec)
    if is_remote(name):
        copy = copy_of(name)
        return spec if copy is None else reading.before(str(copy))
    if not name or is_catalogue(spec) or is_here(Path(name)):
        return spec
    entries = library()
    matching = _of_name(name, entries) or [entry for entry in entries if entry.id == name and entry.spec]
    if not matching:
        return spec
    own, path = parted(_only(name, matching).spec)
    return own.adding(reading).before(path)


def named_spec(spec: str) -> str:
    """The SPEC by the dataset's name, where it stands in a folder of the lab's own; any other SPEC as it is.

    What a page's box shows. The name stands for the same SPEC in `path_spec`.
    """
    spec, version = split_version(spec)
    return str(VersionedSpec(_named_spec(spec), version))


def _named_spec(spec: str) -> str:
    entry = entry_of(spec)
    if entry is None or not entry.unpacked:
        return spec
    for name in (entry.name, parted(spec).reading.before(entry.name)):
        with contextlib.suppress(InputError):  # another dataset has the name
            if path_spec(name) == spec:
                return name
    return spec


def address_spec(spec: str, dataset: ImageDataset | None = None) -> str | None:
    """The SPEC as an address holds it: of the catalogue's data as it is, of any other by its name or id, never a path.

    None where the library does not have it as it is read here. dataset: what the SPEC opened as, which tells where a
    zip was unpacked. What is returned stands for the same data in `path_spec`.
    """
    spec, version = split_version(spec)
    address = _address_spec(spec, dataset)
    return None if address is None else str(VersionedSpec(address, version))


def _address_spec(spec: str, dataset: ImageDataset | None) -> str | None:
    if is_catalogue(spec):
        return spec
    entry = entry_of(spec)
    if entry is None and dataset is not None and dataset.paths:
        entry = entry_of(str(dataset.paths[0]))
        spec = entry.spec if entry is not None else spec
    if entry is None:
        return None
    reading = parted(spec).reading
    for name in (entry.name, reading.before(entry.name), entry.id, reading.before(entry.id)):
        with contextlib.suppress(InputError):  # another dataset has the name
            if _same(path_spec(name), spec):
                return name
    return None


def _same(first: str, second: str) -> bool:
    """Whether two SPECs open the same data alike: `photos`, `./photos` and `/home/ada/photos` may."""
    one, other = parted(path_spec(first)), parted(path_spec(second))
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        return one.reading == other.reading and _resolved(one.path) == _resolved(other.path)
    return False


def _resolved(path: str) -> Path:
    return Path(path).expanduser().resolve()


def entry_of(spec: str) -> LibraryEntry | None:
    """The entry of the data that a SPEC names; None where it is the catalogue's or in no library."""
    if is_catalogue(spec):
        return None
    with contextlib.suppress(InputError, OSError, RuntimeError, ValueError):
        at = place_of(Path(parted(path_spec(split_version(spec).base)).path)).id
        return next((entry for entry in library() if entry.id == at), None)
    return None


def display_name(spec: str) -> str:
    """What people call the data of a SPEC: its name in the library, a catalogue name, else the path's last part.

    A version is called so behind it.
    """
    return _display_name(spec, changes())


@lru_cache(2048)
def _display_name(spec: str, state: tuple[str, int, int]) -> str:
    base, version = split_version(spec)
    entry = entry_of(base)
    return str(VersionedSpec(entry.name if entry else original_name(parted(base).path), version))


def without_paths(text: str) -> str:
    """The text with the lab's own paths replaced by what was uploaded: nobody knows the lab's folders.

    A zip's folder becomes the zip's name, and a manifest's folder the manifest's.
    """
    root = str(imported_folder())
    if root not in text:
        return text

    def named(match: re.Match[str]) -> str:
        entry = entry_of(match[0])
        source = entry.source if entry else original_name(match[0])
        inner = match[2] or ""
        return source if inner[1:] == source else f"{source}{inner}"

    return re.sub(re.escape(root) + r"[/\\]([\w.-]+)([/\\][\w.-]+\.csv)?", named, text)


def _of_name(name: str, entries: tuple[LibraryEntry, ...]) -> list[LibraryEntry]:
    wanted = name.strip().casefold()
    return [entry for entry in entries if entry.name.casefold() == wanted and entry.spec]


def _only(name: str, matching: list[LibraryEntry]) -> LibraryEntry:
    if len(matching) > 1:
        specs = " or ".join(entry.spec for entry in matching)
        raise InputError(f"the dataset is {name!r}: {len(matching)} have that name; write {specs}, or rename one")
    return matching[0]
