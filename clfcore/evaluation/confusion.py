"""Confusion matrix: its orders and parts, and the pairs of classes most often confused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from clfcore.errors import InputError, unknown
from clfcore.evaluation.counts import confusion_counts, share
from clfcore.evaluation.outcomes import one_label
from clfcore.predictions import Predictions

Norm = Literal["counts", "by-truth", "by-prediction"]
Order = Literal["name", "data", "support", "similarity"]


@dataclass(frozen=True, eq=False)
class Confusion:
    """Items by true class (row) and predicted class (column). counts: C x C int64; indices: C int64, where each row
    stands among the task's classes, so that a reordered matrix still says which class it means.

    Of a part of the classes, whole_true and whole_said (C int64) are the items of each true and each predicted class
    among all classes; None: the matrix is whole.
    """

    classes: tuple[str, ...]
    counts: np.ndarray
    indices: np.ndarray
    whole_true: np.ndarray | None = None
    whole_said: np.ndarray | None = None

    @property
    def items(self) -> int:
        return int(self.counts.sum())

    @property
    def support(self) -> np.ndarray:
        """C int64: items of each true class."""
        return self.counts.sum(axis=1) if self.whole_true is None else self.whole_true

    @property
    def predicted_counts(self) -> np.ndarray:
        """C int64: items predicted as each class."""
        return self.counts.sum(axis=0) if self.whole_said is None else self.whole_said

    def values(self, norm: Norm = "counts", *, errors_only: bool = False) -> np.ndarray:
        """C x C float64: counts, or shares of the true (rows sum to 1) or predicted class; 0 where there is nothing.

        errors_only empties the diagonal after the shares were taken.
        """
        if norm not in get_args(Norm):
            raise unknown("norm", norm, get_args(Norm))
        values = self.counts.astype(np.float64)
        if norm != "counts":
            of = self.support[:, None] if norm == "by-truth" else self.predicted_counts[None, :]
            values = share(values, np.broadcast_to(of, values.shape))
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
        """Some classes of it, by their rows here, in that order. Shares and totals stay those of all classes."""
        chosen = np.asarray(chosen, np.int64)
        return Confusion(
            tuple(self.classes[i] for i in chosen),
            self.counts[np.ix_(chosen, chosen)],
            self.indices[chosen],
            self.support[chosen],
            self.predicted_counts[chosen],
        )

    def describe(self) -> str:
        """One sentence, for those who cannot see the picture."""
        right = int(np.trace(self.counts))
        pairs = top_pairs(self, 1)
        worst = (
            f"; most often {pairs[0].truth} is predicted as {pairs[0].predicted} ({pairs[0].items} of {pairs[0].of})"
            if pairs
            else ""
        )
        return f"Confusion matrix of {len(self.classes)} classes: {right:,} of {self.items:,} items are right{worst}."


@dataclass(frozen=True, eq=False)
class Blocks:
    """A large matrix as squares of `size` neighboring classes. counts: K x K int64 items; starts: K int64, the row of
    the matrix that each block begins with."""

    matrix: Confusion
    size: int
    counts: np.ndarray
    starts: np.ndarray

    def name(self, block: int) -> str:
        """`ant … bee`: the first class and the last."""
        rows = self.rows(block)
        first, last = self.matrix.classes[rows[0]], self.matrix.classes[rows[-1]]
        return first if first == last else f"{first} … {last}"

    def rows(self, block: int) -> np.ndarray:
        """Rows (int64) of the matrix that stand in a block."""
        start = int(self.starts[block])
        return np.arange(start, min(start + self.size, len(self.matrix.classes)))

    def opened(self, down: int, across: int) -> Confusion:
        """The classes of two blocks, those of the first on top."""
        return self.matrix.part(np.unique(np.concatenate([self.rows(down), self.rows(across)])))

    def describe(self) -> str:
        """One sentence, for those who cannot see the picture."""
        return f"{self.matrix.describe()[:-1]}, in blocks of {self.size} neighboring classes."


def blocks(matrix: Confusion, size: int = 20, *, errors_only: bool = False) -> Blocks:
    """Neighboring classes put together; errors_only leaves out what is right. Raises InputError where size < 1."""
    if size < 1:
        raise InputError(f"size is {size}: a block needs at least 1 class")
    starts = np.arange(0, len(matrix.classes), size)
    values = matrix.values(errors_only=errors_only)
    summed = np.add.reduceat(np.add.reduceat(values, starts, axis=0), starts, axis=1) if len(starts) else values
    return Blocks(matrix, size, summed.astype(np.int64), starts)


def most_confused(matrix: Confusion, n: int = 40) -> np.ndarray:
    """Rows (int64, in the matrix's order) of at most n classes: those of the pairs most often confused."""
    indices: dict[int, None] = {}
    row = {int(index): i for i, index in enumerate(matrix.indices)}
    for pair in top_pairs(matrix, n):
        both = {row[pair.truth_index]: None, row[pair.predicted_index]: None}
        if len(indices | both) > n:
            break
        indices |= both
    return np.sort(np.fromiter(indices, np.int64, len(indices)))


def around(matrix: Confusion, row: int, n: int = 30) -> np.ndarray:
    """Rows (int64, in the matrix's order) of a class and of at most n - 1 others that are confused with it."""
    both = matrix.counts[row] + matrix.counts[:, row]
    both[row] = both.max(initial=0) + 1
    near = np.argsort(-both, kind="stable")[:n]
    return np.sort(near[both[near] > 0])


@dataclass(frozen=True)
class Pair:
    """Items of one class predicted as another. of: items of the true class; share: items / of; *_index: as in the
    task.
    """

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
