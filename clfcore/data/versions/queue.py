"""A queue of pictures to decide on: in which order, why each is in it, and how many errors are to be expected.

Whatever lists pictures can fill one: label suspects, duplicates, problems, errors of a run, a selection on a map.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from clfcore.data.dataset import ImageDataset
from clfcore.data.versions.decisions import Decision, label_text, path_of
from clfcore.errors import InputError
from clfcore.task import Task

KEYS = 9  # classes that a digit stands for


@dataclass(frozen=True)
class QueueItem:
    """A picture to decide on. item: its id; reason: why it is here, in words; suggested: the label that it may have;
    others: ids of items that it may belong together with, or be copies of."""

    item: str
    reason: str = ""
    suggested: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Queue:
    """Pictures to decide on, the most doubtful first.

    source: what decisions in it are recorded as; expected: about how many wrong labels there are among its items, None
    where nobody can tell.
    """

    source: str
    items: tuple[QueueItem, ...]
    expected: int | None = None


@dataclass(frozen=True)
class QueueState:
    """How far a queue is. decided: items with a decision; errors_found: of them the changed ones; errors_left: about
    how many wrong labels are left, None where nobody can tell."""

    decided: frozenset[str]
    left: int
    errors_found: int
    errors_left: int | None


def make_queue(source: str, items: Iterable[QueueItem], dataset: ImageDataset, *, expected: int | None = None) -> Queue:
    """A queue of the items that the dataset has, each once, under the first reason that it was given."""
    known, taken = set(dataset.ids), dict[str, QueueItem]()
    for item in items:
        if item.item in known:
            taken.setdefault(item.item, replace(item, others=tuple(o for o in item.others if o in known)))
    return Queue(source, tuple(taken.values()), expected)


def queue_state(queue: Queue, decisions: Mapping[str, Decision]) -> QueueState:
    """How far a queue is. decisions: item -> the decision on it."""
    decided = frozenset(item.item for item in queue.items if item.item in decisions)
    corrected = sum(decisions[item].action in ("label", "drop") for item in decided)
    left = len(queue.items) - len(decided)
    expected = None if queue.expected is None else min(left, max(0, queue.expected - corrected))
    return QueueState(decided, left, corrected, expected)


def next_place(queue: Queue, place: int, decided: Collection[str]) -> int:
    """The place of the next item that is not decided, after `place` or from the start; where none is left, `place`."""
    count = len(queue.items)
    ahead = ((place + step) % count for step in range(1, count + 1))
    return next((i for i in ahead if queue.items[i].item not in decided), place)


def by_item(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """item -> the decision on its label; on its group where there is no other."""
    latest: dict[str, Decision] = {}
    for decision in decisions:
        if decision.action in ("note", "wrong"):  # somebody has yet to say what is right
            continue
        if decision.action != "group" or decision.item not in latest:
            latest[decision.item] = decision
    return latest


def suggestion(task: Task, text: str) -> tuple[str, ...]:
    """The label that `ImageDataset.label` writes as this text; empty where it is none of the task's."""
    if task.kind == "single-label":
        return (text,) if text in task.classes else ()
    if task.kind == "multi-label":
        names = tuple(name for name in task.classes if name in set(text.split("; ")))
        return names if label_text(task, names) == text else ()
    for path in task.paths:
        names = tuple(level.classes[i] for level, i in zip(task.levels, path, strict=True))
        if label_text(task, names) == text:
            return names
    try:
        return path_of(task, text) if text in task.classes else ()
    except InputError:
        return ()


def key_classes(task: Task, likely: Sequence[str] = ()) -> tuple[str, ...]:
    """The classes that the keys 1 to 9 stand for: all in their order where there are so few, else the likely ones."""
    if len(task.classes) <= KEYS:
        return task.classes
    first = [name for name in dict.fromkeys(likely) if name in task.classes]
    return tuple([*first, *(name for name in task.classes if name not in first)][:KEYS])
