"""Decisions applied to a dataset: other labels, items left out, items that belong together; no file is touched.

A label is for every item of that content under that label; a drop or a group is for the item that was looked at, so
that of two copies one can be dropped. Items that are decided to belong together go to one split, the first of train,
validation and test that has one of them: what is tested is never trained on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from clfcore.data.dataset import SPLITS, ImageDataset, Problem, Split
from clfcore.data.versions.decisions import Decision, target_of
from clfcore.errors import InputError

MOST_NAMED = 3  # pictures of lapsed decisions


@dataclass(frozen=True, eq=False)
class Applied:
    """A dataset with decisions applied.

    relabeled, dropped, grouped: ids of items; moved: those that are in another split now, for their group's sake.
    relabeled_in, dropped_in: how many of each split. lapsed: decisions whose picture is gone, or has another label.
    """

    dataset: ImageDataset
    relabeled: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    grouped: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    lapsed: tuple[Decision, ...] = ()


def apply_decisions(dataset: ImageDataset, decisions: Iterable[Decision], *, name: str = "") -> Applied:
    """The dataset as decided. name: what it is called then.

    Raises InputError where nothing of a class is left to train on that had something.
    """
    at = _Items(dataset)
    targets = dataset.targets.copy()
    relabeled, dropped, groups, lapsed = set[int](), set[int](), dict[int, str](), []
    for decision in decisions:
        places = at.of(decision)
        if not places:
            if decision.changes:
                lapsed.append(decision)
            continue
        if decision.action == "label":
            try:
                target = target_of(dataset.task, decision.label)
            except InputError:  # the classes are others now
                lapsed.append(decision)
                continue
            targets[places] = target
            relabeled.update(places)
        elif decision.action == "drop":
            dropped.add(at.named(decision, places))
        elif decision.action == "group":
            groups[at.named(decision, places)] = decision.group
    relabeled -= dropped
    groups = {i: group for i, group in groups.items() if i not in dropped}
    changed = replace(dataset, targets=targets)
    grouped = _grouped(changed, groups) if groups else changed
    moved = _moved(dataset, grouped)
    lapse = (Problem("lapsed-decision", "", _lapse(lapsed)),) if lapsed else ()
    left = grouped.without(sorted(dropped)) if dropped else grouped
    left = replace(left, name=name or dataset.name, problems=(*left.problems, *lapse))
    _check_classes(dataset, left)

    def names(places: Iterable[int]) -> tuple[str, ...]:
        return tuple(dataset.ids[i] for i in sorted(places))

    return Applied(left, names(relabeled), names(dropped), names(groups), names(moved), tuple(lapsed))


class _Items:
    """Items of a dataset by their content."""

    def __init__(self, dataset: ImageDataset) -> None:
        self._dataset = dataset
        self._of: dict[str, list[int]] = {}
        for i, content in enumerate(dataset.contents):
            self._of.setdefault(content, []).append(i)

    def of(self, decision: Decision) -> list[int]:
        """The items of the decision's content that have the label that it is about."""
        return [i for i in self._of.get(decision.content, ()) if self._dataset.label(i) == decision.given]

    def named(self, decision: Decision, places: list[int]) -> int:
        """The one that was looked at: by its name, else the first."""
        return next((i for i in places if self._dataset.ids[i] == decision.item), places[0])


def _grouped(dataset: ImageDataset, decided: dict[int, str]) -> ImageDataset:
    """The dataset with items joined: groups that share an item become one, under the decided name."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    own = [f"given {group}" for group in dataset.groups or [f"item {name}" for name in dataset.ids]]
    for i, group in decided.items():
        parent[root(own[i])] = root(f"decided {group}")
    names: dict[str, str] = {}
    for group in sorted(set(decided.values()), reverse=True):
        names[root(f"decided {group}")] = group  # of several the first by name
    groups = [names.get(root(key)) for key in own]
    given = dataset.groups or dataset.ids
    new = tuple(given[i] if group is None else group for i, group in enumerate(groups))
    return replace(dataset, groups=new, splits=_in_one_split(dataset, groups))


def _in_one_split(dataset: ImageDataset, groups: list[str | None]) -> dict[Split, np.ndarray]:
    """The splits with each joined group in the first one that has an item of it."""
    where = _split_places(dataset)
    first: dict[str, int] = {}
    for i, group in enumerate(groups):
        if group is not None and where[i] < len(SPLITS):
            first[group] = min(first.get(group, len(SPLITS)), int(where[i]))
    for i, group in enumerate(groups):
        if group is not None and where[i] < len(SPLITS):
            where[i] = first[group]
    return {split: np.flatnonzero(where == SPLITS.index(split)) for split in dataset.splits}


def _moved(before: ImageDataset, after: ImageDataset) -> list[int]:
    return np.flatnonzero(_split_places(before) != _split_places(after)).tolist()


def _split_places(dataset: ImageDataset) -> np.ndarray:
    """Each item's split, N integers; `len(SPLITS)` of what is in none."""
    where = np.full(len(dataset), len(SPLITS))
    for i, split in enumerate(SPLITS):
        where[dataset.splits.get(split, np.empty(0, np.int64))] = i
    return where


def _check_classes(before: ImageDataset, after: ImageDataset) -> None:
    """Refuse a version in which a class can no longer be learned."""
    if "train" not in before.splits:
        return
    counts = zip(before.classes, before.counts("train"), after.counts("train"), strict=True)
    gone = [name for name, was, now in counts if was and not now]
    if gone:
        raise InputError(
            f"the decisions leave {', '.join(gone[:5])} without a training picture: keep at least one of each class, "
            "or take the class out of the original data"
        )


def _lapse(lapsed: list[Decision]) -> str:
    """What is said of decisions that no picture is left for."""
    names = ", ".join(decision.item for decision in lapsed[:MOST_NAMED]) + (", …" if len(lapsed) > MOST_NAMED else "")
    are = "decision has" if len(lapsed) == 1 else "decisions have"
    return f"{len(lapsed):,} {are} no effect ({names}): the pictures are gone, or have another label now"
