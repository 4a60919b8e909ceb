"""Label statistics before any training: co-occurrence of labels, and the tree of classes."""

from typing import NamedTuple

import numpy as np

from clfcore.data.dataset import ImageDataset, Split
from clfcore.errors import InputError
from clfcore.evaluation.class_tree import Branch


class LabelPairs(NamedTuple):
    """Co-occurrence of labels, C x C int64: items with both, on the diagonal those with one; and items with none."""

    counts: np.ndarray
    without: int


def label_pairs(dataset: ImageDataset, split: Split) -> LabelPairs:
    """Co-occurrence of the labels in a split. Raises InputError where the task is not multi-label."""
    if dataset.task.kind != "multi-label":
        raise InputError(f"{dataset.name} is {dataset.task.kind}: only multi-label data has pairs of labels")
    present = (dataset.targets[dataset.splits[split]] > 0).astype(np.float64)  # BLAS is exact here
    return LabelPairs((present.T @ present).round().astype(np.int64), int((~present.any(axis=1)).sum()))


def class_tree(dataset: ImageDataset) -> tuple[Branch, ...]:
    """Tree of classes: every path that occurs, and its beginnings, with its items in all splits; `right` is 0."""
    if dataset.task.kind != "hierarchical":
        raise InputError(f"{dataset.name} is {dataset.task.kind}: it has no tree of classes")
    branches = []
    for depth in range(1, dataset.targets.shape[1] + 1):
        begins, counts = np.unique(dataset.targets[:, :depth], axis=0, return_counts=True)
        for begin, n in zip(begins, counts.tolist(), strict=True):
            names = tuple(level.classes[i] for level, i in zip(dataset.task.levels, begin, strict=False))
            branches.append(Branch(names, n, 0))
    return tuple(branches)
