"""Runs side by side on one split: their metrics and costs, and each pair with its paired tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clfcore.errors import InputError
from clfcore.evaluation.compare import Comparison, compare
from clfcore.evaluation.metric_catalogue import MetricValues
from clfcore.evaluation.metrics import evaluate
from clfcore.results import WHEN_KNOWN, JsonObject, Result
from clfcore.runs import costs
from clfcore.runs.cautions import cautions
from clfcore.runs.folder import Run


@dataclass(frozen=True)
class ComparedRun(Result):
    """One side of a comparison. metrics: of the split that is compared; costs: None where one is not known;
    cautions: what makes the split's score flatter or vague."""

    run: str
    path: Path
    state: str
    config: JsonObject
    metrics: Mapping[str, MetricValues]
    costs: Mapping[str, float | None]
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunComparison(Result):
    """Runs in the order they were named, and all their pairs; html and figures: the files that were written."""

    split: str
    runs: tuple[ComparedRun, ...]
    comparison: Comparison
    html: Path | None = field(default=None, metadata=WHEN_KNOWN)
    figures: tuple[Path, ...] | None = field(default=None, metadata=WHEN_KNOWN)

    def as_json(self) -> JsonObject:
        """The comparison is its `pairs` alone: split and runs are there already."""
        values = super().as_json()
        del values["comparison"]
        return {**values, "pairs": self.comparison.as_dict()["pairs"]}


def comparable_split(runs: Sequence[Run]) -> str:
    """Test where all runs have it, else validation. Raises InputError where one has no predictions."""
    for run in runs:
        if not run.splits:
            raise InputError(f"run {run.id} is {run.state} and has no predictions: let it finish, or resume it")
    return "test" if all("test" in run.splits for run in runs) else "validation"


def compare_runs(runs: Sequence[Run]) -> RunComparison:
    """Each run's metrics and known costs, and every pair. Raises InputError where they cannot be paired."""
    split = comparable_split(runs)
    predictions = [(run.id, run.predictions(split)) for run in runs]
    comparison = compare(predictions)
    rows = (
        ComparedRun(
            run=run.id,
            path=run.path,
            state=run.state,
            config=run.config.model_dump(mode="json"),
            metrics={split: evaluate(answers).as_dict()},
            costs=costs.known(run),
            cautions=cautions(run, split),
        )
        for run, (_, answers) in zip(runs, predictions, strict=True)
    )
    return RunComparison(split=split, runs=tuple(rows), comparison=comparison)
