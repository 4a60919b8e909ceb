"""Runs in remote storage: a run's files pushed below an address and pulled from it, whole or not at all.

A pushed run is a folder of its files and `run.json`, written last: each file's bytes and SHA-256. What is pulled has
these digests, names that a run writes, and weights that safetensors can read, or it is not there.
"""

import contextlib
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from clfcore import heavy_imports
from clfcore.errors import Failure, InputError
from clfcore.files import cannot_write, data_root, parse_json, runs_folder
from clfcore.remote import (
    RemotePlace,
    asked_progress,
    digest_of_files,
    open_remote,
    remote_errors,
    scheme_of,
    shown,
)
from clfcore.results import JsonObject
from clfcore.runs.deletion import is_written_by_runs
from clfcore.runs.folder import Run
from clfcore.runs.index import ACTIVE, listed
from clfcore.runs.json_files import is_run

LIST = "run.json"
MOST_FILES, MOST_LIST = 1_000, 1 << 20
_BLOCK = 1 << 20
_SPARE = 256 << 20  # bytes of disk that are left free
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_STAYS = (".lock", ".part", "stop", ".DS_Store", "Thumbs.db", "desktop.ini", "progress.json")  # of this machine alone


@dataclass(frozen=True)
class FileSum:
    """A file's size and SHA-256."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class PushedFiles:
    """A run at an address. files: each with its sum, by name."""

    run: str
    url: str
    files: Mapping[str, FileSum]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files.values())

    @property
    def sha256(self) -> str:
        """SHA-256 of what `sha256sum` prints for the files, in the order of their names."""
        return digest_of_files({name: file.sha256 for name, file in self.files.items()})


def push(run: Run, url: str) -> PushedFiles:
    """Write a run below an address, as the folder of its id. What is there already with the same digests stays.

    Raises InputError where the run is at work or damaged, the address cannot be written, or another run of that id or
    other files are there; Failure where the host cannot be reached.
    """
    _check_alone(url)
    if scheme_of(url) in ("http", "https"):
        raise InputError(f"url is {shown(url)!r}: a web host can only be read; name a bucket, such as s3://bucket/runs")
    seen = listed(run)
    if seen.damaged:
        raise InputError(seen.damaged)
    if seen.state in ACTIVE:
        raise InputError(f"run {run.id} is {seen.state}: push it when it has ended")
    place = open_remote(f"{url.rstrip('/')}/{run.id}", "url")
    with run.locked():
        pushed = PushedFiles(run.id, place.url, {path.name: _sum(path) for path in _files(run)})
        with remote_errors(place.url, place.what):
            place.system.invalidate_cache()
            there = _existing(place)
        if LIST in there:
            if _read_list(place).files != pushed.files:
                raise InputError(f"{shown(place.url)} has this run in another state: delete that, or push elsewhere")
            return pushed
        if foreign := next((name for name in sorted(there) if name not in pushed.files), None):
            raise InputError(f"{shown(place.url)} holds {foreign!r}, which is no file of this run: push elsewhere")
        _upload(run, place, pushed)
    return pushed


def pull(url: str, runs: Path | None = None) -> PushedFiles:
    """Read a pushed run into the runs folder, under its own id.

    Raises InputError where no run is there, a run of its id is here, or what comes is not what was pushed; Failure
    where the host cannot be reached or the disk is too small.
    """
    _check_alone(url)
    folder = (runs or runs_folder()).expanduser()
    place = open_remote(url.rstrip("/"), "url")
    pushed = _read_list(place)
    target = folder / pushed.run
    _refuse_existing(target)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if pushed.bytes + _SPARE > free:
            raise Failure(f"the run needs {pushed.bytes / 1e9:.1f} GB and {folder} has {free / 1e9:.1f} GB free")
        with _partial(folder, pushed.run) as partial:
            _download(place, pushed, partial)
            _check(place, partial)
            _refuse_existing(target)
            partial.chmod(0o755)
            partial.rename(target)
    except OSError as error:
        raise cannot_write(target, error) from error
    return pushed


def _check_alone(url: str) -> None:
    """Whoever can open a shared lab has not its keys, nor its way into a network."""
    if (root := data_root()) is not None:
        raise InputError(f"url is {shown(url)!r}: this lab reads data below {root} alone, and neither pushes nor pulls")


def _refuse_existing(target: Path) -> None:
    if target.exists():
        raise InputError(f"run {target.name} is in {target.parent} already: delete it first, nothing is written over")


def _files(run: Run) -> list[Path]:
    """What of a run's folder goes along. Raises InputError where something in it is no run's."""
    paths = []
    for path in sorted(run.path.iterdir()):
        if path.name.endswith(_STAYS):
            continue
        if path.is_symlink() or not path.is_file() or not is_written_by_runs(path.name):
            raise InputError(
                f"{run.path} holds {path.name!r}, which no run writes: move it elsewhere, then push the run"
            )
        paths.append(path)
    return paths


def _sum(path: Path) -> FileSum:
    with path.open("rb") as file:
        return FileSum(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _existing(place: RemotePlace) -> set[str]:
    """The names below a place; none where nothing is there."""
    start = place.path.rstrip("/") + "/"
    return {path.removeprefix(start) for path in place.system.find(place.path)}


def _upload(run: Run, place: RemotePlace, pushed: PushedFiles) -> None:
    report, done = asked_progress(), 0
    written: list[str] = []
    try:
        with remote_errors(place.url, place.what):
            for name, about in pushed.files.items():
                written.append(f"{place.path}/{name}")
                place.system.put_file(str(run.path / name), written[-1])
                size = place.system.info(written[-1])["size"]
                if size != about.bytes:
                    raise Failure(f"{shown(place.url)} has {size:,} of {about.bytes:,} bytes of {name}: push it again")
                done += about.bytes
                if report is not None:
                    report(done, pushed.bytes)
            written.append(f"{place.path}/{LIST}")
            place.system.pipe_file(written[-1], json.dumps(_as_list(pushed), indent=2).encode())
    except BaseException:  # a stop, too: what is there without its list is no run, and is removed
        for path in written:
            with contextlib.suppress(Exception):
                place.system.rm_file(path)
        raise


def _as_list(pushed: PushedFiles) -> JsonObject:
    files = {name: {"bytes": file.bytes, "sha256": file.sha256} for name, file in pushed.files.items()}
    return {"run": pushed.run, "files": files, "sha256": pushed.sha256}


def _read_list(place: RemotePlace) -> PushedFiles:
    """What was pushed to a place. Raises InputError where that is no run, or a name in it leads elsewhere."""
    try:
        with remote_errors(place.url, place.what):
            place.system.invalidate_cache()
            content = _read_at_most(place, f"{place.path.rstrip('/')}/{LIST}", MOST_LIST)
    except InputError as error:
        if "there is no such place" in str(error):
            raise InputError(
                f"{place.what} is {shown(place.url)!r}: no run was pushed there; name the address that `runs push` gave"
            ) from None
        raise
    damaged = InputError(f"{shown(place.url)}/{LIST} is damaged: push the run again")
    if len(content) > MOST_LIST:
        raise damaged
    try:
        values = parse_json(content.decode("utf-8"), what=LIST)
        files = {str(name): FileSum(int(file["bytes"]), str(file["sha256"])) for name, file in values["files"].items()}
        run, digest = str(values["run"]), str(values["sha256"])
    except (InputError, ValueError, TypeError, KeyError, AttributeError):
        raise damaged from None
    odd = next((name for name in files if not _is_plain(name)), None)
    if odd is not None or not _ID.fullmatch(run) or len(files) > MOST_FILES:
        what = repr(odd[:80]) if odd is not None else repr(run[:80])
        raise InputError(f"{shown(place.url)} names {what}, which is no file of a run: nothing was pulled")
    pushed = PushedFiles(run, place.url, files)
    if pushed.sha256 != digest or any(file.bytes < 0 for file in files.values()):
        raise damaged
    return pushed


def _is_plain(name: str) -> bool:
    return bool(_ID.fullmatch(name)) and is_written_by_runs(name) and not name.endswith(_STAYS)


def _read_at_most(place: RemotePlace, path: str, most: int) -> bytes:
    with place.system.open(path, "rb") as file:
        return bytes(file.read(most + 1))


@contextlib.contextmanager
def _partial(folder: Path, name: str) -> Iterator[Path]:
    """A folder that lists do not show, and that goes at the end unless it was renamed."""
    path = Path(tempfile.mkdtemp(prefix=f".{name[:80]}.", dir=folder))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _download(place: RemotePlace, pushed: PushedFiles, partial: Path) -> None:
    report, done = asked_progress(), 0
    for name, about in pushed.files.items():
        digest, size = hashlib.sha256(), 0
        with remote_errors(f"{place.url}/{name}", place.what), (partial / name).open("xb") as out:
            for block in _blocks(place, f"{place.path.rstrip('/')}/{name}"):
                size += len(block)
                if size > about.bytes:
                    break
                digest.update(block)
                out.write(block)
                if report is not None:
                    report(done + size, pushed.bytes)
        if (size, digest.hexdigest()) != (about.bytes, about.sha256):
            raise InputError(f"{shown(place.url)}/{name} is not what was pushed (another SHA-256): push the run again")
        done += size


def _blocks(place: RemotePlace, path: str) -> Iterator[bytes]:
    file: BinaryIO
    with place.system.open(path, "rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _check(place: RemotePlace, partial: Path) -> None:
    """Refuse what is no run, or whose weights are no safetensors, before it stands in the runs folder."""
    if not is_run(str(partial)):
        raise InputError(f"{shown(place.url)} holds no run: nothing was pulled")
    seen = listed(Run(partial))
    if seen.damaged:
        raise InputError(f"{shown(place.url)} is no whole run: {seen.damaged.replace(str(partial), 'its folder')}")
    heavy_imports.load("torch")
    from safetensors import SafetensorError, safe_open

    for weights in partial.glob("*.safetensors"):
        try:
            with safe_open(weights, framework="pt") as tensors:
                tensors.keys()
        except (SafetensorError, OSError):
            raise InputError(f"{shown(place.url)}/{weights.name} holds no weights in safetensors: push again") from None
