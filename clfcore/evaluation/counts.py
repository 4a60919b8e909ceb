"""Counts that metrics are made of: the confusion matrix, hits per class, bins of confidence."""

from dataclasses import dataclass

import numpy as np


def confusion_counts(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """C x C int64: items by true class (row) and predicted class (column)."""
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole as float64, 0 where whole is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


@dataclass(frozen=True, eq=False)
class Rates:
    """Precision, recall and F1 of true positives among what was predicted and what is true; 0 where undefined.

    hits, predicted, support: C int64, the true positives, predicted positives and positives of each class.
    """

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
        """Bool: the class occurs in truth or predictions."""
        return self.predicted + self.support > 0

    @property
    def pooled(self) -> "Rates":
        """All classes as one, for micro averages."""
        return Rates(self.hits.sum(), self.predicted.sum(), self.support.sum())


def rates(counts: np.ndarray) -> Rates:
    """Rates of each class of a C x C confusion matrix."""
    return Rates(np.diagonal(counts), counts.sum(axis=0), counts.sum(axis=1))


def label_rates(truth: np.ndarray, predicted: np.ndarray) -> Rates:
    """Rates of each label, of two N x C bool arrays."""
    return Rates((truth & predicted).sum(axis=0), predicted.sum(axis=0), truth.sum(axis=0))


@dataclass(frozen=True, eq=False)
class Bins:
    """Items by confidence, over equal bins (low, high] of 0..1; an array of B float64 each.

    items: how many; confidence: their sum; right: how many are right.
    """

    items: np.ndarray
    confidence: np.ndarray
    right: np.ndarray

    @property
    def gaps(self) -> np.ndarray:
        """B float64: how far the sums of confidence and of right items are apart."""
        return np.abs(self.right - self.confidence)

    @property
    def calibration_error(self) -> float:
        """Mean gap of confidence and accuracy, weighted by items (Guo et al. 2017); NaN without items."""
        return float(self.gaps.sum() / self.items.sum())


def binned(confidence: np.ndarray, right: np.ndarray, bins: int) -> Bins:
    """N confidences and N bool in `bins` equal bins."""
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    return Bins(
        np.bincount(place, minlength=bins).astype(np.float64),
        np.bincount(place, weights=confidence, minlength=bins),
        np.bincount(place, weights=right.astype(np.float64), minlength=bins),
    )
