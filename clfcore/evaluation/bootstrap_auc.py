"""Areas of many resamples at once: scores are sorted once, and each resample only adds up its weights in that order."""

from dataclasses import dataclass

import numpy as np

from clfcore.evaluation.counts import share


@dataclass(frozen=True, eq=False)
class WeightedAreas:
    """Mean over the classes for which the area is defined in the resample; b float64 each, NaN where there is none."""

    macro_auc: np.ndarray
    mean_average_precision: np.ndarray | None


def weighted_areas(
    scores: np.ndarray, truth: np.ndarray, weights: np.ndarray, *, precision: bool = True
) -> WeightedAreas:
    """scores: N x C; truth: N x C bool; weights: b x N, how often each item was drawn. Ties as in `ranking`.

    precision: False leaves out average precision and half of the work.
    """
    sums, counts = np.zeros((2, len(weights))), np.zeros((2, len(weights)))  # auc, average precision
    for c in range(scores.shape[1]):
        order = np.argsort(scores[:, c], kind="stable")
        sorted_scores, positive = scores[order, c], truth[order, c]
        places = np.flatnonzero(positive)
        first = np.searchsorted(sorted_scores, sorted_scores[places], "left")  # of those with the same score
        last = np.searchsorted(sorted_scores, sorted_scores[places], "right")
        every = np.take(weights, order, axis=1)
        own = every[:, places]  # b x positives
        negative = _running(every * ~positive)
        p, n = own.sum(axis=1), negative[:, -1]
        wins = (own * (negative[:, first] + negative[:, last])).sum(axis=1) / 2
        parts = [(wins, p * n)]
        if precision:
            taken = _running(every)
            at_least = taken[:, -1:] - taken[:, first]
            hits = at_least - (n[:, None] - negative[:, first])
            parts.append(((own * share(hits, at_least)).sum(axis=1), p))
        for i, (value, whole) in enumerate(parts):
            sums[i] += share(value, whole)
            counts[i] += whole > 0
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return WeightedAreas(means[0], means[1] if precision else None)


def _running(values: np.ndarray) -> np.ndarray:
    """b x (N + 1): the sum of all values before each place."""
    out = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=out[:, 1:])
    return out
