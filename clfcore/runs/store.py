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
    metrics.json                metrics, best epoch, seconds, parameters
    speed.json                  what an image costs in time and memory, by machine; absent until measured
    run.lock, queue.lock        held by the process that executes the run, or whose queue it waits in
    stop                        a request to stop: `now` or `epoch`

Unlocked and unfinished means interrupted, at once and without a time-out.
"""

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from clfcore import config as configs
from clfcore.config import RunConfig
from clfcore.errors import Failure, InputError, nearest
from clfcore.files import cannot_write, runs_folder, safe_name, typed_path, write_json, write_text, write_whole
from clfcore.predictions import Predictions

State = Literal["queued", "running", "completed", "cancelled", "failed", "interrupted"]
FINISHED: tuple[State, ...] = ("completed", "cancelled", "failed")
RESUMABLE: tuple[State, ...] = ("interrupted", "cancelled", "failed")


@dataclass(frozen=True)
class Run:
    """A run, known by its folder. Every property reads the disk, so that what is seen is what is."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def config(self) -> RunConfig:
        """Raises InputError where config.json is absent, damaged or does not fit."""
        return configs.make(self._read("config.json"))

    @property
    def state(self) -> State:
        stored = self.status.get("state", "interrupted")
        if stored in FINISHED:
            return stored
        if is_locked(self.path / "run.lock"):
            return "running"
        return "queued" if is_locked(self.path / "queue.lock") else "interrupted"

    @property
    def status(self) -> dict[str, Any]:
        """What state.json holds: state, message, created, started, finished."""
        return self._read("state.json", {})

    @property
    def message(self) -> str:
        return str(self.status.get("message", ""))

    @property
    def history(self) -> list[dict[str, Any]]:
        """One dict an epoch; a last line cut short by a kill is left out."""
        lines = []
        with contextlib.suppress(FileNotFoundError):
            for line in (self.path / "history.jsonl").read_text(encoding="utf-8").splitlines():
                with contextlib.suppress(ValueError):
                    lines.append(json.loads(line))
        return lines

    @property
    def progress(self) -> dict[str, Any]:
        with contextlib.suppress(InputError):
            return self._read("progress.json", {})
        return {}

    @property
    def results(self) -> dict[str, Any]:
        """What metrics.json holds: best_epoch, seconds, parameters, metrics; empty before the end."""
        return self._read("metrics.json", {})

    @property
    def metrics(self) -> dict[str, Any]:
        return self.results.get("metrics", {})

    @property
    def data(self) -> dict[str, Any]:
        return self._read("data.json", {})

    @property
    def classifier(self) -> dict[str, Any]:
        return self._read("classifier.json")

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have predictions, validation first."""
        return tuple(s for s in ("validation", "test", "train") if (self.path / f"predictions-{s}.npz").exists())

    def predictions(self, split: str) -> Predictions:
        """What was stored of a split, with the thresholds that the run keeps now."""
        from clfcore.runs.thresholds import thresholds_of

        found = Predictions.load(self.path / f"predictions-{split}.npz")
        return replace(found, thresholds=thresholds_of(self)) if found.task.kind == "multi-label" else found

    def predicted_at(self, split: str) -> float:
        """When a split's predictions, or the thresholds they are read with, last changed; for what is kept of them."""
        files = (self.path / f"predictions-{split}.npz", self.path / "thresholds.json")
        return max(file.stat().st_mtime if file.exists() else 0.0 for file in files)

    def summary(self) -> dict[str, Any]:
        """What `runs --json` prints of a run; a damaged one is named as such instead of hidden."""
        try:
            config, metrics = self.config.model_dump(mode="json"), self.metrics
            state: str = self.state
            return {"run": self.id, "path": str(self.path), "state": state, "config": config, "metrics": metrics}
        except InputError as error:
            return {
                "run": self.id,
                "path": str(self.path),
                "state": "damaged",
                "config": {},
                "metrics": {},
                "error": str(error),
            }

    def write(self, name: str, value: Any) -> None:
        write_json(self.path / name, value)

    def set_state(self, state: State, message: str = "") -> None:
        stamp = {"queued": "created", "running": "started"}.get(state, "finished")
        write_json(self.path / "state.json", {**self.status, "state": state, "message": message, stamp: now()})

    def record(self, line: dict[str, Any]) -> None:
        """Append one epoch to the history."""
        with (self.path / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")

    def drop_history_after(self, epoch: int) -> None:
        """On resume, what came after the checkpoint never happened."""
        kept = [json.dumps(line, allow_nan=False) for line in self.history if line["epoch"] <= epoch]
        write_text(self.path / "history.jsonl", "".join(line + "\n" for line in kept))

    def save_checkpoint(self, values: dict[str, Any]) -> None:
        """Write the checkpoint whole or not at all; the one before it stands until then."""
        import torch

        def write(partial: Path) -> None:
            try:
                torch.save(values, partial)
            except RuntimeError as error:  # torch reports a full disk as a RuntimeError of its archive writer
                raise Failure(
                    f"{self.path / 'checkpoint.pt'} was not written ({_first_line(error)}): free space"
                ) from error

        write_whole(self.path / "checkpoint.pt", write)

    def load_checkpoint(self) -> dict[str, Any] | None:
        """The last checkpoint, or None where there is none. Raises InputError where it is damaged."""
        import torch

        path = self.path / "checkpoint.pt"
        if not path.exists():
            return None
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise InputError(
                f"{path} is damaged ({_first_line(error)}): delete it to train the run from its start"
            ) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for execution. Raises InputError where another process holds it."""
        lock = FileLock(self.path / "run.lock", timeout=1.0, poll_interval=0.02, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            raise InputError(
                f"run {self.id} is being executed by another process: wait for it, or stop it first"
            ) from None
        except OSError as error:
            raise cannot_write(self.path / "run.lock", error) from error
        try:
            yield
        finally:
            lock.release()

    def request_stop(self, *, after_epoch: bool = False) -> None:
        write_text(self.path / "stop", "epoch" if after_epoch else "now")

    def stop_requested(self) -> Literal["now", "epoch"] | None:
        try:
            return "epoch" if (self.path / "stop").read_text() == "epoch" else "now"
        except FileNotFoundError:
            return None

    def clear_stop(self) -> None:
        (self.path / "stop").unlink(missing_ok=True)

    def _read(self, name: str, default: dict[str, Any] | None = None) -> dict[str, Any]:
        path = self.path / name
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            if default is not None:
                return default
            raise InputError(f"run {self.id} has no {name}: the folder {self.path} is not a whole run") from None
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path} is damaged ({_first_line(error)}): the run cannot be read; delete or restore it"
            ) from None
        if not isinstance(value, dict):
            raise InputError(f"{path} is damaged (no JSON object): the run cannot be read; delete or restore it")
        return value


def create(config: RunConfig, folder: Path | None = None) -> Run:
    """A new run's folder, written before torch is imported. Raises Failure where the folder cannot be written."""
    folder = folder or runs_folder()
    if Path(config.data).exists() and (os.sep in config.data or Path(config.data).suffix):
        config = config.changed(data=str(Path(config.data).resolve()))  # the run goes on from any working folder
    elif config.data.startswith("nested:"):
        config = config.changed(data=f"nested:{Path(config.data.removeprefix('nested:')).expanduser().resolve()}")
    data = Path(config.data).stem if Path(config.data).suffix else Path(config.data).name
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    name = f"{stamp}-{safe_name(config.architecture, most=24)}-{safe_name(data, most=20)}-{secrets.token_hex(2)}"
    path = folder.expanduser().resolve() / name
    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    run = Run(path)
    run.write("config.json", config.model_dump(mode="json"))
    run.set_state("queued")
    return run


def runs(folder: Path | None = None) -> list[Run]:
    """All runs of a folder, newest first; a folder without state.json is no run."""
    folder = (folder or runs_folder()).expanduser()
    if not folder.is_dir():
        return []
    return [Run(path.parent) for path in sorted(folder.glob("*/state.json"), key=lambda p: p.parent.name, reverse=True)]


def open_run(name: str, folder: Path | None = None) -> Run:
    """A run by its id (or a beginning of it that only one has) or the path of its folder. Raises InputError."""
    path = typed_path(name, "run")
    if (path / "state.json").exists():
        return Run(path.resolve())
    known = runs(folder)
    found = [run for run in known if run.id == name] or [run for run in known if name and run.id.startswith(name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"run {name!r} could be {', '.join(run.id for run in found[:4])}: name one of them in full")
    where = folder or runs_folder()
    raise InputError(f"run {name!r} is not in {where}{nearest(name, [r.id for r in known])}: see `clfcore runs`")


def delete(run: Run) -> None:
    """Remove a run's folder. Raises InputError while it runs or waits."""
    if run.state in ("running", "queued"):
        raise InputError(f"run {run.id} is {run.state}: stop it before it is deleted")
    try:
        shutil.rmtree(run.path)
    except OSError as error:
        raise cannot_write(run.path, error) from error


def is_locked(path: Path) -> bool:
    """Whether a process holds this lock file; a file that cannot be opened is held by nobody here."""
    if not path.exists():
        return False
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]
