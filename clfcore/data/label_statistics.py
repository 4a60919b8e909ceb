"""What the labels of a dataset say before anything is trained: labels that stand together, the tree of its classes."""

import numpy as np

from clfcore.data.dataset import ImageDataset, Split
from clfcore.errors import InputError
from clfcore.evaluation.class_tree import Branch


def label_pairs(dataset: ImageDataset, split: Split) -> tuple[np.ndarray, int]:
    """C x C int64: items of a split with both labels, on the diagonal those with one; and how many have none."""
    if dataset.task.kind != "multi-label":
        raise InputError(f"{dataset.name} is {dataset.task.kind}: labels stand together where there are several")
    there = (dataset.targets[dataset.splits[split]] > 0).astype(np.float64)  # BLAS is exact here
    return (there.T @ there).round().astype(np.int64), int((~there.any(axis=1)).sum())


def class_tree(dataset: ImageDataset) -> tuple[Branch, ...]:
    """Every real path and its beginnings with how many items it has in all splits; nothing is judged: right is 0."""
    if dataset.task.kind != "hierarchical":
        raise InputError(f"{dataset.name} is {dataset.task.kind}: it has no tree of classes")
    found = []
    for depth in range(1, dataset.targets.shape[1] + 1):
        begins, counts = np.unique(dataset.targets[:, :depth], axis=0, return_counts=True)
        for begin, n in zip(begins, counts.tolist(), strict=True):
            names = tuple(level.classes[i] for level, i in zip(dataset.task.levels, begin, strict=False))
            found.append(Branch(names, n, 0))
    return tuple(found)
