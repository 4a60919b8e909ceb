"""What a report says of a run, gathered once: numbers with intervals and baselines, of each split that was judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clfcore.config import RunConfig
from clfcore.data.importers.readings import parted
from clfcore.errors import InputError
from clfcore.evaluation.baselines import Baselines, baselines
from clfcore.evaluation.intervals import headline
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.evaluation.metrics import evaluate_finest
from clfcore.predictions import Predictions
from clfcore.runs.folder import Run

SMALL = 200  # items below which a sample is called small


@dataclass(frozen=True, eq=False)
class SplitReport:
    """One split: predictions (of a hierarchy the finest level), values, 95 % intervals and baselines by metric."""

    split: str
    predictions: Predictions
    values: Mapping[str, Any]
    intervals: Mapping[str, Any]
    baselines: Baselines | None

    def written(self, metric: str) -> str:
        """`93.4 %, 90.4 to 95.5`: the value with its interval."""
        value, interval = self.values.get(metric), self.intervals.get(metric)
        if interval is None:
            return number(metric, value)
        low, high = (number(metric, end).removesuffix(" %") for end in interval)
        return f"{number(metric, value)}, {low} to {high}"


def split_reports(run: Run) -> tuple[SplitReport, ...]:
    """Test first, then validation. Raises InputError where the run has neither or they are damaged."""
    splits = [split for split in ("test", "validation") if split in run.splits]
    if not splits:
        raise InputError(f"run {run.id} is {run.state} and has no predictions: let it finish, or resume it")
    return tuple(_judged(run, split) for split in splits)


def _judged(run: Run, split: str) -> SplitReport:
    predictions = finest_level(run.predictions(split))
    counts = np.asarray(run.data.get("train_counts", []), np.int64)
    known = predictions.task.kind == "single-label" and len(counts) == len(predictions.classes)
    return SplitReport(
        split,
        predictions,
        evaluate_finest(predictions).as_dict(),
        headline(predictions),
        baselines(predictions, train_counts=counts if known else None),
    )


def finest_level(predictions: Predictions) -> Predictions:
    """The finest level of a hierarchy; other predictions as they are."""
    if predictions.task.kind != "hierarchical":
        return predictions
    return predictions.level(predictions.task.levels[-1].name)


def number(metric: str, value: float | None) -> str:
    """
    >>> number("accuracy", 0.9338), number("nll", 0.25), number("ece", None)
    ('93.4 %', '0.250', '–')
    """
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if METRICS[metric].share else f"{value:.3f}"


def shareable(config: RunConfig) -> RunConfig:
    """The configuration with names where it has paths of this machine, for a report that leaves it."""
    return config.model_copy(update={"data": dataset_name(config.data), "weights": _weights_name(config.weights)})


def dataset_name(spec: str) -> str:
    """A SPEC without the folders above it.

    >>> dataset_name("/home/ada/photos/"), dataset_name("nested:/home/ada/signs"), dataset_name("shapes:count=60")
    ('photos', 'nested:signs', 'shapes:count=60')
    """
    reading, path = parted(spec)
    return reading.before(_last(path))


def _weights_name(weights: str | None) -> str | None:
    """A run's weights are named by the run."""
    if weights is None:
        return None
    name = _last(weights)
    return _last(weights[: -len(name)]) or name if name == "best.safetensors" else name


def _last(path: str) -> str:
    return path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1] or path


def metric_rows(found: tuple[SplitReport, ...]) -> list[list[str]]:
    """A row a metric: its name, a column a split, and both baselines of the first split."""
    first = found[0]
    base = first.baselines
    return [
        [
            METRICS[name].title,
            *(one.written(name) for one in found),
            number(name, base.majority.get(name) if base else None),
            number(name, base.chance.get(name) if base else None),
        ]
        for name in METRICS
        if name in first.values
    ]


def metric_head(found: tuple[SplitReport, ...]) -> list[str]:
    splits = [f"{one.split} ({len(one.predictions):,} images), 95 % interval" for one in found]
    return ["metric", *splits, "always the most frequent", "even guesses"]


def limits(run: Run, found: tuple[SplitReport, ...]) -> list[str]:
    """What a reader must know before the numbers are trusted, a sentence each."""
    said = []
    if found[0].split != "test":
        said.append("There is no test split: validation chose the best epoch, so its numbers are a little kind.")
    for one in found:
        if len(one.predictions) < SMALL:
            said.append(f"{len(one.predictions):,} {one.split} images are a small sample: see the intervals.")
    first = found[0].predictions
    support = (first.targets > 0).sum(0) if first.task.kind == "multi-label" else np.bincount(
        first.targets.astype(np.int64), minlength=len(first.classes)
    )  # fmt: skip
    rare = [name for name, n in zip(first.classes, support.tolist(), strict=True) if n < 10]
    if rare:
        listed = ", ".join(rare[:8]) + (f" and {len(rare) - 8} more" if len(rare) > 8 else "")
        said.append(f"Of these classes fewer than ten {found[0].split} images were seen: {listed}.")
    drawn = run.data.get("drawn")
    if drawn:
        said.append(
            f"The lab drew {' and '.join(drawn)} at random from the data: near duplicates may stand on both sides."
        )
    said.append("The numbers are of this data alone: another camera, place, or mix of classes may give others.")
    return said
