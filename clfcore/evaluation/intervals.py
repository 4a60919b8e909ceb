"""How sure a number is: Wilson intervals of shares, bootstrap intervals of all other headline metrics.

The bootstrap draws items with replacement (Efron 1979). A resample is a row of weights, how often each item was drawn,
so that many are scored at once. Letters: B resamples, N items, C classes.
"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from clfcore.evaluation.bootstrap_auc import weighted_areas
from clfcore.evaluation.calibration import errors_if_calibrated
from clfcore.evaluation.counts import binned, share
from clfcore.evaluation.metrics import BINS, decide
from clfcore.evaluation.outcomes import Outcomes, one_label, outcomes
from clfcore.predictions import Predictions

BLOCK = 2_000_000  # weights held at once: 16 MB
RANKED = 100_000_000  # B x N x C up to which areas are resampled: about three seconds


# 95% intervals by the name of the metric; None where there is none.
Intervals = Mapping[str, "Interval | None"]


class Interval(NamedTuple):
    low: float
    high: float


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> Interval | None:
    """The score interval of a share (Wilson 1927); None of no items.

    Seven lines instead of scipy.stats, whose import takes seconds on the way to a page; a test compares the two.

    >>> [round(end, 3) for end in wilson(348, 373)]
    [0.903, 0.954]
    """
    if n == 0:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p, extra = successes / n, z * z / n
    middle = (p + extra / 2) / (1 + extra)
    half = z / (1 + extra) * np.sqrt(p * (1 - p) / n + extra / (4 * n))
    return Interval(float(max(0.0, middle - half)), float(min(1.0, middle + half)))


def headline(
    predictions: Predictions,
    *,
    thresholds: Sequence[float] | np.ndarray | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Intervals:
    """95% intervals of all that `metrics.evaluate(...).as_dict()` names; of levels, at the finest one.

    Wilson for shares of items, percentiles of the bootstrap for the rest. The calibration error, which resampling
    inflates, takes the basic interval (2 x estimate - percentiles, Davison and Hinkley 1997, section 5.2), from 0 where
    a calibrated classifier would show as much. Areas are None where B x N x C passes 10 ** 8. Equal seeds give equal
    intervals.
    """
    if predictions.task.kind == "multi-label":
        return _multi_label(predictions, thresholds=thresholds, resamples=resamples, seed=seed)
    return _single_label(one_label(predictions), resamples=resamples, seed=seed)


def resampled(n: int, resamples: int, *, seed: int) -> Iterator[np.ndarray]:
    """Weights of the resamples, b x N float64 with rows that sum to N, in blocks that fit memory."""
    rng = np.random.default_rng(seed)
    size = max(1, min(resamples, BLOCK // max(n, 1)))
    for start in range(0, resamples, size):
        b = min(size, resamples - start)
        drawn = rng.integers(n, size=(b, n)) + np.arange(b)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=b * n).reshape(b, n).astype(np.float64)


def percentiles(values: np.ndarray, *, confidence: float = 0.95) -> Interval:
    """Percentile interval: the middle share of one or more values, none of them NaN."""
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def single_label_scores(done: Outcomes, weights: np.ndarray) -> Mapping[str, np.ndarray]:
    """Metrics of each resample, b float64 each. weights: b x N. Rules as in `metrics`."""
    right = np.flatnonzero(done.right)
    hits = _by_class(weights[:, right], done.truth[right], done.classes)  # b x C
    predicted, support = (_by_class(weights, of, done.classes) for of in (done.predicted, done.truth))
    occurs = predicted + support > 0
    n = weights.sum(axis=1)
    return {
        "accuracy": hits.sum(axis=1) / n,
        "balanced_accuracy": _mean(share(hits, support), support > 0),
        "macro_precision": _mean(share(hits, predicted), occurs),
        "macro_recall": _mean(share(hits, support), occurs),
        "macro_f1": _mean(share(2 * hits, predicted + support), occurs),
        "nll": weights @ done.loss / n,
    }


def calibration_errors(done: Outcomes, weights: np.ndarray) -> np.ndarray:
    """The calibration error of each resample, b float64. weights: b x N."""
    place = np.clip(np.ceil(done.confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    gaps = np.zeros((len(done), BINS))
    gaps[np.arange(len(done)), place] = done.right - done.confidence
    return np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1)


def _single_label(predictions: Predictions, *, resamples: int, seed: int) -> Intervals:
    done = outcomes(predictions)
    n, classes = len(done), done.classes
    names = ("balanced_accuracy", "macro_precision", "macro_recall", "macro_f1", "macro_auc", "nll", "ece")
    if n == 0:
        intervals: dict[str, Interval | None] = dict.fromkeys(names)
    else:
        parts: list[dict[str, np.ndarray]] = []
        ranked = resamples * n * classes <= RANKED
        scores = predictions.probabilities() if ranked else None
        truth = done.truth[:, None] == np.arange(classes)
        for weights in resampled(n, resamples, seed=seed):
            part = {**single_label_scores(done, weights), "ece": calibration_errors(done, weights)}
            if scores is not None:
                columns = slice(1, 2) if classes == 2 else slice(None)
                part["macro_auc"] = weighted_areas(
                    scores[:, columns], truth[:, columns], weights, precision=False
                ).macro_auc
            parts.append(part)
        intervals = {name: _defined_percentiles(values) for name, values in _joined(parts).items()}
        intervals["ece"] = _error_interval(done, np.concatenate([part["ece"] for part in parts]), seed)
    out: dict[str, Interval | None] = {"accuracy": wilson(int(done.right.sum()), n), "balanced_accuracy": None}
    if classes > 5:
        out["top5_accuracy"] = wilson(int((done.rank < 5).sum()), n)
    return out | {name: intervals.get(name) for name in names}


def _multi_label(
    predictions: Predictions, *, thresholds: Sequence[float] | np.ndarray | None, resamples: int, seed: int
) -> Intervals:
    n, classes = predictions.logits.shape
    names = ("mean_average_precision", "micro_f1", "macro_f1", "subset_accuracy", "hamming_loss", "macro_auc")
    if n == 0:
        return dict.fromkeys(names)
    truth, predicted = predictions.targets > 0, decide(predictions, thresholds)
    wrong = truth != predicted
    scores = predictions.probabilities() if resamples * n * classes <= RANKED else None
    parts: list[dict[str, np.ndarray]] = []
    for weights in resampled(n, resamples, seed=seed):
        part = dict(multi_label_scores(truth, predicted, weights))
        if scores is not None:
            area = weighted_areas(scores, truth, weights)
            part["macro_auc"] = area.macro_auc
            if area.mean_average_precision is not None:
                part["mean_average_precision"] = area.mean_average_precision
        parts.append(part)
    intervals = {name: _defined_percentiles(values) for name, values in _joined(parts).items()}
    intervals["subset_accuracy"] = wilson(int((~wrong.any(axis=1)).sum()), n)
    return {name: intervals.get(name) for name in names}


def multi_label_scores(truth: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> Mapping[str, np.ndarray]:
    """Metrics of each resample, b float64 each, of N x C bool truth and decisions. weights: b x N."""
    hits = weights @ (truth & predicted)
    both = weights @ (truth.astype(np.float64) + predicted)  # b x C
    return {
        "micro_f1": share(2 * hits.sum(axis=1), both.sum(axis=1)),
        "macro_f1": share(2 * hits, both).mean(axis=1),
        "hamming_loss": weights @ (truth != predicted).mean(axis=1) / weights.sum(axis=1),
    }


def _by_class(weights: np.ndarray, of: np.ndarray, classes: int) -> np.ndarray:
    """b x C: the weights (b x n) added up by the class (n int64) of each item."""
    out = np.zeros((len(weights), classes))
    if len(of):
        order = np.argsort(of, kind="stable")
        starts = np.flatnonzero(np.diff(of[order], prepend=-1))  # of each class that occurs
        out[:, of[order][starts]] = np.add.reduceat(np.take(weights, order, axis=1), starts, axis=1)
    return out


def _mean(values: np.ndarray, defined: np.ndarray) -> np.ndarray:
    """Mean of each row over its defined columns (each row has some)."""
    return (values * defined).sum(axis=1) / defined.sum(axis=1)


def _joined(parts: Sequence[Mapping[str, np.ndarray]]) -> Mapping[str, np.ndarray]:
    """The blocks of resamples as one, metric by metric."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _defined_percentiles(values: np.ndarray) -> Interval | None:
    """Percentiles of the resamples in which the metric is defined; None where it is in none.

    None, too, where all are equal, as where every item is right: such a sample says nothing of its spread, and an
    interval without width would claim certainty.
    """
    defined = values[~np.isnan(values)]
    return percentiles(defined) if _vary(defined) else None


def _vary(values: np.ndarray) -> bool:
    return bool(len(values)) and float(np.ptp(values)) > 1e-9


def _error_interval(done: Outcomes, drawn: np.ndarray, seed: int) -> Interval | None:
    if not _vary(drawn):
        return None
    estimate = binned(done.confidence, done.right, BINS).calibration_error
    middle = percentiles(drawn)
    chance = np.quantile(errors_if_calibrated(done.confidence, seed=seed), 0.95)
    low = 0.0 if estimate <= chance else max(0.0, 2 * estimate - middle.high)
    return Interval(low, min(1.0, max(2 * estimate - middle.low, estimate)))
