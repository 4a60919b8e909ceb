"""The pictures behind the numbers: which items are wrong, how surely, and which were close."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clfcore.errors import InputError, unknown
from clfcore.evaluation.confusion import Confusion, Pair, confusion, top_pairs
from clfcore.evaluation.outcomes import Outcomes, one_label, outcomes
from clfcore.predictions import Predictions

__all__ = [
    "Case",
    "Confusion",
    "Pair",
    "cases",
    "cell",
    "closest_calls",
    "confusion",
    "highest_loss",
    "least_confident_correct",
    "most_confident",
    "top_pairs",
]


@dataclass(frozen=True)
class Case:
    """One item as the classifier saw it.

    index: its place in the predictions; p_truth, p_predicted: probabilities of the true and the predicted class;
    margin: gap between the two most probable classes; loss: in nats; top: (label, probability) of the most probable
    classes, first the predicted one.
    """

    index: int
    id: str
    truth: str
    predicted: str
    truth_index: int
    predicted_index: int
    p_truth: float
    p_predicted: float
    margin: float
    loss: float
    top: tuple[tuple[str, float], ...]

    @property
    def right(self) -> bool:
        return self.truth_index == self.predicted_index


def most_confident(predictions: Predictions, n: int = 24) -> tuple[Case, ...]:
    """The n wrong items with the highest probability of the predicted class, highest first."""
    done = outcomes(predictions)
    return cases(predictions, _first(-done.confidence, ~done.right, n), known=done)


def least_confident_correct(predictions: Predictions, n: int = 24) -> tuple[Case, ...]:
    """The n right items with the lowest probability of the predicted class, lowest first."""
    done = outcomes(predictions)
    return cases(predictions, _first(done.confidence, done.right, n), known=done)


def highest_loss(predictions: Predictions, n: int = 24) -> tuple[Case, ...]:
    """The n items with the highest negative log-likelihood of the truth, highest first."""
    done = outcomes(predictions)
    return cases(predictions, _first(-done.loss, np.ones(len(done), bool), n), known=done)


def closest_calls(predictions: Predictions, n: int = 24) -> tuple[Case, ...]:
    """The n items, right or wrong, whose two most probable classes are nearest in probability, nearest first."""
    done = outcomes(predictions)
    return cases(predictions, _first(margins(predictions, done), np.ones(len(done), bool), n), known=done)


def cell(
    predictions: Predictions, true: int | str | None, predicted: int | str | None, *, errors_only: bool = False
) -> np.ndarray:
    """Indices (int64) of the items of one cell of the confusion matrix, most confident first.

    A class is an index or a name; None means any: a row, a column, or all items. errors_only leaves out right ones.
    """
    classes = one_label(predictions).classes
    done = outcomes(predictions)
    there = ~done.right if errors_only else np.ones(len(done), bool)
    if true is not None:
        there &= done.truth == _class_index(true, classes)
    if predicted is not None:
        there &= done.predicted == _class_index(predicted, classes)
    return _first(-done.confidence, there, len(done))


def cases(
    predictions: Predictions, indices: Sequence[int] | np.ndarray, *, known: Outcomes | None = None, top: int = 5
) -> tuple[Case, ...]:
    """The chosen items with truth, prediction, probabilities and top classes, in the order given."""
    predictions = one_label(predictions)
    done = known if known is not None else outcomes(predictions)
    indices = np.asarray(indices, np.int64)
    p = np.exp(predictions.logits[indices].astype(np.float64) - done.peak[indices, None]) / done.total[indices, None]
    order = np.argsort(-p, axis=1, kind="stable")  # n x C; of equal ones the lower index first, as argmax
    return tuple(
        _case(predictions, done, int(i), p=row, order=best, top=top)
        for i, row, best in zip(indices, p, order, strict=True)
    )


def margins(predictions: Predictions, done: Outcomes) -> np.ndarray:
    """N float64: gap between the two highest probabilities; 1 where there is one class."""
    logits = one_label(predictions).logits
    if logits.shape[1] < 2:
        return np.ones(len(done))
    second = np.empty(len(done), logits.dtype)
    for start in range(0, len(done), 1024):
        second[start : start + 1024] = np.partition(logits[start : start + 1024], -2, axis=1)[:, -2]
    return -np.expm1(second.astype(np.float64) - done.peak) / done.total


def _case(predictions: Predictions, done: Outcomes, i: int, *, p: np.ndarray, order: np.ndarray, top: int) -> Case:
    truth, predicted, classes = int(done.truth[i]), int(done.predicted[i]), predictions.classes
    return Case(
        index=i,
        id=predictions.ids[i],
        truth=classes[truth],
        predicted=classes[predicted],
        truth_index=truth,
        predicted_index=predicted,
        p_truth=float(done.p_truth[i]),
        p_predicted=float(done.confidence[i]),
        margin=float(p[order[0]] - p[order[1]]) if len(p) > 1 else 1.0,
        loss=float(done.loss[i]),
        top=tuple((classes[c], float(p[c])) for c in order[:top]),
    )


def _first(key: np.ndarray, there: np.ndarray, n: int) -> np.ndarray:
    """The n indices with the smallest key among those that are there; of equal ones the earlier."""
    indices = np.flatnonzero(there)
    return indices[np.argsort(key[indices], kind="stable")[: max(n, 0)]]


def _class_index(wanted: int | str, classes: tuple[str, ...]) -> int:
    if isinstance(wanted, str):
        if wanted not in classes:
            raise unknown("class", wanted, classes)
        return classes.index(wanted)
    if not 0 <= wanted < len(classes):
        raise InputError(f"class index is {wanted}: it must be from 0 to {len(classes) - 1}")
    return int(wanted)
