"""A run's outcome: what `train`, `resume` and `evaluate` give of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from clfcore.errors import InputError
from clfcore.evaluation.metric_catalogue import MetricValues, Score
from clfcore.results import WHEN_KNOWN, JsonObject, Result
from clfcore.runs.best_epoch import chosen_by
from clfcore.runs.cautions import cautions
from clfcore.runs.epoch_count import EpochsDone
from clfcore.runs.folder import Run


@dataclass(frozen=True)
class RunOutcome(Result):
    """State, best epoch and metrics of a run; what it has not reached yet is None or empty.

    metrics: a split, then a metric's name (of a hierarchy: a level, then the name). message: why it failed. cautions:
    of each split that has some, what makes its score flatter or vague.
    """

    run: str
    path: Path
    state: str
    best_epoch: int | None
    chosen_by: str | None
    seconds: float | None
    parameters: Mapping[str, int]
    metrics: Mapping[str, MetricValues]
    message: str
    cautions: Mapping[str, tuple[str, ...]] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True)
class Evaluation(RunOutcome):
    """A run's outcome with metrics as they were asked for.

    items: of other data, those that could be read; trained_on: how many of them the run, or one that it continues, was
    trained on, None where that is not known any more. thresholds: of several labels, by class. left_out: of each
    split that lacks some classes, those that its curves and averages of areas leave out. operating: of one
    class, the threshold and what it means on each split. baselines: of each split that a fitted head was judged on, the
    accuracy of the nearest class mean and of 5 nearest neighbors on the same embeddings.
    """

    items: int | None = field(default=None, metadata=WHEN_KNOWN)
    trained_on: int | None = None
    views: str | None = field(default=None, metadata=WHEN_KNOWN)
    left_out: Mapping[str, tuple[str, ...]] | None = field(default=None, metadata=WHEN_KNOWN)
    thresholds: Mapping[str, float] | None = field(default=None, metadata=WHEN_KNOWN)
    operating: JsonObject | None = field(default=None, metadata=WHEN_KNOWN)
    baselines: Mapping[str, Mapping[str, float]] | None = field(default=None, metadata=WHEN_KNOWN)

    def as_json(self) -> JsonObject:
        """As of every result; `trained_on` is a key of other data alone, null where it is not known."""
        values = super().as_json()
        if self.items is None:
            del values["trained_on"]
        return values


@dataclass(frozen=True)
class RunSummary(Result):
    """A run as `runs` lists it; of a damaged one `error` says what is wrong, and config and metrics are empty.

    name, note, tags: what people call it. score: the task's main metric, on test where the run has it; cautions: what
    makes it flatter or vague. epochs: done, asked, and why it ended before all were done.
    message, history and results: of `show_run` alone.
    """

    run: str
    path: Path
    state: str
    config: JsonObject
    metrics: Mapping[str, MetricValues]
    name: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    created: str | None = None
    score: Score | None = None
    cautions: tuple[str, ...] = ()
    epochs: EpochsDone | None = None
    error: str | None = field(default=None, metadata=WHEN_KNOWN)
    message: str | None = field(default=None, metadata=WHEN_KNOWN)
    history: Sequence[Mapping[str, JsonValue]] | None = field(default=None, metadata=WHEN_KNOWN)
    results: Mapping[str, JsonValue] | None = field(default=None, metadata=WHEN_KNOWN)


def outcome_of(run: Run) -> RunOutcome:
    """What the run's folder holds of it now."""
    results = run.results
    return RunOutcome(
        run=run.id,
        path=run.path,
        state=run.state,
        best_epoch=results.best_epoch,
        chosen_by=chosen_by(run) if results.reached else None,
        seconds=results.seconds,
        parameters=results.parameters.model_dump(exclude_unset=True),
        metrics=results.metrics,
        message=run.message,
        cautions={split: found for split in results.metrics if (found := cautions(run, split))},
    )


def summary_of(run: Run) -> RunSummary:
    """A run as `runs` lists it; a damaged one is named as such instead of hidden."""
    try:
        return RunSummary(run.id, run.path, run.state, run.config.model_dump(mode="json"), run.metrics)
    except InputError as error:
        return RunSummary(run.id, run.path, "damaged", {}, {}, error=str(error))
