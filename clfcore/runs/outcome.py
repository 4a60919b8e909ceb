"""A run's outcome: what `train`, `resume` and `evaluate` give of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clfcore.errors import InputError
from clfcore.results import WHEN_KNOWN, Result
from clfcore.runs.best_epoch import chosen_by
from clfcore.runs.cautions import cautions
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
    metrics: Mapping[str, Mapping[str, Any]]
    message: str
    cautions: Mapping[str, tuple[str, ...]] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True)
class Evaluation(RunOutcome):
    """A run's outcome with metrics as they were asked for.

    items: of other data, those that could be read; trained_on: how many of them the run, or one that it continues, was
    trained on, None where that is not known any more. thresholds: of several labels, by class. operating: of one
    class, the threshold and what it means on each split.
    """

    items: int | None = field(default=None, metadata=WHEN_KNOWN)
    trained_on: int | None = None
    views: str | None = field(default=None, metadata=WHEN_KNOWN)
    thresholds: Mapping[str, float] | None = field(default=None, metadata=WHEN_KNOWN)
    operating: Mapping[str, Any] | None = field(default=None, metadata=WHEN_KNOWN)

    def as_json(self) -> dict[str, Any]:
        """As of every result; `trained_on` is a key of other data alone, null where it is not known."""
        values = super().as_json()
        if self.items is None:
            del values["trained_on"]
        return values


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


def summary_of(run: Run) -> dict[str, Any]:
    """What `runs --json` prints of a run; a damaged one is named as such instead of hidden."""
    try:
        config, metrics = run.config.model_dump(mode="json"), run.metrics
        state: str = run.state
        return {"run": run.id, "path": str(run.path), "state": state, "config": config, "metrics": metrics}
    except InputError as error:
        return {
            "run": run.id,
            "path": str(run.path),
            "state": "damaged",
            "config": {},
            "metrics": {},
            "error": str(error),
        }
