"""Which classes are taken for which: the confusion matrix, its orders, and the pairs most often confused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from clfcore.errors import unknown
from clfcore.evaluation.counts import confusion_counts, share
from clfcore.evaluation.outcomes import one_label
from clfcore.predictions import Predictions

Norm = Literal["counts", "by-truth", "by-prediction"]
Order = Literal["name", "data", "support", "similarity"]


@dataclass(frozen=True, eq=False)
class Confusion:
    """Items by true class (row) and predicted class (column). counts: C x C int64; indices: C int64, where each row
    stands among the task's classes, so that a reordered matrix still says which class it means."""

    classes: tuple[str, ...]
    counts: np.ndarray
    indices: np.ndarray

    @property
    def items(self) -> int:
        return int(self.counts.sum())

    @property
    def support(self) -> np.ndarray:
        """C int64: items of each true class."""
        return self.counts.sum(axis=1)

    def values(self, norm: Norm = "counts", *, errors_only: bool = False) -> np.ndarray:
        """C x C float64: counts, or shares of the true (rows sum to 1) or predicted class; 0 where there is nothing.

        errors_only empties the diagonal after the shares were taken.
        """
        if norm not in get_args(Norm):
            raise unknown("norm", norm, get_args(Norm))
        values = self.counts.astype(np.float64)
        if norm != "counts":
            axis = 1 if norm == "by-truth" else 0
            values = share(values, np.broadcast_to(values.sum(axis=axis, keepdims=True), values.shape))
        if errors_only:
            np.fill_diagonal(values, 0)
        return values

    def ordered(self, order: Order) -> "Confusion":
        """The same matrix with rows and columns by name, as in the data, by support (most first) or by similarity."""
        if order not in get_args(Order):
            raise unknown("order", order, get_args(Order))
        if order == "name":
            chosen = np.argsort(np.array([name.casefold() for name in self.classes]), kind="stable")
        elif order == "data":
            chosen = np.argsort(self.indices)
        elif order == "support":
            chosen = np.argsort(-self.support, kind="stable")
        else:
            chosen = by_similarity(self.counts)
        return self.part(chosen)

    def part(self, chosen: Sequence[int] | np.ndarray) -> "Confusion":
        """Some classes of it, by their rows here, in that order. Items of the other classes are left out."""
        chosen = np.asarray(chosen, np.int64)
        return Confusion(
            tuple(self.classes[i] for i in chosen), self.counts[np.ix_(chosen, chosen)], self.indices[chosen]
        )

    def describe(self) -> str:
        """One sentence, for those who cannot see the picture."""
        right = int(np.trace(self.counts))
        pairs = top_pairs(self, 1)
        worst = (
            f"; most often {pairs[0].truth} is taken for {pairs[0].predicted} ({pairs[0].items} of {pairs[0].of})"
            if pairs
            else ""
        )
        return f"Confusion matrix of {len(self.classes)} classes: {right:,} of {self.items:,} items are right{worst}."


@dataclass(frozen=True)
class Pair:
    """Items of one class taken for another. of: items of the true class; share: items / of; *_index: as in the task."""

    truth: str
    predicted: str
    items: int
    of: int
    share: float
    truth_index: int
    predicted_index: int


def confusion(predictions: Predictions) -> Confusion:
    """The confusion matrix of a single-label task, or of a hierarchical task's finest level."""
    predictions = one_label(predictions)
    c = len(predictions.classes)
    truth, predicted = predictions.targets.astype(np.int64), predictions.logits.argmax(axis=1)
    return Confusion(predictions.classes, confusion_counts(truth, predicted, c), np.arange(c))


def top_pairs(matrix: Confusion, n: int = 20) -> tuple[Pair, ...]:
    """The n pairs (true, predicted) with the most wrong items; of equal counts, the larger share of the class first."""
    wrong = matrix.counts.copy()
    np.fill_diagonal(wrong, 0)
    rows, columns = np.nonzero(wrong)
    items, of = wrong[rows, columns], matrix.support[rows]
    first = np.lexsort((columns, rows, of, -items))[:n]  # fewer of a class: a larger share
    return tuple(
        Pair(
            matrix.classes[rows[i]],
            matrix.classes[columns[i]],
            int(items[i]),
            int(of[i]),
            float(items[i] / of[i]),
            int(matrix.indices[rows[i]]),
            int(matrix.indices[columns[i]]),
        )
        for i in first
    )


def by_similarity(counts: np.ndarray) -> np.ndarray:
    """An order of the classes (C int64) that puts those near each other that are confused with each other.

    Average linkage on one less the mean of both shares of confusion; leaves ordered optimally up to 200 classes (Bar-
    Joseph et al. 2001), which costs seconds beyond.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(counts) < 3:
        return np.arange(len(counts))
    shares = share(counts, np.broadcast_to(counts.sum(axis=1, keepdims=True), counts.shape))
    distance = 1 - (shares + shares.T) / 2
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=len(counts) <= 200)
    return leaves_list(tree).astype(np.int64)
