"""Listing of data at an address: its files with their sizes and versions, within limits, under names of their own."""

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from clfcore.data.dataset import Problem
from clfcore.data.formats.webdataset import CLASSES, is_pattern, pattern_names
from clfcore.data.importers.find_manifests import written_paths
from clfcore.data.importers.walk import IMAGE_SUFFIXES, is_clutter
from clfcore.data.importers.zip_entries import unusable
from clfcore.errors import InputError
from clfcore.remote import RemotePlace, remote_errors, scheme_of, shown
from clfcore.results import JsonObject

MOST_FILES, MOST_BYTES = 2_000_000, 2 << 40
MANIFESTS = (".csv", ".tsv", ".json", ".jsonl")
ARCHIVES = (".zip", ".tar")
_LABELS = frozenset({*MANIFESTS, *ARCHIVES, ".txt", ".parquet"})
_VERSIONS = ("ETag", "etag", "md5Hash", "blob_id", "last_commit", "LastModified", "mtime")
_LARGEST_MANIFEST = 256 << 20  # bytes


@dataclass(frozen=True)
class RemoteFile:
    """A file at an address. place: as the storage names it; name: below the data's own folder; size: None: not told;
    version: what changes with its content, as far as the storage tells."""

    place: str
    name: str
    size: int | None
    version: str


@dataclass(frozen=True)
class RemoteListing:
    """What is at an address. opens: the one file that opens the data; empty: the folder does."""

    files: tuple[RemoteFile, ...]
    opens: str
    problems: tuple[Problem, ...]

    @property
    def bytes(self) -> int | None:
        """None where the size of a file is not told."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def identity(self) -> str:
        """A digest of names, sizes and versions: what was fetched of another one is of no use."""
        digest = hashlib.blake2b(digest_size=8)
        for file in self.files:
            digest.update(repr((file.name, file.size, file.version)).encode("utf-8", "backslashreplace"))
        return digest.hexdigest()


def last_name(url: str) -> str:
    """The last part of an address, without what follows a question mark.

    >>> last_name("https://host/sets/my%20photos.zip?key=1"), last_name("s3://bucket/photos/")
    ('my photos.zip', 'photos')
    """
    web = scheme_of(url) in ("http", "https")
    path = unquote(urlsplit(url).path) if web else url.partition("://")[2]
    return PurePosixPath(path.strip("/")).name or urlsplit(url).netloc or "data"


def list_remote(place: RemotePlace) -> RemoteListing:
    """What there is to fetch: of a zip or a tar the file; of a manifest it and its pictures; else all of the folder.

    Raises InputError where nothing is there or it is too much, Failure where the host cannot be reached.
    """
    name = last_name(place.url)
    ending = PurePosixPath(name).suffix.lower()
    with remote_errors(place.url, place.what):
        place.system.invalidate_cache()
        if is_pattern(name):
            return _named_shards(place, name)
        if ending in ARCHIVES:
            return RemoteListing((_file(place.path, name, place.system.info(place.path)),), name, ())
        if ending in MANIFESTS and scheme_of(place.url) in ("http", "https"):
            return _named_pictures(place, name)
        folder = place.path.rstrip("/").rpartition("/")[0] if ending in MANIFESTS else place.path
        entries = place.system.find(folder, detail=True)
    listing = _listing(place, folder, entries, opens=name if ending in MANIFESTS else "")
    _check(place, listing)
    return listing


def _named_shards(place: RemotePlace, pattern: str) -> RemoteListing:
    """Tars of WebDataset that a pattern names, which must all be there, and the names of the classes beside them."""
    base = place.path.partition("?")[0].rpartition("/")[0]
    files = [_file(f"{base}/{name}", name, place.system.info(f"{base}/{name}")) for name in pattern_names(pattern)]
    with contextlib.suppress(FileNotFoundError):
        files.append(_file(f"{base}/{CLASSES}", CLASSES, place.system.info(f"{base}/{CLASSES}")))
    listing = RemoteListing(tuple(files), "", ())
    _check(place, listing)
    return listing


def _named_pictures(place: RemotePlace, name: str) -> RemoteListing:
    """A manifest on a web host, which lists nothing: the pictures are those that the manifest names."""
    about = _file(place.path, name, place.system.info(place.path))
    if about.size is not None and about.size > _LARGEST_MANIFEST:
        raise InputError(f"{place.what} is {shown(place.url)!r}: {about.size:,} bytes are too many for a manifest")
    base = place.path.partition("?")[0].rpartition("/")[0]
    files, problems = [about], list[Problem]()
    for path in dict.fromkeys(written_paths(place.system.cat_file(place.path), name)):
        if fault := _fault(path):
            problems.append(Problem("bad-name", path[:80], f"{path[:80]} {fault}: it is left out"))
        else:
            files.append(RemoteFile(f"{base}/{path}", path, None, ""))
    return RemoteListing(tuple(files), name, tuple(problems))


def _listing(place: RemotePlace, folder: str, entries: dict[str, JsonObject], *, opens: str) -> RemoteListing:
    files, problems, taken = [], list[Problem](), set[str]()
    start = folder.rstrip("/") + "/"
    for path in sorted(entries):
        about = entries[path]
        name = path.removeprefix(start)
        if about.get("type") == "directory" or not name or name.endswith("/"):
            continue
        fault = "leads outside its folder" if name == path and folder.strip("/") else _fault(name)
        if not fault and name.casefold() in taken:
            fault = "is called as another one but for upper and lower case"
        if fault:
            problems.append(Problem("bad-name", name[:80], f"{name[:80]} {fault}: it is left out"))
        elif _is_of_use(name):
            taken.add(name.casefold())
            files.append(_file(path, name, about))
    if opens and opens not in {file.name for file in files}:
        raise InputError(f"{place.what} is {shown(place.url)!r}: there is no such file; check the bucket and the path")
    return RemoteListing(tuple(files), opens, tuple(problems))


def _is_of_use(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in IMAGE_SUFFIXES | _LABELS and not any(is_clutter(part) for part in path.parts)


def _fault(name: str) -> str:
    """Why a name at the host is no name here; empty where it is one."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or ":" in path.parts[0]:
        return "leads outside its folder"
    if "//" in name or not name.isprintable():
        return "cannot be a file here"
    return unusable(path)


def _file(path: str, name: str, about: JsonObject) -> RemoteFile:
    versions = (about.get(key) for key in _VERSIONS)
    version = next((str(value) for value in versions if value), str(about.get("created", "")))
    return RemoteFile(path, name, about.get("size"), version)


def _check(place: RemotePlace, listing: RemoteListing) -> None:
    named = f"{place.what} is {shown(place.url)!r}"
    if not any(PurePosixPath(file.name).suffix.lower() in IMAGE_SUFFIXES | set(ARCHIVES) for file in listing.files):
        raise InputError(f"{named}: there are no pictures; name the folder that has them, a .zip, a .tar or a .csv")
    if len(listing.files) > MOST_FILES or (listing.bytes or 0) > MOST_BYTES:
        size = "" if listing.bytes is None else f" of {listing.bytes / 1e9:,.0f} GB"
        raise InputError(
            f"{named}: {len(listing.files):,} files{size} are more than the lab copies ({MOST_FILES:,} and "
            f"{MOST_BYTES / 1e9:,.0f} GB); mount the storage as a folder and name that"
        )


def total_of(files: Sequence[RemoteFile]) -> int:
    """The bytes of the files whose size is told."""
    return sum(file.size or 0 for file in files)
