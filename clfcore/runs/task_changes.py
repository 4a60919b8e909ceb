"""How the classes of data differ from those that a run began with: added, removed, renamed, moved in the hierarchy."""

from dataclasses import dataclass

import numpy as np

from clfcore.data.dataset import ImageDataset
from clfcore.task import Task

MOST = 5  # names of a kind that are listed


@dataclass(frozen=True, eq=False)
class MatchedItems:
    """A run's N items in the data of today: their targets in the run, and where each stands now (-1: gone)."""

    targets: np.ndarray
    places: np.ndarray


def task_changes(task: Task, dataset: ImageDataset, matched: MatchedItems | None = None) -> tuple[str, ...]:
    """What has changed from a task to that of the data, in words; nothing where the classes are the same, in any order.

    matched: the run's items in the data, by which a class that was renamed is told from one that was removed.
    """
    now = dataset.task
    if now.kind != task.kind:
        return (f"the task was {task.kind} and is {now.kind}",)
    if len(now.levels) != len(task.levels):
        return (f"there were {len(task.levels)} levels of classes and are {len(now.levels)}",)
    changes: list[str] = []
    for place, (old, new) in enumerate(zip(task.levels, now.levels, strict=True)):
        removed = [name for name in old.classes if name not in new.classes]
        added = [name for name in new.classes if name not in old.classes]
        for name in list(removed):
            if matched is None:
                break
            in_class = _of_class(task, matched.targets, place)[:, old.classes.index(name)]
            called = _called(in_class, place, dataset, places=matched.places)
            if called in added:
                changes.append(f"{name} is called {called} now")
                removed.remove(name)
                added.remove(called)
        for word, names in (("added", added), ("removed", removed)):
            if names:
                changes.append(f"{word}: {', '.join(names[:MOST])}{', …' if len(names) > MOST else ''}")
    if not changes and task.kind == "hierarchical":
        changes = _parents(task, now)
    return tuple(changes)


def _called(in_class: np.ndarray, place: int, dataset: ImageDataset, *, places: np.ndarray) -> str:
    """The class of a level in which most pictures of a run's class (N bool) are now; empty where there are none."""
    mine = in_class & (places >= 0)
    if not mine.any():
        return ""
    counts = _of_class(dataset.task, dataset.targets[places[mine]], place).sum(axis=0)
    return dataset.task.levels[place].classes[int(counts.argmax())]


def _of_class(task: Task, targets: np.ndarray, place: int) -> np.ndarray:
    """N x C bool: which items are of which class of a level, or bear which label."""
    if task.kind == "multi-label":
        return targets.astype(bool)
    column = targets if targets.ndim == 1 else targets[:, place]
    return column[:, None] == np.arange(len(task.levels[place].classes))


def _parents(task: Task, now: Task) -> list[str]:
    """Classes that stand elsewhere in the hierarchy."""
    before, after = _paths(task), _paths(now)
    moved = sorted({path[-1] for path in before ^ after})
    return [f"moved in the hierarchy: {', '.join(moved[:MOST])}{', …' if len(moved) > MOST else ''}"] if moved else []


def _paths(task: Task) -> set[tuple[str, ...]]:
    return {tuple(level.classes[i] for level, i in zip(task.levels, path, strict=True)) for path in task.paths}
