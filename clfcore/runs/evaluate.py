"""A run's metrics as asked: its own thresholds and decoding, or others for this one answer. Validation chooses."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

from clfcore.errors import InputError, unknown
from clfcore.evaluation import thresholds as evaluation_thresholds
from clfcore.evaluation.metric_catalogue import MetricValues
from clfcore.evaluation.metrics import evaluate
from clfcore.evaluation.missing_classes import missing_classes
from clfcore.hierarchy import Decoding, redecoded
from clfcore.predictions import Predictions
from clfcore.results import JsonObject
from clfcore.runs.folder import Run


@dataclass(frozen=True)
class Choice:
    """What `evaluate` is asked to choose; None: as the run has it. positive: a class, with one of the three below."""

    thresholds: evaluation_thresholds.Goal | None = None
    wanted: float = 0.9
    decoding: Decoding | None = None
    positive: str | None = None
    sensitivity: float | None = None
    precision: float | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        for name, known in (("thresholds", evaluation_thresholds.Goal), ("decoding", Decoding)):
            value = getattr(self, name)
            if value is not None and value not in get_args(known):
                raise unknown(name, value, get_args(known))
        if self.positive is None and (self.sensitivity, self.precision, self.threshold) != (None, None, None):
            raise InputError("sensitivity, precision and threshold are of one class: name it with positive")


@dataclass(frozen=True)
class ChosenMetrics:
    """Metrics a split; of several labels the thresholds by label; of a positive class its operating point."""

    metrics: Mapping[str, MetricValues]
    thresholds: Mapping[str, float] | None
    operating: JsonObject | None  # the class, its threshold, and what that means on each split
    left_out: Mapping[str, tuple[str, ...]] | None  # of each split that lacks some classes, those


def metrics_of(run: Run, splits: Mapping[str, Predictions], choice: Choice) -> ChosenMetrics:
    """The metrics of some splits as `choice` asks for them. Raises InputError where it does not fit the task."""
    if choice.decoding is not None:
        splits = {name: _redecoded(run, predictions, choice.decoding) for name, predictions in splits.items()}
    first = next(iter(splits.values()))
    kind, thresholds = first.task.kind, first.thresholds
    if choice.thresholds is not None:
        if kind != "multi-label":
            raise InputError(f"thresholds is {choice.thresholds!r} and the run is {kind}: name one class with positive")
        chosen = evaluation_thresholds.choose_label_thresholds(
            run.predictions("validation"), choice.thresholds, wanted=choice.wanted
        )
        thresholds = chosen.values if chosen else None
        splits = {name: replace(predictions, thresholds=thresholds) for name, predictions in splits.items()}
    metrics = {name: evaluate(predictions).as_dict() for name, predictions in splits.items()}
    by_label = None if thresholds is None else dict(zip(first.classes, thresholds, strict=True))
    operating: JsonObject | None = None
    if choice.positive is not None:
        threshold = evaluation_thresholds.choose_operating_point(
            run.predictions("validation"),
            choice.positive,
            sensitivity=choice.sensitivity,
            precision=choice.precision,
            threshold=choice.threshold,
        )
        reports = {
            name: evaluation_thresholds.report_operating_point(predictions, choice.positive, threshold).as_dict()
            for name, predictions in splits.items()
        }
        chosen_on = "validation" if choice.threshold is None else None
        operating = {"class": choice.positive, "threshold": threshold, "chosen_on": chosen_on, **reports}
    left_out = {name: names for name, predictions in splits.items() if (names := missing_classes(predictions).names)}
    return ChosenMetrics(metrics, by_label, operating, left_out or None)


def _redecoded(run: Run, predictions: Predictions, how: Decoding) -> Predictions:
    before = run.config.decoding
    if predictions.task.kind != "hierarchical":
        raise InputError(f"decoding is {how!r} and the run is {predictions.task.kind}: it is for hierarchies")
    if before not in ("levels", how):
        raise InputError(f"decoding is {how!r}: the run was trained with {before!r}, and keeps only that")
    return predictions if before == how else redecoded(predictions, how)
