"""A hierarchy as a tree: how many items each class has and how many are right, and one class opened into its children.

Letters: N items, L levels (the finest last).
"""

from dataclasses import dataclass

import numpy as np

from clfcore.errors import InputError, unknown
from clfcore.evaluation.confusion import Confusion
from clfcore.evaluation.counts import confusion_counts
from clfcore.evaluation.hierarchy import answers, real_paths
from clfcore.predictions import Predictions

ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Branch:
    """One class on its path. path: class names, coarsest first; items: of the truth; right: rightly predicted."""

    path: tuple[str, ...]
    items: int
    right: int

    @property
    def accuracy(self) -> float | None:
        """Share of its items whose answers are right on all levels down to this one; None without items."""
        return self.right / self.items if self.items else None


def tree(predictions: Predictions) -> tuple[Branch, ...]:
    """Every real path and its beginnings, level by level, by name."""
    real, said, truth = real_paths(predictions), answers(predictions), predictions.targets  # P x L, N x L, N x L
    right = np.cumprod(said == truth, axis=1).astype(bool)  # N x L: right so far
    branches = []
    for depth in range(1, real.shape[1] + 1):
        for begin in np.unique(real[:, :depth], axis=0):
            there = (truth[:, :depth] == begin).all(axis=1)
            names = tuple(level.classes[i] for level, i in zip(predictions.task.levels, begin, strict=False))
            branches.append(Branch(names, int(there.sum()), int(right[there, depth - 1].sum())))
    return tuple(branches)


def opened(predictions: Predictions, level: str, name: str) -> Confusion:
    """The confusion among the children of class `name` of `level`: a row a child, the last column what left the branch.

    Rows and columns are the children and `elsewhere`, whose row is empty. Raises InputError at the finest level.
    """
    names = [one.name for one in predictions.task.levels]
    if level not in names:
        raise unknown("level", level, names)
    at = names.index(level)
    if at == len(names) - 1:
        raise InputError(f"{level} is the finest level: it has no children to open")
    classes = predictions.task.levels[at].classes
    if name not in classes:
        raise unknown(level, name, classes)
    real = real_paths(predictions)
    children = np.unique(real[real[:, at] == classes.index(name), at + 1])
    place = np.full(len(predictions.task.levels[at + 1].classes), len(children))
    place[children] = np.arange(len(children))
    inside = predictions.targets[:, at] == classes.index(name)
    truth, said = place[predictions.targets[inside, at + 1]], place[answers(predictions)[inside, at + 1]]
    labels = tuple(predictions.task.levels[at + 1].classes[i] for i in children)
    counts = confusion_counts(truth, said, len(children) + 1)
    return Confusion((*labels, ELSEWHERE), counts, np.append(children, -1))


def summary(predictions: Predictions) -> str:
    """One sentence, for those who cannot see the picture."""
    finest = [branch for branch in tree(predictions) if len(branch.path) == len(predictions.task.levels)]
    known = [branch for branch in finest if branch.accuracy is not None]
    if not known:
        return "No item: nothing is known of any class."
    worst = min(known, key=lambda branch: branch.accuracy)
    total, right = sum(b.items for b in known), sum(b.right for b in known)
    return (
        f"{right:,} of {total:,} items are right on every level; least often {' / '.join(worst.path)} "
        f"({worst.right:,} of {worst.items:,})."
    )
