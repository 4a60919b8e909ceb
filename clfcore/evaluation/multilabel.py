"""Several labels an item: thresholds chosen on validation data, labels that go together, each label's own errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from clfcore.errors import InputError, unknown
from clfcore.evaluation.curves import sweep
from clfcore.evaluation.metrics import decide
from clfcore.evaluation.operating_point import OperatingPoint
from clfcore.predictions import Predictions

Goal = Literal["f1", "precision", "recall"]


@dataclass(frozen=True)
class Thresholds:
    """A probability a label, in the task's order. left: labels that keep 0.5, for validation has no item of them or
    the wanted value cannot be reached."""

    values: tuple[float, ...]
    goal: Goal
    left: tuple[str, ...]


def choose_thresholds(validation: Predictions, goal: Goal = "f1", *, wanted: float = 0.9) -> Thresholds:
    """A threshold a label: with the highest F1, or the most found at a precision, or the fewest false at a recall.

    wanted: the precision or recall to reach, above 0 and at most 1. Thresholds lie halfway between two probabilities
    that were seen. Choose on validation data, never on what is judged with them.
    """
    _several(validation)
    if goal not in get_args(Goal):
        raise unknown("goal", goal, get_args(Goal))
    if not 0 < wanted <= 1:
        raise InputError(f"wanted is {wanted:g}: it must be above 0 and at most 1")
    scores, truth = validation.probabilities(), validation.targets > 0
    values, left = [], []
    for c, name in enumerate(validation.classes):
        threshold = _threshold(scores[:, c], truth[:, c], goal, value=wanted)
        values.append(0.5 if threshold is None else threshold)
        if threshold is None:
            left.append(name)
    return Thresholds(tuple(values), goal, tuple(left))


def panels(
    predictions: Predictions, *, thresholds: Sequence[float] | np.ndarray | None = None
) -> tuple[OperatingPoint, ...]:
    """The 2 x 2 counts of each label at its threshold (by default its own, else 0.5), in the task's order."""
    _several(predictions)
    thresholds = predictions.thresholds if thresholds is None else thresholds
    truth, predicted = predictions.targets > 0, decide(predictions, thresholds)
    at = np.full(len(predictions.classes), 0.5) if thresholds is None else np.asarray(thresholds, np.float64)
    counts = np.stack(
        [
            (predicted & truth).sum(0),
            (predicted & ~truth).sum(0),
            (~predicted & truth).sum(0),
            (~predicted & ~truth).sum(0),
        ]
    )
    return tuple(
        OperatingPoint(name, float(t), *four)
        for name, t, four in zip(predictions.classes, at, counts.T.tolist(), strict=True)
    )


@dataclass(frozen=True, eq=False)
class CoOccurrence:
    """C x C int64 each: items that have both labels, in truth and as predicted; on the diagonal, items of one label."""

    classes: tuple[str, ...]
    truth: np.ndarray
    predicted: np.ndarray

    def describe(self) -> str:
        """One sentence, for those who cannot see the picture."""
        both = np.triu(self.truth, 1)
        if not both.any():
            return "No two labels stand on one item."
        a, b = np.unravel_index(both.argmax(), both.shape)
        return f"Most often together: {self.classes[a]} and {self.classes[b]}, on {both[a, b]:,} items."


def co_occurrence(predictions: Predictions, *, thresholds: Sequence[float] | np.ndarray | None = None) -> CoOccurrence:
    """How often two labels stand on one item, in truth and as predicted."""
    _several(predictions)
    both = [
        x.astype(np.float64) for x in (predictions.targets > 0, decide(predictions, thresholds))
    ]  # BLAS is exact here
    truth, predicted = ((x.T @ x).round().astype(np.int64) for x in both)
    return CoOccurrence(predictions.classes, truth, predicted)


@dataclass(frozen=True)
class LabelCase:
    """One decision about one label of one item. truth: the item has the label; said: the classifier says so."""

    index: int
    id: str
    label: str
    truth: bool
    said: bool
    probability: float
    labels: tuple[str, ...]


def mistaken_labels(
    predictions: Predictions, n: int = 24, *, thresholds: Sequence[float] | np.ndarray | None = None
) -> tuple[LabelCase, ...]:
    """The n wrong decisions furthest on the wrong side of 0.5, the surest first; labels: the item's true ones."""
    _several(predictions)
    p, truth, predicted = predictions.probabilities(), predictions.targets > 0, decide(predictions, thresholds)
    rows, columns = np.nonzero(predicted != truth)
    sure = np.where(predicted, p, 1 - p)[rows, columns]
    chosen = np.argsort(-sure, kind="stable")[: max(n, 0)]
    return tuple(
        LabelCase(
            i,
            predictions.ids[i],
            predictions.classes[c],
            bool(truth[i, c]),
            bool(predicted[i, c]),
            float(p[i, c]),
            tuple(predictions.classes[k] for k in np.flatnonzero(truth[i])),
        )
        for i, c in zip(rows[chosen].tolist(), columns[chosen].tolist(), strict=True)
    )


def _threshold(scores: np.ndarray, truth: np.ndarray, goal: Goal, *, value: float) -> float | None:
    """The threshold of one label, N scores and truths; None where the precision or recall cannot be reached."""
    if not truth.any():
        return None
    thresholds, hits, taken = sweep(scores, truth)
    if goal == "f1":
        best = int(np.argmax(2 * hits / (taken + truth.sum())))
    elif goal == "recall":
        best = int(np.argmax(hits / truth.sum() >= value - 1e-12))
    else:
        reached = np.flatnonzero(hits / taken >= value - 1e-12)
        if not len(reached):
            return None
        best = int(reached[-1])
    lowest = thresholds[best]
    below = thresholds[best + 1] if best + 1 < len(thresholds) else 0.0
    middle = float((lowest + below) / 2)
    return middle if below < middle <= lowest else float(lowest)  # neighbors may leave no room between


def _several(predictions: Predictions) -> None:
    if predictions.task.kind != "multi-label":
        raise InputError(f"the task is {predictions.task.kind}: this view is for tasks with several labels an item")
