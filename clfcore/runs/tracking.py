"""Experiment trackers: a run's epochs and metrics, also written to TensorBoard, MLflow or Weights & Biases.

A tracker that fails never fails the run: it is left with one warning in the run's log. What it writes is what the run's
folder holds, so that nothing is lost with it.
"""

import contextlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clfcore import heavy_imports
from clfcore.config import RunConfig
from clfcore.errors import InputError, brief
from clfcore.files import data_root, typed_path
from clfcore.logs import log
from clfcore.results import Json
from clfcore.runs.folder import Run
from clfcore.runs.records import EpochRecord
from clfcore.tracker_target import track_parts

PACKAGES: Mapping[str, str] = {"tensorboard": "tensorboard", "mlflow": "mlflow", "wandb": "wandb"}
PROJECT = "clflab"


class Sink(Protocol):
    """A tracker, opened for one run."""

    def scalars(self, values: Mapping[str, float], epoch: int) -> None: ...

    def close(self) -> None: ...


def check_tracking(track: str | None) -> None:
    """Raise InputError where a run's tracker is not installed, or this lab is shared; before the run is made."""
    if track is None:
        return
    name, _ = track_parts(track)
    if data_root() is not None:
        raise InputError(f"track is {brief(track)}: this lab is shared and writes to no tracker; leave it out")
    if importlib.util.find_spec(PACKAGES[name]) is None:
        raise InputError(
            f"track is {brief(track)}: it needs the package {PACKAGES[name]}: pip install 'clflab[{name}]'"
        )


def with_absolute_target(track: str | None) -> str | None:
    """A tracker whose folder is found from any working folder."""
    if track is None or not track.startswith("tensorboard:"):
        return track
    return f"tensorboard:{typed_path(track_parts(track).target, 'track').absolute()}"


class Tracker:
    """The tracker of a run, or none. After its first fault it is silent."""

    def __init__(self, sink: Sink | None = None) -> None:
        self._sink = sink

    def epoch(self, record: EpochRecord) -> None:
        """An epoch of history, each of its numbers."""
        values = {name: value for name, value in _flat(record.as_dict(), "") if name != "epoch"}
        self._write(lambda sink: sink.scalars(values, record.epoch))

    def finish(self, metrics: Mapping[str, Mapping[str, Json]], epoch: int) -> None:
        """The metrics of each split, of the best epoch; the tracker is closed."""
        values = dict(_flat(metrics, ""))
        self._write(lambda sink: sink.scalars(values, epoch))
        self.close()

    def close(self) -> None:
        """Also where the run did not end: what was written until then is whole."""
        sink, self._sink = self._sink, None
        if sink is not None:
            with _only_warned():
                sink.close()

    def _write(self, write: Callable[[Sink], None]) -> None:
        if self._sink is not None:
            with _only_warned():
                write(self._sink)
                return
            self._sink = None  # the warning was said once


def open_tracker(run: Run, config: RunConfig) -> Tracker:
    """The tracker that a configuration asks for; where it cannot be opened the run goes on without it."""
    if config.track is None:
        return Tracker()
    name, target = track_parts(config.track)
    first = len(run.history) + 1  # of a resumed run, what came after its checkpoint never happened
    with _only_warned():
        return Tracker(_OPENERS[name](run, config, target, first))
    return Tracker()


@contextlib.contextmanager
def _only_warned() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of three libraries and their hosts
        log.warning("tracking ended (%s: %s): the run goes on without it", type(error).__name__, error)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _flat(values: Mapping[str, Json], before: str) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}/")
        elif _is_number(value):
            yield f"{before}{name}", float(value)


def _parameters(config: RunConfig) -> dict[str, str]:
    values = config.model_dump(mode="json")
    recipe = values.pop("recipe")
    return {name: str(value)[:250] for name, value in {**values, **recipe}.items() if value not in (None, {})}


@dataclass
class _TensorBoard:
    writer: Json

    def scalars(self, values: Mapping[str, float], epoch: int) -> None:
        for name, value in values.items():
            self.writer.add_scalar(name, value, epoch)
        self.writer.flush()

    def close(self) -> None:
        self.writer.close()


def _tensorboard(run: Run, config: RunConfig, target: str, first: int) -> Sink:
    heavy_imports.load("torch")
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(typed_path(target, "track") / run.id), purge_step=first)
    if first == 1:
        writer.add_text("configuration", f"```json\n{config.as_json()}\n```")
    return _TensorBoard(writer)


@dataclass
class _MLflow:
    client: Json
    run_id: str

    def scalars(self, values: Mapping[str, float], epoch: int) -> None:
        for name, value in values.items():
            self.client.log_metric(self.run_id, name, value, step=epoch)

    def close(self) -> None:
        self.client.set_terminated(self.run_id)


def _mlflow(run: Run, config: RunConfig, target: str, first: int) -> Sink:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=target)
    known = client.get_experiment_by_name(PROJECT)
    experiment = known.experiment_id if known else client.create_experiment(PROJECT)
    tagged = client.search_runs([experiment], f"tags.clflab = '{run.id}'", max_results=1)
    if tagged:  # it was resumed
        return _MLflow(client, tagged[0].info.run_id)
    made = client.create_run(experiment, run_name=run.id, tags={"clflab": run.id})
    for name, value in _parameters(config).items():
        client.log_param(made.info.run_id, name, value)
    return _MLflow(client, made.info.run_id)


@dataclass
class _Wandb:
    run: Json

    def scalars(self, values: Mapping[str, float], epoch: int) -> None:
        self.run.log({**values, "epoch": epoch})

    def close(self) -> None:
        self.run.finish()


def _wandb(run: Run, config: RunConfig, target: str, first: int) -> Sink:
    import wandb

    folder = Path(run.path).parent
    return _Wandb(
        wandb.init(
            project=target or PROJECT,
            id=run.id,
            name=run.id,
            config=_parameters(config),
            resume="allow",
            dir=str(folder),
        )
    )


_OPENERS: Mapping[str, Callable[[Run, RunConfig, str, int], Sink]] = {
    "tensorboard": _tensorboard,
    "mlflow": _mlflow,
    "wandb": _wandb,
}
