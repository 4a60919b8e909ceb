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
    real, predicted, truth = real_paths(predictions), answers(predictions), predictions.targets  # P x L, N x L, N x L
    right = np.cumprod(predicted == truth, axis=1).astype(bool)  # N x L: right so far
    branches = []
    for depth in range(1, real.shape[1] + 1):
        for begin in np.unique(real[:, :depth], axis=0):
            inside = (truth[:, :depth] == begin).all(axis=1)
            names = tuple(level.classes[i] for level, i in zip(predictions.task.levels, begin, strict=False))
            branches.append(Branch(names, int(inside.sum()), int(right[inside, depth - 1].sum())))
    return tuple(branches)


def opened(predictions: Predictions, level: str, name: str) -> Confusion:
    """The confusion among the children of class `name` of `level`: a row a child, the last column what left the branch.

    Rows and columns are the children and `elsewhere`, whose row is empty. Raises InputError at the finest level.
    """
    names = [known.name for known in predictions.task.levels]
    if level not in names:
        raise unknown("level", level, names)
    depth = names.index(level)
    if depth == len(names) - 1:
        raise InputError(f"{level} is the finest level: it has no children to open")
    classes = predictions.task.levels[depth].classes
    if name not in classes:
        raise unknown(level, name, classes)
    real = real_paths(predictions)
    children = np.unique(real[real[:, depth] == classes.index(name), depth + 1])
    place = np.full(len(predictions.task.levels[depth + 1].classes), len(children))
    place[children] = np.arange(len(children))
    inside = predictions.targets[:, depth] == classes.index(name)
    truth = place[predictions.targets[inside, depth + 1]]
    predicted = place[answers(predictions)[inside, depth + 1]]
    labels = tuple(predictions.task.levels[depth + 1].classes[i] for i in children)
    counts = confusion_counts(truth, predicted, len(children) + 1)
    return Confusion((*labels, ELSEWHERE), counts, np.append(children, -1))


def summary(predictions: Predictions) -> str:
    """One sentence, for those who cannot see the picture."""
    finest = [branch for branch in tree(predictions) if len(branch.path) == len(predictions.task.levels)]
    known = [branch for branch in finest if branch.items]
    if not known:
        return "No items: the accuracy of every class is undefined."
    worst = min(known, key=lambda branch: branch.right / branch.items)
    total, right = sum(b.items for b in known), sum(b.right for b in known)
    return (
        f"{right:,} of {total:,} items are right on every level; least often {' / '.join(worst.path)} "
        f"({worst.right:,} of {worst.items:,})."
    )
