"""Predictions of several runs on the items that all of them have, under the labels of one of them.

Runs on versions of one dataset were scored on other items and other labels. What they share can be compared; whether
a gain is the model's or the labels' shows only under the labels before and after.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from clfcore.errors import InputError
from clfcore.evaluation.compare import Named
from clfcore.predictions import Predictions


@dataclass(frozen=True, eq=False)
class CommonItems:
    """The runs on their common items, in the order of the last one, whose labels all have here.

    relabeled: ids of common items whose label differs between the first run and the last. left_out: how many items only
    some of the runs have.
    """

    runs: tuple[Named, ...]
    relabeled: tuple[str, ...]
    left_out: int
    before: np.ndarray  # targets of the common items, as the first run has them

    def under_labels_before(self) -> tuple[Named, ...]:
        """The runs under the labels of the first one."""
        return tuple((name, replace(predictions, targets=self.before)) for name, predictions in self.runs)


def common_items(runs: Sequence[Named]) -> CommonItems:
    """Bring runs of one task to the items that all of them have. Raises InputError where there is none."""
    first_name, first = runs[0]
    for name, other in runs[1:]:
        if (other.task.kind, other.task.levels) != (first.task.kind, first.task.levels):
            raise InputError(f"runs {first_name} and {name} have different tasks or classes: only runs of one compare")
    last = runs[-1][1]
    shared = set(last.ids).intersection(*(other.ids for _, other in runs[:-1]))
    ids = tuple(item for item in last.ids if item in shared)
    if not ids:
        names = ", ".join(name for name, _ in runs)
        raise InputError(f"runs {names} have no item of the {last.split} split in common: there is nothing to compare")
    chosen = [(name, _of(other, ids)) for name, other in runs]
    targets, before = chosen[-1][1].targets, chosen[0][1].targets
    changed = (targets != before).reshape(len(ids), -1).any(axis=1)
    every = set(last.ids).union(*(other.ids for _, other in runs[:-1]))
    return CommonItems(
        runs=tuple((name, replace(predictions, targets=targets)) for name, predictions in chosen),
        relabeled=tuple(ids[i] for i in np.flatnonzero(changed)),
        left_out=len(every) - len(ids),
        before=before,
    )


def have_same_items(runs: Sequence[Named]) -> bool:
    """Whether all runs were scored on the same items under the same labels, in whatever order."""
    first = runs[0][1]
    for _, other in runs[1:]:
        if set(other.ids) != set(first.ids):
            return False
        if not np.array_equal(_of(other, first.ids).targets, first.targets):
            return False
    return True


def _of(predictions: Predictions, ids: tuple[str, ...]) -> Predictions:
    """The predictions of these items, in this order."""
    if predictions.ids == ids:
        return predictions
    place = {item: i for i, item in enumerate(predictions.ids)}
    order = np.array([place[item] for item in ids], np.int64)
    return replace(predictions, ids=ids, targets=predictions.targets[order], logits=predictions.logits[order])
