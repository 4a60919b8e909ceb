"""How well scores rank the items of a class above the others: area under ROC, average precision, for all classes."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clfcore.evaluation.outcomes import WORTH_THREADS, Outcomes, one_label, outcomes, over_blocks
from clfcore.predictions import Predictions

COLUMNS, ROWS = 64, 512  # turned at once, so that both the reading and the writing stay in the processor's cache
FEW = 512  # positive items up to which placing every score among them is quicker than sorting all scores


@dataclass(frozen=True, eq=False)
class Areas:
    """C float64 each, NaN where a class has no items, or (auc) has all of them."""

    auc: np.ndarray
    average_precision: np.ndarray


def areas_under_curves(predictions: Predictions, *, known: Outcomes | None = None) -> Areas:
    """One-vs-rest areas of every class (single-label, finest level) or label (multi-label), by probability.

    Ties count as half (auc) or make one step (average precision), as in scikit-learn.

    known: the outcomes of the same predictions, where they are at hand.
    """
    if predictions.task.kind == "multi-label":
        scores = predictions.probabilities()
        out = _empty(scores.shape[1])
        for c in range(scores.shape[1]):
            out.auc[c], out.average_precision[c] = column_areas(scores[:, c], np.flatnonzero(predictions.targets[:, c]))
        return out

    predictions = one_label(predictions)
    done = known if known is not None else outcomes(predictions)
    n, classes = predictions.logits.shape
    by_class = np.argsort(done.truth, kind="stable")
    ends = np.cumsum(np.bincount(done.truth, minlength=classes))
    starts = np.concatenate([[0], ends[:-1]])
    out = _empty(classes)

    def fill(columns: slice) -> None:
        p = np.empty((columns.stop - columns.start, n))
        for start in range(0, n, ROWS):
            rows = slice(start, min(start + ROWS, n))
            e = predictions.logits[rows, columns].astype(np.float64)
            e -= done.peak[rows, None]
            np.exp(e, out=e)
            e /= done.total[rows, None]
            p[:, rows] = e.T
        for c, scores in enumerate(p, start=columns.start):
            out.auc[c], out.average_precision[c] = column_areas(scores, by_class[starts[c] : ends[c]])

    over_blocks(fill, classes, COLUMNS, threads=n * classes >= WORTH_THREADS)
    return out


class ColumnAreas(NamedTuple):
    """Area under ROC and average precision of one column of scores; NaN where undefined."""

    auc: float
    average_precision: float


class _Ranks(NamedTuple):
    """How many scores are at least, and how many above, each of some sorted values: K int64 each."""

    at_least: np.ndarray
    above: np.ndarray


def column_areas(scores: np.ndarray, positive: np.ndarray) -> ColumnAreas:
    """The areas of N scores, given the indices of the positive items."""
    n, p = len(scores), len(positive)
    if p == 0:
        return ColumnAreas(float("nan"), float("nan"))
    among = np.sort(scores[positive])
    least, more = _ranks(scores, among) if p <= FEW else _ranks_by_sorting(scores, among)
    precision = (p - np.searchsorted(among, among, "left")) / least  # at the threshold of each positive item
    if p == n:
        return ColumnAreas(float("nan"), float(precision.mean()))
    wins = p * n - (least.sum() + more.sum() + p * p) / 2  # pairs of a positive above a negative, ties half
    return ColumnAreas(float(wins / (p * (n - p))), float(precision.mean()))


def _ranks(scores: np.ndarray, among: np.ndarray) -> _Ranks:
    """Ranks of a few sorted values that are among the scores."""
    high = scores[scores >= among[0]]  # what ranks below every positive item changes no count
    places = np.searchsorted(among, high, "right")  # how many of the values are at most each score
    at_least = np.bincount(places, minlength=len(among) + 1)[::-1].cumsum()[::-1][1:]
    equal = np.bincount(places[among[places - 1] == high], minlength=len(among) + 1)  # by the last of equal values
    return _Ranks(at_least, at_least - equal[np.searchsorted(among, among, "right")])


def _ranks_by_sorting(scores: np.ndarray, among: np.ndarray) -> _Ranks:
    """The same for many values."""
    ordered = np.sort(scores)
    n = len(ordered)
    return _Ranks(n - np.searchsorted(ordered, among, "left"), n - np.searchsorted(ordered, among, "right"))


def _empty(classes: int) -> Areas:
    return Areas(np.full(classes, np.nan), np.full(classes, np.nan))
