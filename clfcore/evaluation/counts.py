"""Counts that metrics are made of: the confusion matrix, hits per class, bins of confidence."""

from dataclasses import dataclass

import numpy as np


def confusion_counts(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """C x C int64: items by true class (row) and predicted class (column)."""
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def label_counts(truth: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per label, of two N x C bool arrays: rightly predicted, predicted, true; C int64 each."""
    return (truth & predicted).sum(axis=0), predicted.sum(axis=0), truth.sum(axis=0)


@dataclass(frozen=True, eq=False)
class Rates:
    """Precision, recall and F1 of hits among what was predicted and what is true; 0 where undefined."""

    hits: np.ndarray
    predicted: np.ndarray
    support: np.ndarray

    @property
    def precision(self) -> np.ndarray:
        return share(self.hits, self.predicted)

    @property
    def recall(self) -> np.ndarray:
        return share(self.hits, self.support)

    @property
    def f1(self) -> np.ndarray:
        return share(2 * self.hits, self.predicted + self.support)

    @property
    def occurs(self) -> np.ndarray:
        """Bool: the class stands in truth or predictions."""
        return self.predicted + self.support > 0


def rates(counts: np.ndarray) -> Rates:
    """Of each class of a C x C confusion matrix."""
    return Rates(np.diagonal(counts), counts.sum(axis=0), counts.sum(axis=1))


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole as float64, 0 where whole is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def binned(value: np.ndarray, right: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Over equal bins (low, high] of 0..1: items, sum of `value`, how many are right; `bins` float64 each."""
    place = np.clip(np.ceil(value * bins).astype(np.int64) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins).astype(np.float64)
    return (
        count,
        np.bincount(place, weights=value, minlength=bins),
        np.bincount(place, weights=right.astype(np.float64), minlength=bins),
    )
