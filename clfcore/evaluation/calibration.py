"""Do probabilities mean what they say: reliability, calibration error, Brier score, and a temperature that mends it.

For a multi-label task each decision about a label counts as one item: how probable the label was, whether it is true.
"""

from dataclasses import dataclass, replace

import numpy as np

from clfcore.errors import InputError
from clfcore.evaluation.counts import binned, share
from clfcore.evaluation.metrics import BINS
from clfcore.evaluation.outcomes import BLOCK, WORTH_THREADS, outcomes, over_blocks
from clfcore.predictions import Predictions, moved_thresholds

COLDEST, HOTTEST = 0.05, 20.0  # limits of a temperature
DRAWN = 4_000_000  # values drawn at once: 32 MB


@dataclass(frozen=True, eq=False)
class Reliability:
    """Items by confidence, over equal bins (low, high] of 0..1.

    edges: bins + 1; the other arrays: bins, NaN where empty. ece: mean gap of confidence and share right, weighted by
    items; worst: the largest gap of a bin; brier: mean squared error of the probabilities, summed over classes (halved
    for two, as scikit-learn does); nll: nats; by_chance: the ece that 19 of 20 perfectly calibrated classifiers of the
    same confidences stay below on so many items; all None of no items. per_label: the bins hold decisions about
    labels, and the confidence is the label's probability.
    """

    edges: np.ndarray
    items: np.ndarray
    confidence: np.ndarray
    right: np.ndarray
    ece: float | None
    worst: float | None
    brier: float | None
    nll: float | None
    by_chance: float | None
    per_label: bool = False

    def describe(self) -> str:
        """One sentence, for those who cannot see the picture."""
        if self.ece is None:
            return "No items: calibration is undefined."
        gap = float(np.nansum((self.confidence - self.right) * self.items) / self.items.sum())
        way = "overconfident" if gap > 0 else "underconfident"
        of = f"{int(self.items.sum()):,} {'decisions' if self.per_label else 'items'}"
        apart = f"Confidence and accuracy are {100 * self.ece:.1f} points apart on average over {of}"
        if self.by_chance is not None and self.ece <= self.by_chance:
            chance = f"up to {100 * self.by_chance:.1f} points"
            return f"{apart}: no more than expected by chance of a calibrated classifier ({chance})."
        return f"{apart}; overall, the classifier is {way} by {100 * abs(gap):.1f} points."


def reliability(predictions: Predictions, *, bins: int = BINS) -> Reliability:
    """Confidence against the share that is right. Hierarchical: the finest level. Raises InputError where bins < 1."""
    if bins < 1:
        raise InputError(f"bins is {bins}: it must be at least 1")
    per_label = predictions.task.kind == "multi-label"
    if per_label:
        p, truth = predictions.probabilities(), predictions.targets > 0
        confidence, right = p.ravel(), truth.ravel()
        brier = float(((p - truth) ** 2).mean()) if p.size else None
        nll = _label_loss(predictions.logits, truth) if p.size else None
    else:
        done = outcomes(predictions)
        confidence, right = done.confidence, done.right
        squared = done.squares - 2 * done.p_truth + 1
        brier = float(squared.mean() / (2 if done.classes == 2 else 1)) if len(done) else None
        nll = float(done.loss.mean()) if len(done) else None
    binning = binned(confidence, right, bins)
    items = binning.items
    empty, some = items == 0, bool(items.sum())
    return Reliability(
        edges=np.linspace(0, 1, bins + 1),
        items=items.astype(np.int64),
        confidence=np.where(empty, np.nan, share(binning.confidence, items)),
        right=np.where(empty, np.nan, share(binning.right, items)),
        ece=binning.calibration_error if some else None,
        worst=float(share(binning.gaps, items).max()) if some else None,
        brier=brier,
        nll=nll,
        by_chance=float(np.quantile(errors_if_calibrated(confidence, bins=bins), 0.95)) if some else None,
        per_label=per_label,
    )


def errors_if_calibrated(confidence: np.ndarray, *, draws: int = 200, bins: int = BINS, seed: int = 0) -> np.ndarray:
    """The ece of perfectly calibrated classifiers with these confidences, one a draw (Bröcker and Smith 2007).

    What is right is drawn from the confidence itself, so that all that is left is chance.
    """
    rng = np.random.default_rng(seed)
    n = len(confidence)
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))  # of each bin that is not empty
    sure = confidence[order]
    out = np.empty(draws)
    step = max(1, DRAWN // max(n, 1))
    for start in range(0, draws, step):
        drawn = rng.random((min(step, draws - start), n)) < sure
        gaps = np.add.reduceat(drawn - sure, starts, axis=1)
        out[start : start + len(drawn)] = np.abs(gaps).sum(axis=1) / n
    return out


@dataclass(frozen=True)
class Temperature:
    """What logits are divided by so that probabilities fit: above 1 softens, below 1 sharpens; no answer changes.

    nll_before, nll_after: nats, on the data it was fitted on; at_limit: the best value may lie outside 0.05..20.
    """

    value: float
    nll_before: float
    nll_after: float
    at_limit: bool


def fit_temperature(validation: Predictions) -> Temperature:
    """The temperature with the least negative log-likelihood (Guo et al. 2017), one for all classes and levels.

    Fit on validation data, never on what is judged with it. Raises InputError where there are no items.
    """
    from scipy.optimize import minimize_scalar

    if len(validation) == 0:
        raise InputError(f"the {validation.split} split has no items: a temperature cannot be fitted on it")

    def loss(log_temperature: float) -> float:
        return _loss(validation, float(np.exp(log_temperature)))

    # the loss is convex in 1 / T, so it has one minimum in log T
    limits = (np.log(COLDEST), np.log(HOTTEST))
    minimum = minimize_scalar(loss, bounds=limits, method="bounded", options={"xatol": 1e-4})
    before, value = loss(0.0), float(np.exp(minimum.x))
    if minimum.fun >= before:  # nothing to mend: equal logits, or already at the minimum
        return Temperature(1.0, before, before, at_limit=False)
    near = min(abs(minimum.x - limit) for limit in limits) < 1e-3
    return Temperature(value, before, float(minimum.fun), at_limit=bool(near))


def rescaled(predictions: Predictions, temperature: float) -> Predictions:
    """The same predictions with their logits divided by the temperature; thresholds move along, so that no answer
    changes. Raises InputError unless it is above 0."""
    if not (np.isfinite(temperature) and temperature > 0):
        raise InputError(f"temperature is {temperature:g}: it must be a finite number above 0")
    logits = (predictions.logits / np.float64(temperature)).astype(np.float64)
    thresholds = moved_thresholds(predictions.thresholds, temperature) if predictions.thresholds else None
    return replace(predictions, logits=logits, thresholds=thresholds)


def _loss(predictions: Predictions, temperature: float) -> float:
    """Mean negative log-likelihood at a temperature; of a hierarchical task the sum over its levels."""
    task, logits = predictions.task, predictions.logits
    if task.kind == "multi-label":
        return _label_loss(logits / np.float64(temperature), predictions.targets > 0)
    truth = predictions.targets.reshape(len(predictions), len(task.levels))
    return sum(_class_loss(logits[:, part], truth[:, i], temperature) for i, part in enumerate(task.slices))


def _class_loss(logits: np.ndarray, truth: np.ndarray, temperature: float) -> float:
    """The same as `outcomes(...).loss.mean()` of rescaled logits, without all else: it is called some 20 times."""
    n, c = logits.shape
    losses = np.empty(n)

    def fill(rows: slice) -> None:
        e = logits[rows].astype(np.float64)
        e -= e.max(axis=1, keepdims=True)
        e /= temperature
        own = e[np.arange(len(e)), truth[rows]]
        np.exp(e, out=e)
        losses[rows] = np.log(e.sum(axis=1)) - own

    over_blocks(fill, n, max(1, BLOCK // c), threads=n * c >= WORTH_THREADS)
    return float(losses.mean())


def _label_loss(logits: np.ndarray, truth: np.ndarray) -> float:
    x = logits.astype(np.float64)
    return float(np.logaddexp(0.0, np.where(truth, -x, x)).mean())
