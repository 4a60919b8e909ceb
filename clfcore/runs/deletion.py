"""A run removed from disk, whole, and nothing that a run does not write; and what killed writers left in its folder."""

import contextlib
import shutil
import time
from pathlib import Path

from clfcore.errors import InputError
from clfcore.files import cannot_write
from clfcore.runs.json_files import is_run
from clfcore.runs.locks import RunLock, is_held

# What a run's folder may hold; `.part` is a file that a killed writer left.
_ENDINGS = (".json", ".jsonl", ".npz", ".npy", ".pt", ".safetensors", ".lock", ".txt", ".csv", ".part")
_OTHERS = ("stop", ".DS_Store", "Thumbs.db", "desktop.ini")
_BY_OTHERS = tuple(  # written without the run's lock
    f".{name}."
    for name in (
        "stop",
        "thresholds.json",
        "temperature.json",
        "speed.json",
        "unknown.json",
        "sets.json",
        "robustness.json",
    )
)
_ABANDONED = 3600  # seconds: none of these takes a tenth of one to write
_LAST = ("config.json", "state.json")  # while one of them is there, the folder is still listed and can be deleted


def delete_folder(path: Path, where: Path) -> None:
    """Remove a run's folder `path` of the runs folder `where`, damaged or not.

    Raises InputError where it is at work or queued, lies elsewhere, is a link, or holds what no run writes.
    """
    _refuse_others(path, where.resolve())
    lock, taken = RunLock(path / "run.lock"), True
    with contextlib.suppress(OSError):  # damage: something else stands in the lock's place
        taken = lock.acquire(timeout=0)
    if not taken:
        raise InputError(f"run {path.name} is running: stop it before it is deleted")
    try:
        if is_held(path / "queue.lock"):
            raise InputError(f"run {path.name} is queued: stop it before it is deleted")
        for entry in sorted(path.iterdir(), key=lambda entry: (entry.name in _LAST, entry.name)):
            if entry.name != "run.lock":  # which some systems do not remove while it is held
                _remove(entry)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        lock.release()
    try:
        _remove(path / "run.lock")
        path.rmdir()
    except OSError as error:
        raise cannot_write(path, error) from error


def remove_parts(path: Path) -> None:
    """Remove what killed writers left in a run's folder; for the process that holds the run's lock.

    Files that pages may write meanwhile are left alone while they are young.
    """
    for part in path.glob(".*.part"):
        with contextlib.suppress(OSError):
            if not part.name.startswith(_BY_OTHERS) or time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink()


def _refuse_others(path: Path, where: Path) -> None:
    if path.parent.resolve() != where:
        raise InputError(f"{path} is not in the runs folder {where}: only runs inside it are deleted")
    if path.is_symlink():
        raise InputError(f"{path} is a link to a folder elsewhere: only runs that lie in {where} are deleted")
    if not path.is_dir() or not is_run(path):
        raise InputError(f"run {path.name!r} is not in {where}: it was deleted before, or is no run")
    foreign = next((entry.name for entry in path.iterdir() if not is_written_by_runs(entry.name)), None)
    if foreign is not None:
        raise InputError(f"{path} holds {foreign!r}, which no run writes: move it elsewhere, then delete the run")


def is_written_by_runs(name: str) -> bool:
    """Whether a run's folder may hold a file of that name."""
    return name in _OTHERS or name.endswith(_ENDINGS)


def _remove(path: Path) -> None:
    """A file, a link itself, or (damage) a folder in a file's place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
