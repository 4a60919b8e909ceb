"""Runs side by side on one split: their metrics and costs, and each pair with its paired tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clfcore.data.library.specs import display_name
from clfcore.errors import InputError
from clfcore.evaluation.common_items import CommonItems, common_items, have_same_items
from clfcore.evaluation.compare import Comparison, Named, compare
from clfcore.evaluation.metric_catalogue import MetricValues
from clfcore.evaluation.metrics import evaluate
from clfcore.experiments.retrain import is_version_of
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
    """Runs in the order they were named, and all their pairs; html and figures: the files that were written.

    notes: of runs on versions of one dataset, what they are compared on.
    """

    split: str
    runs: tuple[ComparedRun, ...]
    comparison: Comparison
    notes: tuple[str, ...] = ()
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
    """Each run's metrics and known costs, and every pair. Raises InputError where they cannot be paired.

    Runs on versions of one dataset are scored on the items that all of them have, under the labels of the last one.
    """
    split = comparable_split(runs)
    predictions: Sequence[Named] = [(run.id, run.predictions(split)) for run in runs]
    notes: tuple[str, ...] = ()
    common = common_of_versions(runs, predictions)
    if common is not None:
        predictions, notes = common.runs, (versions_note(common, runs[-1].config.data),)
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
    return RunComparison(split=split, runs=tuple(rows), comparison=comparison, notes=notes)


def common_of_versions(runs: Sequence[Run], predictions: Sequence[Named]) -> CommonItems | None:
    """The common items of runs on versions of one dataset, under the labels of the last; None of all other runs.

    predictions: of each run, in the same order. None, too, where the versions have the same items and labels.
    """
    first = runs[0].config.data
    if len(runs) < 2 or not all(is_version_of(run.config.data, first) for run in runs[1:]):
        return None
    return None if have_same_items(predictions) else common_items(predictions)


def versions_note(common: CommonItems, data: str) -> str:
    """A sentence on what runs on versions of one dataset are compared on; data: SPEC of the last run's."""
    changed, items = len(common.relabeled), len(common.before)
    return (
        f"The runs are on versions of one dataset: all are scored on their {items:,} common items, under the labels of "
        f"{display_name(data)}; {changed:,} label{' differs' if changed == 1 else 's differ'} from the first run's, "
        f"{common.left_out:,} item{' is' if common.left_out == 1 else 's are'} left out."
    )
