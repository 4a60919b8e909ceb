"""Areas of many resamples at once: scores are sorted once, and each resample only adds up its weights in that order."""

from dataclasses import dataclass

import numpy as np

from clfcore.evaluation.counts import share


@dataclass(frozen=True, eq=False)
class WeightedAreas:
    """Mean over the classes for which the area is defined in the resample; b float64 each, NaN where there is none."""

    macro_auc: np.ndarray
    mean_average_precision: np.ndarray


def weighted_areas(scores: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> WeightedAreas:
    """scores: N x C; truth: N x C bool; weights: b x N, how often each item was drawn. Ties as in `ranking`."""
    sums, counts = np.zeros((2, len(weights))), np.zeros((2, len(weights)))  # auc, average precision
    for c in range(scores.shape[1]):
        order = np.argsort(scores[:, c], kind="stable")
        every = weights[:, order]
        positive = every * truth[order, c]
        starts = np.flatnonzero(np.diff(scores[order, c], prepend=-np.inf))  # of each group of equal scores
        if len(starts) < len(order):
            every, positive = np.add.reduceat(every, starts, axis=1), np.add.reduceat(positive, starts, axis=1)
        negative = every - positive
        p, n = positive.sum(axis=1), negative.sum(axis=1)
        below = np.cumsum(negative, axis=1) - negative / 2
        auc = (positive * below).sum(axis=1)
        hits = p[:, None] - np.cumsum(positive, axis=1) + positive
        taken = (p + n)[:, None] - np.cumsum(every, axis=1) + every
        precision = (positive * share(hits, taken)).sum(axis=1)
        for i, (value, whole) in enumerate(((auc, p * n), (precision, p))):
            sums[i] += share(value, whole)
            counts[i] += whole > 0
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return WeightedAreas(means[0], means[1])
