"""A run's folder: layout, states, atomic writes, listing and deleting. The folder describes itself and opens anywhere.

    config.json                 the filled configuration
    state.json                  state, message, times; what `finish` wrote is final
    split.json                  which pictures are trained, validated and tested on, by content
    data.json                   task, item counts, the splits that were drawn, problems left out
    history.jsonl               a line an epoch
    progress.json               where the run is within its epoch, for those who watch
    checkpoint.pt               everything that the next epoch needs; absent once completed
    classifier.json             network, options, task, preprocessing
    best.safetensors            the weights of the best epoch
    predictions-SPLIT.npz       logits of the best epoch
    training-embeddings.npz     embeddings of a sample of the training images; absent from older runs until asked for
    unknown.json, robustness.json   what tells pictures of no class; outcomes on corrupted ones; absent until measured
    sets.json                   the coverage of the prediction sets that answers carry; absent until asked for
    metrics.json                metrics, best epoch, seconds, parameters
    speed.json                  what an image costs in time and memory, by machine; absent until measured
    run.lock, queue.lock        held by the process that executes the run, or whose queue it waits in
    about.json                  what people call it: name, note and tags; absent until they say
    stop                        a request to stop: `now`, `epoch` or `best`

Unlocked and unfinished means interrupted, at once and without a time-out.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from clfcore.classifier_spec import ClassifierSpec
from clfcore.errors import Failure, InputError, nearest
from clfcore.files import cannot_write, runs_folder, shortened, typed_path, write_json, write_text
from clfcore.parse_config import parse_config
from clfcore.predictions import Predictions
from clfcore.resolved_config import NetworkConfig, with_name
from clfcore.runs import checkpoint
from clfcore.runs.checkpoint import Checkpoint
from clfcore.runs.deletion import delete_folder
from clfcore.runs.file_cache import KEPT
from clfcore.runs.json_files import damaged, is_run, read_values
from clfcore.runs.locks import RunLock, is_held
from clfcore.runs.read_records import R, read_record, read_record_lines
from clfcore.runs.records import (
    ClassifierFile,
    EpochRecord,
    Metrics,
    RunData,
    RunProgress,
    RunResults,
    State,
    Status,
    TaskFile,
    ThresholdsFile,
)
from clfcore.task import Task

FINISHED: tuple[State, ...] = ("completed", "cancelled", "failed")
RESUMABLE: tuple[State, ...] = ("interrupted", "cancelled", "failed")
# Stop within a batch, or after the epoch, and stay resumable; or evaluate the best epoch so far and complete.
StopRequest = Literal["now", "epoch", "best"]
_WISHES: Mapping[bytes, StopRequest] = {b"epoch": "epoch", b"best": "best"}


@dataclass(frozen=True)
class Run:
    """A run, known by its folder. Every property reads the disk, so that what is seen is what is."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    def read(self, kind: type[R]) -> R:
        """One of the folder's records, checked. Raises InputError with run, file and cause where it is damaged."""
        return read_record(self.path, kind)

    @property
    def config(self) -> NetworkConfig:
        """Raises InputError where config.json is absent, damaged or does not fit."""
        return KEPT.get(f"{self.path}/config.json", _config_of)

    @property
    def state(self) -> State:
        """What was left, or what a process does now; to look disturbs nobody. Raises InputError where it is damaged."""
        left = self.read(Status).state
        if left in FINISHED:
            return left
        if is_held(f"{self.path}/run.lock"):
            return "running"
        return "queued" if is_held(f"{self.path}/queue.lock") else "interrupted"

    @property
    def resumable(self) -> bool:
        """Whether training can go on: the run was broken off, or completed early. Raises InputError where damaged."""
        state = self.state
        return state in RESUMABLE or (state == "completed" and self.results.finished_early is not None)

    @property
    def status(self) -> Status:
        """What state.json holds: state, message, created, started, finished."""
        return self.read(Status)

    @property
    def message(self) -> str:
        return self.status.message

    @property
    def history(self) -> tuple[EpochRecord, ...]:
        """The epochs; a last line cut short by a kill is left out. Raises InputError where it is damaged."""
        return read_record_lines(self.path, EpochRecord)

    @property
    def progress(self) -> RunProgress:
        """Where the run is within its stage; empty where that cannot be read, which harms nothing."""
        try:
            return self.read(RunProgress)
        except InputError:
            return RunProgress()

    @property
    def results(self) -> RunResults:
        """Best epoch, seconds, parameters and metrics; empty before the end. Raises InputError where damaged."""
        return self.read(RunResults)

    @property
    def metrics(self) -> Mapping[str, Metrics]:
        return self.results.metrics

    @property
    def data(self) -> RunData:
        """What the run was trained on; empty before it has opened its data. Raises InputError where damaged."""
        return self.read(RunData)

    @property
    def classifier(self) -> ClassifierSpec:
        """What opens the run's weights again. Raises InputError where classifier.json is absent or damaged."""
        return self.read(ClassifierFile).spec

    @property
    def task(self) -> Task:
        """What the run's classifier answers. Raises InputError where classifier.json is absent or damaged."""
        return self.read(TaskFile).task

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have predictions, validation first."""
        return tuple(s for s in ("validation", "test", "train") if os.path.lexists(f"{self.path}/predictions-{s}.npz"))

    @property
    def thresholds(self) -> tuple[float, ...] | None:
        """The probability from which each label counts, in the task's order; None: 0.5 each. Raises InputError."""
        path = self.path / ThresholdsFile.file
        if not path.exists():
            return None
        labels = self.task.classes
        try:
            values = self.read(ThresholdsFile).values
            return tuple(values[label] for label in labels)
        except KeyError as error:
            raise InputError(
                f"{path} is damaged (no threshold of {error.args[0]}): delete it, and each label counts from 0.5 again"
            ) from None
        except InputError as error:
            raise InputError(f"{error}; without {path.name} each label counts from 0.5 again") from None

    def predictions(self, split: str) -> Predictions:
        """What was stored of a split, with the thresholds that the run keeps now."""
        predictions = Predictions.load(self.path / f"predictions-{split}.npz")
        if (self.path / TaskFile.file).exists():
            task = self.task
            if (predictions.task.kind, predictions.task.levels) != (task.kind, task.levels):
                raise InputError(
                    f"run {self.id}: predictions-{split}.npz is of another task than the run's classifier: it was "
                    "replaced; restore it, or train the run again"
                )
        return (
            replace(predictions, thresholds=self.thresholds) if predictions.task.kind == "multi-label" else predictions
        )

    def predicted_at(self, split: str) -> float:
        """When a split's predictions, or the thresholds they are read with, last changed; for what is kept of them."""
        files = (self.path / f"predictions-{split}.npz", self.path / "thresholds.json")
        return max(file.stat().st_mtime if file.exists() else 0.0 for file in files)

    def write(self, name: str, value: object) -> None:
        """Write a JSON file whole. Raises Failure where it cannot be written, or the folder was deleted meanwhile."""
        if not self.path.is_dir():
            raise Failure(f"{self.path} is gone: the run was deleted while it was at work")
        write_json(self.path / name, value)

    def set_state(self, state: State, message: str = "") -> None:
        stamp = {"queued": "created", "running": "started"}.get(state, "finished")
        before = Status()
        with contextlib.suppress(InputError):  # a damaged one is written anew
            before = self.status
        when = (before.created if stamp == "created" else None) or now()  # it is created once, however often it waits
        self.write("state.json", {**before.as_dict(), "state": state, "message": message, stamp: when})

    def record(self, epoch: EpochRecord) -> None:
        """Append one epoch to the history. Raises Failure where it cannot be written."""
        path = self.path / "history.jsonl"
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(epoch.as_dict(), allow_nan=False) + "\n")
        except OSError as error:
            raise cannot_write(path, error) from error

    def drop_history_after(self, epoch: int) -> None:
        """On resume, what came after the checkpoint never happened."""
        epochs = self.history if epoch >= 0 else ()  # what is dropped whole need not be readable
        kept = [json.dumps(past.as_dict(), allow_nan=False) for past in epochs if past.epoch <= epoch]
        write_text(self.path / "history.jsonl", "".join(line + "\n" for line in kept))

    def save_checkpoint(self, values: Checkpoint) -> None:
        """Write the checkpoint whole or not at all; the one before it stands until then."""
        checkpoint.save(self.path / "checkpoint.pt", values)

    def load_checkpoint(self) -> Checkpoint | None:
        """The last checkpoint, or None where there is none. Raises InputError where it is damaged."""
        return checkpoint.load(self.path / "checkpoint.pt")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for execution. Raises InputError where another process holds it."""
        lock = RunLock(self.path / "run.lock")
        try:
            free = lock.acquire()
        except OSError as error:
            raise cannot_write(self.path / "run.lock", error) from error
        if not free:
            raise InputError(f"run {self.id} is being executed by another process: wait for it, or stop it first")
        try:
            yield
        finally:
            lock.release()

    def request_stop(self, wish: StopRequest = "now") -> None:
        write_text(self.path / "stop", wish)

    def stop_requested(self) -> StopRequest | None:
        try:
            return _WISHES.get((self.path / "stop").read_bytes(), "now")
        except OSError:
            return None

    def stop_mark(self) -> tuple[int, int] | None:
        """What tells the request that lies there now from a later one; None where there is none."""
        try:
            status = (self.path / "stop").stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def clear_stop(self) -> None:
        (self.path / "stop").unlink(missing_ok=True)


def _config_of(path: Path) -> NetworkConfig:
    try:
        return with_name(parse_config(read_values(path)))
    except FileNotFoundError:
        raise InputError(f"run {path.parent.name} has no {path.name}: {path.parent} is not a whole run") from None
    except InputError as error:
        raise error if " is damaged (" in str(error) else damaged(path, error) from None


def run_folders(folder: Path | None = None) -> list[Run]:
    """All runs of a folder, newest first: its folders that hold a run's state or configuration."""
    folder = (folder or runs_folder()).expanduser()
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
    except OSError:
        return []
    return [Run(folder / name) for name in sorted(names, reverse=True) if is_run(f"{folder}/{name}")]


def find_run(name: str, folder: Path | None = None) -> Run:
    """A run of the runs folder by its whole id, no path or link: what addresses name, and what is deleted."""
    where = (folder or runs_folder()).expanduser()
    if name != Path(name).name or "\\" in name or name.startswith("."):
        raise InputError(f"run is {shortened(name)!r}: it must be the whole id of a run in {where}, not a path")
    path = where / typed_path(name, "run")
    if not is_run(path):
        near = nearest(name, [run.id for run in run_folders(folder)])
        raise InputError(f"run {name!r} is not in {where}{near}: it was deleted, or its id is not written in full")
    return Run(path)


def open_run(name: str, folder: Path | None = None) -> Run:
    """A run by its id (or a beginning of it that only one has) or the path of its folder. Raises InputError."""
    path = typed_path(name, "run")
    if (path / "state.json").exists():
        return Run(path.resolve())
    known = run_folders(folder)
    matching = [run for run in known if run.id == name] or [run for run in known if name and run.id.startswith(name)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise InputError(f"run {name!r} could be {', '.join(run.id for run in matching[:4])}: name one of them in full")
    where = folder or runs_folder()
    raise InputError(f"run {name!r} is not in {where}{nearest(name, [r.id for r in known])}: see `clfcore runs`")


def delete(run: Run, folder: Path | None = None) -> None:
    """Remove a run's folder. Raises InputError while it runs or waits, and of all that is no run of `folder`."""
    delete_folder(run.path, (folder or runs_folder()).expanduser())


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
