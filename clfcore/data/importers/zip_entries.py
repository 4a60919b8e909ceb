"""Entries of a zip: their limits, names and identity, and which of them are unpacked."""

import hashlib
import stat
import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from clfcore.data.dataset import Problem
from clfcore.data.importers.encodings import ENCODINGS
from clfcore.data.importers.readings import Reading
from clfcore.data.importers.walk import IMAGE_SUFFIXES, MOST_DEPTH, hidden_once, is_clutter
from clfcore.data.importers.zip_directory import encoding_of
from clfcore.errors import InputError, unknown

MOST_ENTRIES = 1_000_000
MOST_BYTES = 64 << 30
BOMB_BYTES, BOMB_RATIO = 32 << 20, 100  # pictures are packed already: nothing honest shrinks a hundred times
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
LONGEST_NAME = 255  # bytes of a file's or folder's name


def too_large(name: str, entries: int, size: int) -> InputError:
    return InputError(
        f"{name} holds {entries:,} files of {size / 1e9:.1f} GB: at most {MOST_ENTRIES:,} and "
        f"{MOST_BYTES / 1e9:.0f} GB are unpacked; unpack it yourself and name the folder"
    )


def check_limits(entries: Sequence[zipfile.ZipInfo], name: str, *, packed: int) -> None:
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_ENTRIES or total > MOST_BYTES:
        raise too_large(name, len(entries), total)
    if total > BOMB_BYTES and total > BOMB_RATIO * packed:
        raise InputError(
            f"{name} would grow {total / max(packed, 1):,.0f} times, to {total / 1e6:,.0f} MB: that is a zip bomb; "
            "if its pictures are real, unpack it yourself and name the folder"
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise InputError(f"{name} is locked with a password: pack it again without one")


class EntryNames(NamedTuple):
    """Names of a zip's entries; the encoding of those without the UTF-8 flag; what was assumed."""

    names: list[str]
    encoding: str
    problems: list[Problem]


class Unpacking(NamedTuple):
    """Plan of an unpacking: entries by path, folders, and what is left out and why."""

    entries: dict[str, zipfile.ZipInfo]
    folders: list[str]
    problems: list[Problem]


def entry_names(entries: Sequence[zipfile.ZipInfo], reading: Reading) -> EntryNames:
    """The entries' names, those without the UTF-8 flag decoded as probably written."""
    old = [b"" if entry.flag_bits & 0x800 else entry.orig_filename.encode("cp437") for entry in entries]
    encoding = reading.value("encoding") or encoding_of(old)
    if reading.value("encoding") and encoding not in ENCODINGS:
        raise unknown("encoding", encoding, list(ENCODINGS))
    names = [
        (raw.decode(encoding, "replace") if encoding and not raw.isascii() else entry.orig_filename).split("\0")[0]
        for entry, raw in zip(entries, old, strict=True)
    ]
    if encoding in ("", "utf-8"):
        return EntryNames(names, encoding, [])
    odd = next(name for name, raw in zip(names, old, strict=True) if not raw.isascii())
    note = f"names are not UTF-8 and are read as {ENCODINGS[encoding]} ({odd}); another encoding can be asked for"
    return EntryNames(names, encoding, [Problem("reading", odd, note)])


def entries_to_unpack(entries: Sequence[zipfile.ZipInfo], names: Sequence[str], zip_name: str) -> Unpacking:
    """The plan of an unpacking. Raises InputError where an entry escapes, and where archives stand for the pictures."""
    chosen: dict[str, zipfile.ZipInfo] = {}
    archives: list[str] = []
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
            archives += [item] if item.lower().endswith(ARCHIVES) else []
            problems.append(Problem("not-an-image", item, f"{item} is no picture by its name: it is left out"))
        elif item in chosen:
            problems.append(Problem("repeated", item, f"{item} is packed twice: the first is kept"))
        else:
            chosen[item] = entry
            inner.update(map(str, path.parents))
    if archives and not any(PurePosixPath(item).suffix.lower() in IMAGE_SUFFIXES for item in chosen):
        raise _packed_again(zip_name, archives)
    for item in inner.union(folders) & chosen.keys():
        problems.append(Problem("bad-name", item, f"{item} is a file and a folder in one: the file is left out"))
        del chosen[item]
    return Unpacking(chosen, folders, [*hidden_once(sorted(clutter)), *problems])


def _packed_again(zip_name: str, archives: Sequence[str]) -> InputError:
    """The refusal of a zip whose pictures are packed a second time inside it."""
    listed = ", ".join(archives[:3]) + (", …" if len(archives) > 3 else "")
    if len(archives) > 1:
        return InputError(
            f"{zip_name} holds no pictures but {len(archives)} other archives ({listed}): unpack {zip_name} and the "
            "archives in it, then choose the folder with the pictures"
        )
    name = PurePosixPath(archives[0]).name
    then = name if name.lower().endswith(".zip") else f"the folder that {name} unpacks to"
    return InputError(
        f"{zip_name} holds no pictures but another archive ({listed}): unpack {zip_name} once, then choose {then}"
    )


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


def content_identity(entries: Sequence[zipfile.ZipInfo], encoding: str) -> str:
    """Names, sizes and checksums of all entries, digested: the content's identity without reading all of it."""
    digest = hashlib.blake2b(encoding.encode(), digest_size=8)
    for entry in entries:
        digest.update(repr((entry.filename, entry.file_size, entry.CRC, entry.external_attr)).encode())
    return digest.hexdigest()
