"""Runs in remote storage: pushed below an address, and pulled from it."""

from dataclasses import dataclass
from pathlib import Path

from clfcore.files import runs_folder
from clfcore.progress import Progress
from clfcore.remote import asked_progress, transfer_progress
from clfcore.results import Result
from clfcore.runs import folder, transfer


@dataclass(frozen=True)
class PushedRun(Result):
    """A run at an address. sha256: of what `sha256sum` prints for its files, in the order of their names."""

    pushed: str
    url: str
    files: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class PulledRun(Result):
    """A run that came from an address. sha256: as of the run that was pushed."""

    pulled: str
    path: Path
    files: int
    bytes: int
    sha256: str


def push_run(name: str, url: str, *, runs: Path | None = None, progress: Progress | None = None) -> PushedRun:
    """Write a run below an address, such as `s3://bucket/runs`, as the folder of its id: whole or not at all.

    Pushing it again changes nothing. Raises InputError where the run is at work, or something else is there.
    """
    run = folder.open_run(name, runs)
    with transfer_progress(progress or asked_progress()):
        done = transfer.push(run, url)
    return PushedRun(done.run, done.url, len(done.files), done.bytes, done.sha256)


def pull_run(url: str, *, runs: Path | None = None, progress: Progress | None = None) -> PulledRun:
    """Read a pushed run into the runs folder: whole, with the digests that it was pushed with, or not at all.

    url: what `push_run` gave. Raises InputError where a run of its id is here, or what comes is not what was pushed.
    """
    with transfer_progress(progress or asked_progress()):
        done = transfer.pull(url, runs)
    path = (runs or runs_folder()).expanduser() / done.run
    return PulledRun(done.run, path, len(done.files), done.bytes, done.sha256)
