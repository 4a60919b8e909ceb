"""Zips of pictures: unpacked once, within limits, into a folder that is named by the content."""

import contextlib
import errno
import os
import shutil
import struct
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from clfcore.data.dataset import ImageDataset, Problem
from clfcore.data.importers import zip_entries
from clfcore.data.importers.find_manifests import manifests_in
from clfcore.data.importers.folders import RECORD, unpacked_folder
from clfcore.data.importers.manifests import import_csv
from clfcore.data.importers.nested import import_tree
from clfcore.data.importers.readings import Reading
from clfcore.data.importers.walk import shortened
from clfcore.data.importers.zip_directory import read_directory, readable
from clfcore.data.importers.zip_entries import (
    Unpacking,
    check_limits,
    content_identity,
    entries_to_unpack,
    entry_names,
    too_large,
)
from clfcore.errors import InputError
from clfcore.files import cannot_write, datasets_folder, remove_abandoned, safe_name, write_json, write_whole

# What a file system says of a name that it does not take; anything else ends the import.
_OF_THE_NAME = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EISDIR, errno.ENOTDIR, errno.EEXIST}
_SPARE = 256 << 20  # bytes of disk that unpacking leaves free


def imported_folder() -> Path:
    """Where zips are unpacked, a folder each, named by their content."""
    return datasets_folder() / "imported"


def import_zip(path: Path, *, split_seed: int = 0, reading: Reading | None = None) -> ImageDataset:
    """The dataset of a zip: of class folders, of splits above them, or of a CSV manifest with its pictures.

    Raises InputError where it is no zip, leads outside its folder, or is a bomb.
    """
    reading = reading or Reading()
    try:
        with path.open("rb") as file:
            place = unpack(file, path.name, reading)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): name a readable zip") from None
    importer = import_csv if place.suffix == ".csv" else import_tree
    return importer(place, split_seed=split_seed, reading=reading)


def unpack(file: BinaryIO, name: str, reading: Reading | None = None) -> Path:
    """Unpack a zip once: the folder below `imported_folder()`, or the manifest in it where it has one on top."""
    return data_in(_unpacked(file, name, reading or Reading()))


def data_in(folder: Path) -> Path:
    """What opens an unpacked folder: the manifest in it where it has one on top, else the folder."""
    manifests = manifests_in(folder, documented=True)
    return manifests[0] if len(manifests) == 1 else folder


def _unpacked(file: BinaryIO, name: str, reading: Reading) -> Path:
    size = file.seek(0, os.SEEK_END)
    directory = read_directory(file, most=zip_entries.MOST_ENTRIES)
    refused = InputError(f"{name} is not a zip that can be read: pack it again or download it again")
    if directory is None:
        raise refused
    if directory.entries > zip_entries.MOST_ENTRIES or (directory.entries and not directory.data):
        raise too_large(name, directory.entries, size)
    try:
        with zipfile.ZipFile(readable(file, directory)) as archive:
            entries = archive.infolist()
            check_limits(entries, name, packed=size)
            names, encoding, problems = entry_names(entries, reading)
            plan = entries_to_unpack(entries, names, name)
            problems += plan.problems
            identity = content_identity(entries, encoding)
            final = imported_folder() / f"{safe_name(Path(name).stem)}-{identity}"
            if not final.is_dir():
                problems += _write(archive, plan, final)
            elif _is_damaged(final):
                problems += _repair(archive, plan.entries, final)
            else:
                return final
            described = {"name": Path(name).stem, "problems": [asdict(p) for p in _cut(problems)]}
            write_json(final.with_name(f"{final.name}{RECORD}"), described)
            return final
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error, OverflowError):
        raise refused from None


def _is_damaged(final: Path) -> bool:
    """Whether something could not be unpacked into a folder when it was made, or nothing is known of that."""
    _, problems = unpacked_folder(final)
    return problems is None or any(problem.kind == "unreadable" for problem in problems)


def _repair(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], final: Path) -> list[Problem]:
    """Unpack what an earlier, damaged copy of this zip lacked; returns the entries that are damaged here, too."""
    problems = []
    for item, entry in entries.items():
        if (final / item).is_file():
            continue
        faults: list[str] = []

        def fill(partial: Path, entry: zipfile.ZipInfo = entry, faults: list[str] = faults) -> None:
            with partial.open("wb") as file:
                fault = _copy(archive, entry, file)
            if fault:
                faults.append(fault)
                raise _Damaged(fault)

        with contextlib.suppress(_Damaged):
            write_whole(final / item, fill)
        problems += [_damaged(item, fault) for fault in faults]
    return problems


class _Damaged(Exception):
    """An entry that cannot be unpacked."""


def _damaged(item: str, fault: str) -> Problem:
    return Problem("unreadable", item, f"{item} is damaged in the zip ({fault}): it is left out")


@contextlib.contextmanager
def unpacked_whole(final: Path) -> Iterator[Path]:
    """A folder to fill beside `final`, and renamed to it at the block's end: whole or not at all.

    Raises Failure where it cannot be written.
    """
    partial = None
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(final.parent)
        partial = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=final.parent))
        yield partial
        partial.chmod(0o755)
        partial.rename(final)
    except OSError as error:
        if not final.is_dir():  # else another process was as quick, with the same content
            raise cannot_write(final, error) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def _write(archive: zipfile.ZipFile, plan: Unpacking, final: Path) -> list[Problem]:
    """Unpack into a folder, whole or not at all. Returns the entries that are damaged."""
    problems = []
    with unpacked_whole(final) as partial:
        _room(final, sum(entry.file_size for entry in plan.entries.values()))
        for folder in plan.folders:
            (partial / folder).mkdir(parents=True, exist_ok=True)
        for item, entry in plan.entries.items():
            target = partial / item
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                file = target.open("wb")
            except OSError as error:
                if error.errno not in _OF_THE_NAME:
                    raise
                problems.append(
                    Problem("bad-name", item, f"{item} cannot be a file here ({error.strerror}): it is left out")
                )
                continue
            with file:
                fault = _copy(archive, entry, file)
            if fault:
                target.unlink()
                problems.append(_damaged(item, fault))
    return problems


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, file: BinaryIO) -> str:
    """Unpack one entry; returns what is wrong with it, or nothing. An OSError is of the writing alone."""
    source = None
    while True:
        try:
            source = source or archive.open(entry)
            chunk = source.read(1 << 20)
        except Exception as error:  # of zipfile and of four decompressors: a damaged entry never ends an import
            return str(error) or type(error).__name__
        if not chunk:
            return ""
        file.write(chunk)


def _remove_stale(folder: Path) -> None:
    """Remove what killed processes left a day ago or longer."""
    remove_abandoned(folder)
    for part in folder.glob(".unpacking-*"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > 24 * 3600:
                shutil.rmtree(part, ignore_errors=True)


def _room(final: Path, needed: int) -> None:
    free = shutil.disk_usage(final.parent).free
    if needed + _SPARE > free:
        raise InputError(
            f"unpacking needs {needed / 1e9:.1f} GB and {final.parent} has {free / 1e9:.1f} GB free: free some space"
        )


def _cut(problems: list[Problem]) -> list[Problem]:
    kinds = dict.fromkeys(problem.kind for problem in problems)
    return [p for kind in kinds for p in shortened([problem for problem in problems if problem.kind == kind])]
