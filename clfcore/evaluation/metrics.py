"""The headline metrics of predictions, under the names of `metric_catalogue`.

A metric that is undefined (no items; no class with both positive and negative items) is None, never NaN.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from clfcore.evaluation.auc import areas_under_curves
from clfcore.evaluation.counts import binned, confusion_counts, label_rates, rates
from clfcore.evaluation.metric_catalogue import MetricValues
from clfcore.evaluation.outcomes import Outcomes, one_label, outcomes
from clfcore.predictions import Predictions

BINS = 15  # of the expected calibration error


@dataclass(frozen=True)
class SingleLabel:
    """Fractions from 0 to 1, as scikit-learn defines them; nll in nats.

    Macro precision, recall and F1 are means over the classes that occur in truth or predictions (undefined counts
    as 0), balanced accuracy over those in truth, macro_auc over those with positive and negative items (one-vs-rest;
    with two classes the binary AUC). ece: 15 equal bins of the top probability (Guo et al. 2017).
    """

    items: int
    right: int
    classes: int
    accuracy: float | None
    balanced_accuracy: float | None
    top5_accuracy: float | None
    macro_precision: float | None
    macro_recall: float | None
    macro_f1: float | None
    macro_auc: float | None
    nll: float | None
    ece: float | None

    def as_dict(self) -> Mapping[str, float | None]:
        """Name -> value. top5_accuracy is left out at five classes or fewer, where it says nothing."""
        values = asdict(self)
        hidden = {"items", "right", "classes"} | ({"top5_accuracy"} if self.classes <= 5 else set())
        return {name: value for name, value in values.items() if name not in hidden}


@dataclass(frozen=True)
class MultiLabel:
    """Fractions from 0 to 1. A label is predicted where its probability reaches its threshold.

    mean_average_precision and macro_auc are means over the labels for which they are defined, macro_f1 over all labels
    (undefined counts as 0), as scikit-learn does.
    """

    items: int
    mean_average_precision: float | None
    micro_f1: float | None
    macro_f1: float | None
    subset_accuracy: float | None
    hamming_loss: float | None
    macro_auc: float | None

    def as_dict(self) -> Mapping[str, float | None]:
        """Name -> value."""
        values = asdict(self)
        values.pop("items")
        return values


@dataclass(frozen=True)
class Hierarchical:
    """The single-label metrics of each level, the finest last, and the share of items predicted along a real path."""

    levels: Mapping[str, SingleLabel]
    consistency: float | None

    def as_dict(self) -> MetricValues:
        """Name of a level -> its metrics, and `consistency`."""
        return {**{name: level.as_dict() for name, level in self.levels.items()}, "consistency": self.consistency}


Metrics = SingleLabel | MultiLabel | Hierarchical


def evaluate(
    predictions: Predictions,
    *,
    paths: Sequence[Sequence[int]] | np.ndarray | None = None,
    thresholds: Sequence[float] | np.ndarray | None = None,
    ranked: bool = True,
) -> Metrics:
    """All headline metrics of the task.

    paths: the real paths of a hierarchical task, P x L class indices; None: those of the task, or where it has none
    those that the targets show, which misses a real path that no item of the split takes. thresholds: C
    probabilities of a multi-label task; None: the predictions' own, or where they have none 0.5 each.
    ranked: False leaves macro_auc None: the one single-label metric that takes a second at 50,000 x 1,000.
    """
    if predictions.task.kind == "hierarchical":
        return evaluate_levels(predictions, paths=paths, ranked=ranked)
    return evaluate_finest(predictions, thresholds=thresholds, ranked=ranked)


def evaluate_finest(
    predictions: Predictions,
    *,
    thresholds: Sequence[float] | np.ndarray | None = None,
    ranked: bool = True,
) -> SingleLabel | MultiLabel:
    """The headline metrics, of a hierarchical task at its finest level; see `evaluate`."""
    if predictions.task.kind == "multi-label":
        return _multi_label(predictions, thresholds)
    return _single_label(one_label(predictions), ranked=ranked)


def evaluate_levels(
    predictions: Predictions, *, paths: Sequence[Sequence[int]] | np.ndarray | None = None, ranked: bool = True
) -> Hierarchical:
    """The headline metrics of a hierarchical task, level by level; see `evaluate`."""
    names = [level.name for level in predictions.task.levels]
    levels = {name: _single_label(predictions.level(name), ranked=ranked) for name in names}
    real = consistent(predictions, paths=paths)
    return Hierarchical(levels, float(real.mean()) if len(real) else None)


def score(predictions: Predictions) -> float:
    """What validation chooses the best epoch by, higher is better: accuracy, mean average precision (0 where no label
    occurs), or the accuracy of the finest level."""
    if len(predictions) == 0:
        return 0.0
    if predictions.task.kind == "multi-label":
        return _mean(areas_under_curves(predictions).average_precision) or 0.0
    finest = predictions.logits[:, predictions.task.slices[-1]]
    truth = predictions.targets if predictions.targets.ndim == 1 else predictions.targets[:, -1]
    return float((finest.argmax(axis=1) == truth).mean())


def consistent(predictions: Predictions, *, paths: Sequence[Sequence[int]] | np.ndarray | None = None) -> np.ndarray:
    """N bool: the predicted levels form a real path; see `evaluate` for `paths`."""
    real = {tuple(map(int, path)) for path in known_paths(predictions, paths)}
    predicted = np.stack([predictions.logits[:, part].argmax(axis=1) for part in predictions.task.slices], axis=1)
    return np.array([tuple(path) in real for path in predicted.tolist()], dtype=bool)


def known_paths(
    predictions: Predictions, paths: Sequence[Sequence[int]] | np.ndarray | None = None
) -> Sequence[Sequence[int]] | np.ndarray:
    """The paths given, else the task's, else those that the targets show."""
    return paths if paths is not None else predictions.task.paths or predictions.targets


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, *, bins: int = BINS) -> float | None:
    """Mean gap of confidence and accuracy over equal bins (low, high], weighted by items (Guo et al. 2017)."""
    return binned(confidence, right, bins).calibration_error if len(confidence) else None


def _single_label(predictions: Predictions, *, ranked: bool) -> SingleLabel:
    done = outcomes(predictions)
    n, classes = len(done), done.classes
    if n == 0:
        return SingleLabel(0, 0, classes, *[None] * 9)
    class_rates = rates(confusion_counts(done.truth, done.predicted, classes))
    right = int(done.right.sum())
    return SingleLabel(
        items=n,
        right=right,
        classes=classes,
        accuracy=right / n,
        balanced_accuracy=float(class_rates.recall[class_rates.support > 0].mean()),
        top5_accuracy=float((done.rank < 5).mean()) if classes > 5 else None,
        macro_precision=float(class_rates.precision[class_rates.occurs].mean()),
        macro_recall=float(class_rates.recall[class_rates.occurs].mean()),
        macro_f1=float(class_rates.f1[class_rates.occurs].mean()),
        macro_auc=_macro_auc(predictions, done) if ranked else None,
        nll=float(done.loss.mean()),
        ece=expected_calibration_error(done.confidence, done.right),
    )


def _macro_auc(predictions: Predictions, done: Outcomes) -> float | None:
    each = areas_under_curves(predictions, known=done).auc
    return _mean(each[1:] if done.classes == 2 else each)


def _multi_label(predictions: Predictions, thresholds: Sequence[float] | np.ndarray | None) -> MultiLabel:
    n = len(predictions)
    if n == 0:
        return MultiLabel(0, *[None] * 6)
    truth = predictions.targets > 0
    predicted = decide(predictions, thresholds)
    area = areas_under_curves(predictions)
    per_label = label_rates(truth, predicted)
    wrong = truth != predicted
    return MultiLabel(
        items=n,
        mean_average_precision=_mean(area.average_precision),
        micro_f1=float(per_label.pooled.f1),
        macro_f1=float(per_label.f1.mean()),
        subset_accuracy=float((~wrong.any(axis=1)).mean()),
        hamming_loss=float(wrong.mean()),
        macro_auc=_mean(area.auc),
    )


def decide(predictions: Predictions, thresholds: Sequence[float] | np.ndarray | None = None) -> np.ndarray:
    """N x C bool: the labels whose probability reaches their threshold; by default the predictions' own, else 0.5."""
    thresholds = predictions.thresholds if thresholds is None else thresholds
    if thresholds is None:
        return predictions.logits >= 0
    return predictions.probabilities() >= np.asarray(thresholds, np.float64)


def _mean(values: np.ndarray) -> float | None:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else None
