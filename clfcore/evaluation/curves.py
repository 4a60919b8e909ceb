"""ROC and precision-recall curves per class, micro and macro, with their areas and the threshold at each point."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from clfcore.errors import unknown
from clfcore.evaluation.auc import column_areas
from clfcore.evaluation.outcomes import one_label, outcomes
from clfcore.predictions import Predictions

Kind = Literal["roc", "precision-recall"]
SHOWN = 8  # classes drawn where none were asked for: more lines than colors cannot be told apart
POOLED = 5_000_000  # items x classes up to which micro and macro are drawn: sorting more takes seconds
GRID = np.linspace(0, 1, 501)


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve.

    x, y: fractions (ROC: false and true positive rate; precision-recall: recall and precision); thresholds: the least
    probability that counts as positive at each point, infinity at the start. area: exact, from all points, though no
    more than `points` are kept. positives, items: how many there are.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    thresholds: np.ndarray
    area: float
    positives: int
    items: int


@dataclass(frozen=True, eq=False)
class Curves:
    """Curves of some classes, and of all classes pooled (micro) and averaged (macro) unless there are too many items.

    undefined: classes asked for whose curve does not exist; hidden: how many classes were not asked for.
    """

    kind: Kind
    curves: tuple[Curve, ...]
    micro: Curve | None
    macro: Curve | None
    undefined: tuple[str, ...]
    hidden: int

    def describe(self) -> str:
        """One sentence, for those who cannot see the picture."""
        name = "area under the ROC curve" if self.kind == "roc" else "average precision"
        if not self.curves:
            return "No curve: none of the classes has both positive and negative items."
        listed = ", ".join(f"{curve.name} {curve.area:.3f}" for curve in self.curves)
        return f"{name[0].upper()}{name[1:]}: {listed}."


def roc(
    predictions: Predictions, *, classes: Sequence[str] | None = None, pooled: bool = True, points: int = 400
) -> Curves:
    """One-vs-rest ROC curves. classes: None: the second of two, or the first eight. pooled: micro and macro too."""
    return _curves("roc", predictions, classes=classes, points=points, pooled=pooled)


def precision_recall(
    predictions: Predictions, *, classes: Sequence[str] | None = None, pooled: bool = True, points: int = 400
) -> Curves:
    """One-vs-rest precision-recall curves with average precision; a step function, no interpolation between points."""
    return _curves("precision-recall", predictions, classes=classes, points=points, pooled=pooled)


class ClassScores(NamedTuple):
    """Probabilities (float64) and truth (bool) of items by class, N x C, or of one class, N."""

    scores: np.ndarray
    truth: np.ndarray


class Sweep(NamedTuple):
    """Distinct scores, highest first (float64), and how many positives and how many items reach each (int64)."""

    thresholds: np.ndarray
    hits: np.ndarray
    taken: np.ndarray


def class_scores(predictions: Predictions, classes: Sequence[int]) -> ClassScores:
    """The chosen classes of the finest level, or labels, by index; N x len(classes)."""
    chosen = np.asarray(classes, np.int64)
    if predictions.task.kind == "multi-label":
        return ClassScores(predictions.probabilities()[:, chosen], predictions.targets[:, chosen] > 0)
    predictions = one_label(predictions)
    done = outcomes(predictions)
    scores = np.exp(predictions.logits[:, chosen].astype(np.float64) - done.peak[:, None]) / done.total[:, None]
    return ClassScores(scores, done.truth[:, None] == chosen)


def scores_of_class(predictions: Predictions, name: str) -> ClassScores:
    """One class against the rest; N each. Raises InputError where it is not one of the task's classes."""
    if name not in predictions.classes:
        raise unknown("class", name, predictions.classes)
    scores, truth = class_scores(predictions, [predictions.classes.index(name)])
    return ClassScores(scores[:, 0], truth[:, 0])


def sweep(scores: np.ndarray, truth: np.ndarray) -> Sweep:
    """Every threshold that N scores allow, with what it takes for positive; truth: N bool."""
    order = np.argsort(-scores, kind="stable")
    scores, truth = scores[order], truth[order]
    last = np.flatnonzero(np.append(np.diff(scores) != 0, True))  # of each group of equal scores
    return Sweep(scores[last], np.cumsum(truth)[last], last + 1)


def _curves(
    kind: Kind, predictions: Predictions, *, classes: Sequence[str] | None, points: int, pooled: bool
) -> Curves:
    names = predictions.classes
    binary = len(names) == 2 and predictions.task.kind != "multi-label"
    if classes is None:
        chosen = [1] if binary else list(range(min(len(names), SHOWN)))
    else:
        for name in classes:
            if name not in names:
                raise unknown("class", name, names)
        chosen = [names.index(name) for name in classes]
    pooled = pooled and not binary and len(predictions) * len(names) <= POOLED
    taken = list(range(len(names))) if pooled else chosen
    scores, truth = class_scores(predictions, taken)  # N x taken
    place = {c: taken.index(c) for c in chosen}
    defined = [c for c in chosen if _defined(kind, truth[:, place[c]])]
    columns = {c: ClassScores(scores[:, place[c]], truth[:, place[c]]) for c in defined}
    curves = tuple(_curve(kind, names[c], column, points=points) for c, column in columns.items())
    micro = macro = None
    if pooled:
        if _defined(kind, truth):
            micro = _curve(kind, "micro average", ClassScores(scores.ravel(), truth.ravel()), points=points)
        macro = _macro(kind, scores, truth)
    hidden = 0 if binary else len(names) - len(set(chosen))
    return Curves(kind, curves, micro, macro, tuple(names[c] for c in chosen if c not in defined), hidden)


def _defined(kind: Kind, truth: np.ndarray) -> bool:
    return bool(truth.any() and (kind != "roc" or not truth.all()))


def _curve(kind: Kind, name: str, column: ClassScores, *, points: int | None) -> Curve:
    """The curve of N scores and truths. points: how many are kept at most; None: all."""
    scores, truth = column
    positives = int(truth.sum())
    auc, average_precision = column_areas(scores, np.flatnonzero(truth))
    thresholds, hits, taken = sweep(scores, truth)
    if kind == "roc":
        false = taken - hits
        keep = _corners(false, hits)
        x, y = false / (len(truth) - positives), hits / positives
        x, y, thresholds = (np.concatenate([[first], v[keep]]) for first, v in ((0, x), (0, y), (np.inf, thresholds)))
    else:
        keep = np.diff(hits, prepend=0) > 0  # between them recall stands still
        x, y = hits[keep] / positives, hits[keep] / taken[keep]
        x, y, thresholds = (
            np.concatenate([[first], v]) for first, v in ((0, x), (y[0], y), (np.inf, thresholds[keep]))
        )
    if points is not None and len(x) > points:
        few = np.unique(np.linspace(0, len(x) - 1, points).round().astype(np.int64))
        x, y, thresholds = x[few], y[few], thresholds[few]
    area = auc if kind == "roc" else average_precision
    return Curve(name, x, y, thresholds, area, positives, len(truth))


def _corners(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bool: the points where the line from (0, 0) turns, and the last."""
    dx, dy = np.diff(x, prepend=0), np.diff(y, prepend=0)
    return np.append(dx[:-1] * dy[1:] != dy[:-1] * dx[1:], True)


def _macro(kind: Kind, scores: np.ndarray, truth: np.ndarray) -> Curve | None:
    """Mean of the classes' curves at 501 places of x; its area is the mean of their exact areas."""
    columns = (ClassScores(scores[:, c], truth[:, c]) for c in range(truth.shape[1]))
    each = [_curve(kind, "", column, points=None) for column in columns if _defined(kind, column.truth)]
    if not each:
        return None
    if kind == "roc":
        y = np.mean([np.interp(GRID, curve.x, curve.y) for curve in each], axis=0)
        y[0] = 0.0
    else:  # the step that a recall falls on: the first point that reaches it
        y = np.mean([curve.y[np.searchsorted(curve.x, GRID - 1e-12)] for curve in each], axis=0)
    area = float(np.mean([curve.area for curve in each]))
    positives, items = sum(curve.positives for curve in each), sum(curve.items for curve in each)
    return Curve("macro average", GRID, y, np.full(len(GRID), np.nan), area, positives, items)
