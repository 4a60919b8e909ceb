"""Taxonomy of classes, coarse to fine; a class below two parents is kept apart by its path."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from clfcore.data.dataset import Problem
from clfcore.task import Level, Task, hierarchical


class Taxonomy(NamedTuple):
    """Task and targets (see `Task`) of rows of classes, and the classes that have two parents."""

    task: Task
    targets: np.ndarray
    problems: list[Problem]


def taxonomy(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Taxonomy:
    """The hierarchy of levels `names`; its targets are N x L int64.

    rows: a class a level, coarsest first. `other` below both cat and dog becomes `cat / other` and `dog / other`: they
    are two classes, and the finest level is then true to its parents.
    """
    apart, problems = [list(row) for row in rows], []
    for i in range(1, len(names)):
        parents: dict[str, dict[str, None]] = {}
        for row in apart:
            parents.setdefault(row[i], {})[row[i - 1]] = None
        for child, above in sorted(parents.items()):
            if len(above) > 1:
                place = f"{names[i]} {child} stands below {names[i - 1]} {' and '.join(sorted(above))}"
                problems.append(
                    Problem("two-parents", child, f"{place}: it is kept apart as {sorted(above)[0]} / {child}")
                )
        for row in apart:
            if len(parents[row[i]]) > 1:
                row[i] = f"{row[i - 1]} / {row[i]}"
    levels = tuple(Level(name, tuple(sorted({row[i] for row in apart}))) for i, name in enumerate(names))
    index = [{label: i for i, label in enumerate(level.classes)} for level in levels]
    targets = np.array([[of[label] for of, label in zip(index, row, strict=True)] for row in apart], np.int64)
    return Taxonomy(hierarchical(levels, np.unique(targets, axis=0)), targets, problems)
