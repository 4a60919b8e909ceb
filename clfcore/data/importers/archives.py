"""A zip of class folders -> a folder that is unpacked once, with limits, and named by its content."""

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from clfcore.data.dataset import ImageDataset, Problem
from clfcore.data.importers.folders import KEPT
from clfcore.data.importers.manifests import has_paths, import_csv
from clfcore.data.importers.nested import import_tree
from clfcore.data.importers.readings import Reading
from clfcore.data.importers.walk import IMAGE_SUFFIXES, is_clutter, shortened
from clfcore.errors import InputError
from clfcore.files import cannot_write, datasets_folder, remove_abandoned, safe_name, write_json

MOST_ENTRIES = 1_000_000
MOST_BYTES = 64 << 30
BOMB_BYTES, BOMB_RATIO = 32 << 20, 100  # pictures are packed already: nothing honest shrinks a hundred times

_SPARE = 256 << 20  # bytes of disk that unpacking leaves free


def imported_folder() -> Path:
    """Where zips are unpacked, a folder each, named by their content."""
    return datasets_folder() / "imported"


def import_zip(path: Path, *, split_seed: int = 0, asked: Reading | None = None) -> ImageDataset:
    """The dataset of a zip: of class folders, of splits above them, or of a CSV manifest with its pictures.

    Raises InputError where it is no zip, leads outside its folder, or is a bomb.
    """
    try:
        with path.open("rb") as file:
            place = unpack(file, path.name)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): name a readable zip") from None
    opener = import_csv if place.suffix == ".csv" else import_tree
    return opener(place, split_seed=split_seed, asked=asked)


def unpack(file: BinaryIO, name: str) -> Path:
    """Unpack a zip once: the folder below `imported_folder()`, or the manifest in it where it has one on top."""
    folder = _unpacked(file, name)
    manifests = [file for file in (*folder.glob("*.csv"), *folder.glob("*/*.csv")) if has_paths(file)]
    return manifests[0] if len(manifests) == 1 else folder


def _unpacked(file: BinaryIO, name: str) -> Path:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            file.seek(0, os.SEEK_END)
            _limits(entries, name, packed=file.tell())
            wanted, folders, problems = _sorted_out(entries, name)
            final = imported_folder() / f"{safe_name(Path(name).stem)}-{_identity(entries)}"
            if not final.is_dir():
                problems += _write(archive, wanted, folders, final)
                kept = {"name": Path(name).stem, "problems": [asdict(p) for p in _cut(problems)]}
                write_json(final.with_name(f"{final.name}{KEPT}"), kept)
            return final
    except zipfile.BadZipFile:
        raise InputError(f"{name} is not a zip that can be read: pack it again or download it again") from None


def _limits(entries: Sequence[zipfile.ZipInfo], name: str, *, packed: int) -> None:
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_ENTRIES or total > MOST_BYTES:
        raise InputError(
            f"{name} holds {len(entries):,} files of {total / 1e9:.1f} GB: at most {MOST_ENTRIES:,} and "
            f"{MOST_BYTES / 1e9:.0f} GB are unpacked; unpack it yourself and name the folder"
        )
    if total > BOMB_BYTES and total > BOMB_RATIO * packed:
        raise InputError(
            f"{name} would grow {total / max(packed, 1):,.0f} times, to {total / 1e6:,.0f} MB: that is a zip bomb; "
            "if its pictures are real, unpack it yourself and name the folder"
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise InputError(f"{name} is locked with a password: pack it again without one")


def _sorted_out(
    entries: Sequence[zipfile.ZipInfo], name: str
) -> tuple[dict[str, zipfile.ZipInfo], list[str], list[Problem]]:
    """Entries to unpack (by path), folders, and what is said of the others. Raises InputError where one escapes."""
    wanted: dict[str, zipfile.ZipInfo] = {}
    folders, problems, clutter = [], [], set()
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or _drive(path):
            raise InputError(
                f"{name} holds {entry.filename!r}, which leads outside its folder: pack it again without it"
            )
        item = str(path)
        hidden = next((i for i, part in enumerate(path.parts) if is_clutter(part)), None)
        if hidden is not None:
            clutter.add("/".join(path.parts[: hidden + 1]))
        elif entry.is_dir():
            folders.append(item)
        elif stat.S_ISLNK(entry.external_attr >> 16):
            problems.append(Problem("link", item, f"{item} is a link: it is not unpacked"))
        elif path.suffix.lower() not in IMAGE_SUFFIXES | {".csv"}:
            problems.append(Problem("not-an-image", item, f"{item} is no picture by its name: it is left out"))
        elif item in wanted:
            problems.append(Problem("repeated", item, f"{item} is packed twice: the first is kept"))
        else:
            wanted[item] = entry
    said = [
        Problem("hidden", item, f"{item} is hidden or left by a system: it is left out") for item in sorted(clutter)
    ]
    return wanted, folders, said + problems


def _drive(path: PurePosixPath) -> bool:
    return bool(path.parts) and len(path.parts[0]) >= 2 and path.parts[0][1] == ":"


def _identity(entries: Sequence[zipfile.ZipInfo]) -> str:
    """Names, sizes and checksums of all entries, digested: the content's identity without reading all of it."""
    digest = hashlib.blake2b(digest_size=8)
    for entry in entries:
        digest.update(repr((entry.filename, entry.file_size, entry.CRC, entry.external_attr)).encode())
    return digest.hexdigest()


def _write(
    archive: zipfile.ZipFile, wanted: dict[str, zipfile.ZipInfo], folders: list[str], final: Path
) -> list[Problem]:
    """Unpack into a folder beside and rename it: whole or not at all. Returns the entries that are damaged."""
    problems = []
    partial = None
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        _room(final, sum(entry.file_size for entry in wanted.values()))
        _remove_stale(final.parent)
        partial = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=final.parent))
        for folder in folders:
            (partial / folder).mkdir(parents=True, exist_ok=True)
        for item, entry in wanted.items():
            target = partial / item
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                fault = _copy(archive, entry, file)
            if fault:
                target.unlink()
                problems.append(Problem("unreadable", item, f"{item} is damaged in the zip ({fault}): it is left out"))
        partial.chmod(0o755)
        partial.rename(final)
    except OSError as error:
        if not final.is_dir():  # else another process was as quick, with the same content
            raise cannot_write(final, error) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)
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
