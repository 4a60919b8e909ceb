"""Copies of remote data on this machine: fetched once, resumed where they broke off, whole or not at all.

A copy stands with what was unpacked (`imported/`), so that the library names, lists and deletes it; a record of each
address says which copy is its own.
"""

import contextlib
import hashlib
import json
import os
import shutil
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from clfcore.data.formats.webdataset import read_shards
from clfcore.data.importers.archives import data_in, imported_folder, unpack
from clfcore.data.importers.folders import RECORD
from clfcore.data.importers.walk import shortened
from clfcore.data.remote.listing import RemoteFile, RemoteListing, last_name, list_remote, total_of
from clfcore.data.tar_member import SUFFIX
from clfcore.errors import Failure, InputError
from clfcore.file_lock import locked
from clfcore.files import cannot_write, data_root, datasets_folder, read_text, safe_name, write_json
from clfcore.remote import RemotePlace, asked_progress, digest_of_files, open_remote, remote_errors, shown

THREADS = 16  # files under way at once: small ones wait for the host, not for this machine
BLOCK = 1 << 20  # bytes that are read and written at once
_SPARE = 256 << 20  # bytes of disk that are left free
_KEPT = 7 * 24 * 3600.0  # seconds for which what arrived of a copy is kept
_MOST_UNTOLD = 64 << 30  # bytes of data whose size nobody told
_PARTIAL = ".partial"


def copy_of(url: str) -> Path | None:
    """What opens the copy of an address here: a folder or a manifest in one; None where there is none."""
    try:
        record = json.loads(read_text(_record(url), most=1 << 16, what="a copy's record as JSON"))
        place = (imported_folder() / record["place"]).resolve()
        inside = place.is_relative_to(imported_folder().resolve())
        return place if record["url"] == _plain(url) and inside and place.exists() else None
    except (InputError, ValueError, KeyError, TypeError, OSError):
        return None


def fetch_copy(url: str) -> Path:
    """What opens the copy of an address, fetched where there is none.

    Raises InputError where nothing can be read there or the lab reads one folder alone, Failure where the host cannot
    be reached, the disk is too small, or another process fetches the same.
    """
    if (place := copy_of(url)) is not None:
        return place
    if (root := data_root()) is not None:
        raise InputError(f"data is {shown(url)!r}: this lab reads data below {root} alone; name a folder or file there")
    remote = open_remote(url, "data")
    folder = _folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        busy = Failure(f"{shown(url)} is already being fetched: wait until that has ended")
        with locked(_record(url).with_suffix(".lock"), busy=busy):
            return copy_of(url) or _fetch(remote)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _fetch(remote: RemotePlace) -> Path:
    listing = list_remote(remote)
    parts = _folder() / f".fetching-{hashlib.blake2b(_plain(remote.url).encode(), digest_size=8).hexdigest()}"
    _remove_stale(parts)
    target = parts / listing.identity
    if parts.is_dir() and not target.is_dir():
        shutil.rmtree(parts)  # of another version of the data
    target.mkdir(parents=True, exist_ok=True)
    _check_room(target, listing)
    _fetch_files(remote, listing, target)
    digest = _digest(target, listing)
    try:
        place = _install(remote, listing, target, digest)
    except InputError:
        shutil.rmtree(parts)  # it is damaged as it came
        raise
    root = imported_folder()
    record = {
        "url": _plain(remote.url),
        "place": place.relative_to(root).as_posix(),
        "files": len(listing.files),
        "bytes": total_of(listing.files),
        "sha256": digest,
    }
    write_json(_record(remote.url), record)
    shutil.rmtree(parts, ignore_errors=True)
    return place


def _install(remote: RemotePlace, listing: RemoteListing, target: Path, digest: str) -> Path:
    """Move what was fetched among the imported data; an archive is unpacked there as any other."""
    ending = PurePosixPath(listing.opens).suffix.lower()
    if ending == ".zip":
        with (target / listing.opens).open("rb") as file:
            return unpack(file, listing.opens)
    if ending == SUFFIX:
        read_shards([target / listing.opens], listing.opens)  # a damaged one is refused before it is kept
    name = PurePosixPath(listing.opens).stem or last_name(remote.url)
    final = imported_folder() / f"{safe_name(name)}-{digest[:16]}"
    final.parent.mkdir(parents=True, exist_ok=True)
    if not final.is_dir():
        target.rename(final)
        problems = [asdict(problem) for problem in shortened(list(listing.problems))]
        described = {"name": name, "source": shown(remote.url), "problems": problems}
        write_json(final.with_name(f"{final.name}{RECORD}"), described)
    return final / listing.opens if listing.opens else data_in(final)


@dataclass(frozen=True)
class _Transfer:
    """What the threads of one copy share. must: the one file that cannot be missing; empty: none can."""

    remote: RemotePlace
    target: Path
    must: str
    counter: "_Counter"
    stop: threading.Event


class _Counter:
    """Bytes that have arrived, counted by several threads."""

    def __init__(self, start: int) -> None:
        self.bytes = start
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self.bytes += count


def _fetch_files(remote: RemotePlace, listing: RemoteListing, target: Path) -> None:
    """Fetch what is missing, several files at once; the first fault ends all."""
    report, total = asked_progress(), listing.bytes
    missing = [file for file in listing.files if not _is_whole(target / file.name, file)]
    counter = _Counter(total_of(listing.files) - total_of(missing))
    transfer = _Transfer(remote, target, listing.opens, counter, threading.Event())
    with ThreadPoolExecutor(min(THREADS, len(missing) or 1)) as pool:
        jobs = [pool.submit(_fetch_file, transfer, file) for file in missing]
        pending = set(jobs)
        try:
            while pending:
                done, pending = wait(pending, timeout=0.2, return_when=FIRST_EXCEPTION)
                for job in done:
                    job.result()
                if report is not None and total:
                    report(min(counter.bytes, total), total)
                elif report is not None:
                    report(len(listing.files) - len(pending), len(listing.files))
        finally:
            transfer.stop.set()
            for job in jobs:
                job.cancel()


def _is_whole(path: Path, file: RemoteFile) -> bool:
    return path.is_file() and file.size in (None, path.stat().st_size)


def _fetch_file(transfer: _Transfer, file: RemoteFile) -> None:
    """One file, from the byte on that an earlier try reached; under its name only once it is whole.

    A picture that a manifest names and its host lacks is left out, which the import tells.
    """
    remote, target = transfer.remote, transfer.target / file.name
    part = target.with_name(f"{target.name}{_PARTIAL}")
    try:
        if not transfer.stop.is_set():
            target.parent.mkdir(parents=True, exist_ok=True)
            with remote_errors(remote.url, remote.what), part.open("ab") as out:
                _fill(transfer, file, out)
    except InputError:
        part.unlink(missing_ok=True)
        if file.size is not None or file.name == transfer.must or not transfer.must:
            raise
        return
    if transfer.stop.is_set():
        return
    size = part.stat().st_size
    if file.size is not None and size != file.size:
        if size > file.size:
            part.unlink()
        raise Failure(
            f"{file.name} of {shown(remote.url)} broke off after {size:,} of {file.size:,} bytes; try again: it goes "
            "on from what arrived"
        )
    part.replace(target)


def _fill(transfer: _Transfer, file: RemoteFile, out: BinaryIO) -> None:
    counter = transfer.counter
    with transfer.remote.system.open(file.place, "rb", block_size=8 * BLOCK, cache_type="readahead") as source:
        start = out.seek(0, os.SEEK_END)
        if start and (file.size is None or start > file.size or not source.seekable()):
            start = out.truncate(0)
        if start:
            source.seek(start)
            counter.add(start)
        while not transfer.stop.is_set() and (data := source.read(BLOCK)):
            out.write(data)
            counter.add(len(data))
            if counter.bytes > _MOST_UNTOLD and file.size is None:
                raise Failure(f"{shown(transfer.remote.url)} sends more than {_MOST_UNTOLD / 1e9:,.0f} GB: it was left")


def _digest(target: Path, listing: RemoteListing) -> str:
    """The digest of all files; it is reproducible without the lab."""
    sums = {}
    for file in listing.files:
        if (target / file.name).is_file():  # a picture that a manifest names may be missing at its host
            with (target / file.name).open("rb") as content:
                sums[file.name] = hashlib.file_digest(content, "sha256").hexdigest()
    return digest_of_files(sums)


def _check_room(target: Path, listing: RemoteListing) -> None:
    needed = total_of([file for file in listing.files if not _is_whole(target / file.name, file)])
    free = shutil.disk_usage(target).free
    if needed + _SPARE > free:
        raise Failure(f"the copy needs {needed / 1e9:.1f} GB and {target.parent} has {free / 1e9:.1f} GB free")


def _remove_stale(keep: Path) -> None:
    for part in _folder().glob(".fetching-*"):
        with contextlib.suppress(OSError):
            if part != keep and time.time() - part.stat().st_mtime > _KEPT:
                shutil.rmtree(part)


def _folder() -> Path:
    return datasets_folder() / "remote"


def _record(url: str) -> Path:
    digest = hashlib.blake2b(url.rstrip("/").encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
    return _folder() / f"{digest}.json"


def _plain(url: str) -> str:
    """An address as records hold it: the key that may follow a question mark is nobody else's."""
    return url.partition("?")[0].rstrip("/")
