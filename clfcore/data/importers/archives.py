"""A zip of class folders -> a folder that is unpacked once, with limits, and named by its content."""

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import struct
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from clfcore.data.dataset import ImageDataset, Problem
from clfcore.data.importers.encodings import ENCODINGS
from clfcore.data.importers.folders import KEPT, kept_beside
from clfcore.data.importers.manifests import has_paths, import_csv
from clfcore.data.importers.nested import import_tree
from clfcore.data.importers.readings import AmbiguousData, Reading
from clfcore.data.importers.walk import IMAGE_SUFFIXES, MOST_DEPTH, hidden_once, is_clutter, shortened
from clfcore.data.importers.zip_directory import encoding_of, read_directory, readable
from clfcore.errors import InputError, unknown
from clfcore.files import cannot_write, datasets_folder, remove_abandoned, safe_name, write_json, write_whole

MOST_ENTRIES = 1_000_000
MOST_BYTES = 64 << 30
BOMB_BYTES, BOMB_RATIO = 32 << 20, 100  # pictures are packed already: nothing honest shrinks a hundred times
LONGEST_NAME = 255  # bytes of a file's or folder's name

# What a file system says of a name that it does not take; anything else ends the import.
_OF_THE_NAME = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EISDIR, errno.ENOTDIR, errno.EEXIST}
_SPARE = 256 << 20  # bytes of disk that unpacking leaves free


def imported_folder() -> Path:
    """Where zips are unpacked, a folder each, named by their content."""
    return datasets_folder() / "imported"


@dataclass(frozen=True)
class Imported:
    """A dataset that was uploaded or unpacked here before: its name and SPEC."""

    name: str
    spec: str


def imported() -> tuple[Imported, ...]:
    """What stands in `imported_folder()`, the newest first: it stays reachable from every session."""
    try:
        folders = [folder for folder in imported_folder().iterdir() if folder.is_dir() and not is_clutter(folder.name)]
        folders.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    except OSError:
        return ()
    return tuple(Imported(_name_of(folder), str(_place(folder))) for folder in folders)


def _name_of(folder: Path) -> str:
    name, unpacking = kept_beside(folder)
    return name if unpacking is not None else folder.name.rpartition("-")[0] or folder.name


def import_zip(path: Path, *, split_seed: int = 0, asked: Reading | None = None) -> ImageDataset:
    """The dataset of a zip: of class folders, of splits above them, or of a CSV manifest with its pictures.

    Raises InputError where it is no zip, leads outside its folder, or is a bomb.
    """
    asked = asked or Reading()
    try:
        with path.open("rb") as file:
            place = unpack(file, path.name, asked)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): name a readable zip") from None
    if place.suffix == ".csv":
        return import_csv(place, split_seed=split_seed, asked=asked)
    try:
        return import_tree(place, split_seed=split_seed, asked=asked)
    except AmbiguousData:
        raise
    except InputError:
        manifests = _manifests(place, documented=False)
        if len(manifests) != 1:
            raise
        return import_csv(manifests[0], split_seed=split_seed, asked=asked)


def unpack(file: BinaryIO, name: str, asked: Reading | None = None) -> Path:
    """Unpack a zip once: the folder below `imported_folder()`, or the manifest in it where it has one on top."""
    return _place(_unpacked(file, name, asked or Reading()))


def _place(folder: Path) -> Path:
    manifests = _manifests(folder, documented=True)
    return manifests[0] if len(manifests) == 1 else folder


def _manifests(folder: Path, *, documented: bool) -> list[Path]:
    found = (*folder.glob("*.csv"), *folder.glob("*/*.csv"))
    return [file for file in found if has_paths(file, documented=documented)]


def _unpacked(file: BinaryIO, name: str, asked: Reading) -> Path:
    size = file.seek(0, os.SEEK_END)
    directory = read_directory(file, most=MOST_ENTRIES)
    refused = InputError(f"{name} is not a zip that can be read: pack it again or download it again")
    if directory is None:
        raise refused
    if directory.entries > MOST_ENTRIES or (directory.entries and not directory.data):
        raise _too_large(name, directory.entries, size)
    try:
        with zipfile.ZipFile(readable(file, directory)) as archive:
            entries = archive.infolist()
            _limits(entries, name, packed=size)
            names, encoding, problems = _names(entries, asked)
            wanted, folders, more = _sorted_out(entries, names, name)
            problems += more
            identity = _identity(entries, encoding)
            final = imported_folder() / f"{safe_name(Path(name).stem)}-{identity}"
            if not final.is_dir():
                problems += _write(archive, wanted, folders, final)
            elif _is_damaged(final):
                problems += _repair(archive, wanted, final)
            else:
                return final
            kept = {"name": Path(name).stem, "problems": [asdict(p) for p in _cut(problems)]}
            write_json(final.with_name(f"{final.name}{KEPT}"), kept)
            return final
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error, OverflowError):
        raise refused from None


def _too_large(name: str, entries: int, size: int) -> InputError:
    return InputError(
        f"{name} holds {entries:,} files of {size / 1e9:.1f} GB: at most {MOST_ENTRIES:,} and "
        f"{MOST_BYTES / 1e9:.0f} GB are unpacked; unpack it yourself and name the folder"
    )


def _limits(entries: Sequence[zipfile.ZipInfo], name: str, *, packed: int) -> None:
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_ENTRIES or total > MOST_BYTES:
        raise _too_large(name, len(entries), total)
    if total > BOMB_BYTES and total > BOMB_RATIO * packed:
        raise InputError(
            f"{name} would grow {total / max(packed, 1):,.0f} times, to {total / 1e6:,.0f} MB: that is a zip bomb; "
            "if its pictures are real, unpack it yourself and name the folder"
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise InputError(f"{name} is locked with a password: pack it again without one")


def _names(entries: Sequence[zipfile.ZipInfo], asked: Reading) -> tuple[list[str], str, list[Problem]]:
    """The entries' names, those without the UTF-8 flag decoded as probably written; how, and what is noted."""
    old = [b"" if entry.flag_bits & 0x800 else entry.orig_filename.encode("cp437") for entry in entries]
    encoding = asked.value("encoding") or encoding_of(old)
    if asked.value("encoding") and encoding not in ENCODINGS:
        raise unknown("encoding", encoding, list(ENCODINGS))
    names = [
        (raw.decode(encoding, "replace") if encoding and not raw.isascii() else entry.orig_filename).split("\0")[0]
        for entry, raw in zip(entries, old, strict=True)
    ]
    if encoding in ("", "utf-8"):
        return names, encoding, []
    odd = next(name for name, raw in zip(names, old, strict=True) if not raw.isascii())
    said = f"names are not UTF-8 and are read as {ENCODINGS[encoding]} ({odd}); another encoding can be asked for"
    return names, encoding, [Problem("reading", odd, said)]


def _sorted_out(
    entries: Sequence[zipfile.ZipInfo], names: Sequence[str], zip_name: str
) -> tuple[dict[str, zipfile.ZipInfo], list[str], list[Problem]]:
    """Entries to unpack (by path), folders, and what is said of the others. Raises InputError where one escapes."""
    wanted: dict[str, zipfile.ZipInfo] = {}
    folders: list[str] = []
    problems: list[Problem] = []
    clutter: dict[str, None] = {}
    inner: set[str] = set()  # folders that entries stand in
    for entry, name in zip(entries, names, strict=True):
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or _drive(path):
            raise InputError(f"{zip_name} holds {name!r}, which leads outside its folder: pack it again without it")
        item = str(path)
        hidden = next((i for i, part in enumerate(path.parts) if is_clutter(part)), None)
        fault = unusable(path)
        if hidden is not None:
            clutter["/".join(path.parts[: hidden + 1])] = None
        elif fault:
            short = item if len(item) <= 80 else f"{item[:60]}…{item[-16:]}"
            problems.append(Problem("bad-name", short, f"{short} {fault}: it is left out"))
        elif entry.is_dir() or name.endswith(("/", "\\")):
            folders.append(item)
        elif stat.S_ISLNK(entry.external_attr >> 16):
            problems.append(Problem("link", item, f"{item} is a link: it is not unpacked"))
        elif path.suffix.lower() not in IMAGE_SUFFIXES | {".csv"}:
            problems.append(Problem("not-an-image", item, f"{item} is no picture by its name: it is left out"))
        elif item in wanted:
            problems.append(Problem("repeated", item, f"{item} is packed twice: the first is kept"))
        else:
            wanted[item] = entry
            inner.update(map(str, path.parents))
    for item in inner.union(folders) & wanted.keys():
        problems.append(Problem("bad-name", item, f"{item} is a file and a folder in one: the file is left out"))
        del wanted[item]
    return wanted, folders, [*hidden_once(sorted(clutter)), *problems]


def unusable(path: PurePosixPath) -> str:
    """Why no file system takes a name; empty where one does."""
    longest = max((len(part.encode("utf-8", "replace")) for part in path.parts), default=0)
    if longest > LONGEST_NAME:
        return f"has a name of {longest:,} bytes, and file systems take {LONGEST_NAME}"
    if len(path.parts) > MOST_DEPTH:
        return f"is more than {MOST_DEPTH} folders deep"
    return ""


def _drive(path: PurePosixPath) -> bool:
    return bool(path.parts) and len(path.parts[0]) >= 2 and path.parts[0][1] == ":"


def _identity(entries: Sequence[zipfile.ZipInfo], encoding: str) -> str:
    """Names, sizes and checksums of all entries, digested: the content's identity without reading all of it."""
    digest = hashlib.blake2b(encoding.encode(), digest_size=8)
    for entry in entries:
        digest.update(repr((entry.filename, entry.file_size, entry.CRC, entry.external_attr)).encode())
    return digest.hexdigest()


def _is_damaged(final: Path) -> bool:
    """Whether something could not be unpacked into a folder when it was made, or nothing is known of that."""
    _, problems = kept_beside(final)
    return problems is None or any(problem.kind == "unreadable" for problem in problems)


def _repair(archive: zipfile.ZipFile, wanted: dict[str, zipfile.ZipInfo], final: Path) -> list[Problem]:
    """Unpack what an earlier, damaged copy of this zip lacked; returns the entries that are damaged here, too."""
    problems = []
    for item, entry in wanted.items():
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
