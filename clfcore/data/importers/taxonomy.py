"""Rows of classes, coarse to fine -> a hierarchical task; a class below two parents is kept apart by its path."""

from collections.abc import Sequence

import numpy as np

from clfcore.data.dataset import Problem
from clfcore.task import Level, Task, hierarchical


def taxonomy(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[Task, np.ndarray, list[Problem]]:
    """The task of levels `names`, the targets (N x L int64), and what is said of classes with two parents.

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
                said = f"{names[i]} {child} stands below {names[i - 1]} {' and '.join(sorted(above))}"
                problems.append(
                    Problem("two-parents", child, f"{said}: it is kept apart as {sorted(above)[0]} / {child}")
                )
        for row in apart:
            if len(parents[row[i]]) > 1:
                row[i] = f"{row[i - 1]} / {row[i]}"
    levels = tuple(Level(name, tuple(sorted({row[i] for row in apart}))) for i, name in enumerate(names))
    index = [{label: at for at, label in enumerate(level.classes)} for level in levels]
    targets = np.array([[at[label] for at, label in zip(index, row, strict=True)] for row in apart], np.int64)
    return hierarchical(levels, np.unique(targets, axis=0)), targets, problems
