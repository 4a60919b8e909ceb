"""Facts of a run for its reports: metrics with intervals and baselines, of each split that was evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from clfcore.data.library.names import last_part
from clfcore.errors import InputError
from clfcore.evaluation.baselines import Baselines, baselines
from clfcore.evaluation.intervals import Intervals, headline
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.evaluation.metrics import evaluate_finest
from clfcore.predictions import Predictions
from clfcore.resolved_config import NetworkConfig
from clfcore.runs.cautions import cautions
from clfcore.runs.data_title import dataset_name
from clfcore.runs.folder import Run


@dataclass(frozen=True, eq=False)
class SplitReport:
    """Report of one split: predictions (in a hierarchy the finest level), values, 95% intervals and baselines."""

    split: str
    predictions: Predictions
    values: Mapping[str, float | None]
    intervals: Intervals
    baselines: Baselines | None

    def formatted(self, metric: str) -> str:
        """Value of a metric with its interval: `93.4%, 90.4 to 95.5`."""
        value, interval = self.values.get(metric), self.intervals.get(metric)
        if interval is None:
            return number(metric, value)
        low, high = (number(metric, end).removesuffix("%") for end in interval)
        return f"{number(metric, value)}, {low} to {high}"


def split_reports(run: Run) -> tuple[SplitReport, ...]:
    """Reports of test, then of validation. Raises InputError where the run has neither or they are damaged."""
    splits = [split for split in ("test", "validation") if split in run.splits]
    if not splits:
        raise InputError(f"run {run.id} is {run.state} and has no predictions: let it finish, or resume it")
    return tuple(split_report(run, finest_level(run.predictions(split))) for split in splits)


def split_report(run: Run, predictions: Predictions) -> SplitReport:
    """Report of a run's predictions, or of those of some of its items."""
    counts = np.asarray(run.data.train_counts, np.int64)
    known = predictions.task.kind == "single-label" and len(counts) == len(predictions.classes)
    return SplitReport(
        predictions.split,
        predictions,
        evaluate_finest(predictions).as_dict(),
        headline(predictions),
        baselines(predictions, train_counts=counts if known else None),
    )


def finest_level(predictions: Predictions) -> Predictions:
    """Predictions of the finest level of a hierarchy; other predictions unchanged."""
    if predictions.task.kind != "hierarchical":
        return predictions
    return predictions.level(predictions.task.levels[-1].name)


def number(metric: str, value: float | None) -> str:
    """Text of a metric's value; an en dash where it is missing.

    >>> number("accuracy", 0.9338), number("nll", 0.25), number("ece", None)
    ('93.4%', '0.250', '–')
    """
    if value is None:
        return "–"
    return f"{100 * value:.1f}%" if METRICS[metric].share else f"{value:.3f}"


def shareable(config: NetworkConfig) -> NetworkConfig:
    """Configuration that can be shared: names in place of this machine's paths."""
    return config.model_copy(update={"data": dataset_name(config.data), "weights": _weights_name(config.weights)})


def _weights_name(weights: str | None) -> str | None:
    """Name of the weights; those of a run are named by the run."""
    if weights is None:
        return None
    name = last_part(weights)
    return last_part(weights[: -len(name)]) or name if name == "best.safetensors" else name


def metric_rows(reports: tuple[SplitReport, ...]) -> list[list[str]]:
    """Rows of the metric table: name, a column for each split, and both baselines of the first split."""
    first = reports[0]
    base = first.baselines
    return [
        [
            METRICS[name].title,
            *(report.formatted(name) for report in reports),
            number(name, base.majority.get(name) if base else None),
            number(name, base.chance.get(name) if base else None),
        ]
        for name in METRICS
        if name in first.values
    ]


def metric_head(reports: tuple[SplitReport, ...]) -> list[str]:
    """Column titles of the metric table."""
    splits = [f"{each.split} ({len(each.predictions):,} images), 95% interval" for each in reports]
    return ["metric", *splits, "majority baseline", "chance baseline"]


def limits(run: Run, reports: tuple[SplitReport, ...]) -> list[str]:
    """Limitations of the numbers, a sentence each."""
    sentences = [text for each in reports for text in cautions(run, each.split)]
    first = reports[0].predictions
    support = (first.targets > 0).sum(0) if first.task.kind == "multi-label" else np.bincount(
        first.targets.astype(np.int64), minlength=len(first.classes)
    )  # fmt: skip
    rare = [name for name, n in zip(first.classes, support.tolist(), strict=True) if n < 10]
    if rare:
        listed = ", ".join(rare[:8]) + (f" and {len(rare) - 8} more" if len(rare) > 8 else "")
        sentences.append(f"These classes have fewer than ten {reports[0].split} images: {listed}.")
    drawn = run.data.drawn
    if drawn:
        splits = f"{' and '.join(drawn)} split{'s were' if len(drawn) > 1 else ' was'}"
        sentences.append(f"The {splits} drawn at random from the data: near duplicates may be in several splits.")
    sentences.append("The metrics hold for this data alone: another camera, place or mix of classes may give others.")
    return sentences
