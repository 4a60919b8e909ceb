"""Decisions: what a person decided about a picture, as frozen values; keyed by the picture's content.

A decision is about one item under the label that it had. It holds wherever the picture goes, lapses once the label is
another one, and changes no file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from clfcore.data.dataset import ImageDataset
from clfcore.data.fingerprints import is_readable
from clfcore.errors import InputError, brief, nearest, unknown
from clfcore.results import Json, JsonObject, Result
from clfcore.task import Task

Action = Literal["keep", "label", "drop", "group", "doubt", "wrong", "note"]
ACTIONS: tuple[Action, ...] = get_args(Action)
LONGEST_NOTE = 500  # characters
LONGEST_NAME = 300  # of an item, a class or a group


@dataclass(frozen=True)
class Decision(Result):
    """A decision about a picture.

    content: its fingerprint; item: its id; given: its label in words when it was decided. action: keep (the label is
    right), label (it is another one), drop, group (the picture belongs together with others), doubt (nobody can tell),
    wrong (the label is, and nobody said which is right) or note (nothing is decided). label: of label, the class, the
    labels (none is possible) or a path of classes, the finest last; group: of group, its name. source: the list that it
    was decided in.
    """

    content: str
    item: str
    given: str
    action: Action
    label: tuple[str, ...] = ()
    group: str = ""
    note: str = ""
    source: str = ""
    when: str = ""

    @property
    def slot(self) -> tuple[str, str, bool]:
        """What a later decision replaces: that on the same picture, of its label or of its group."""
        return (self.content, self.item, self.action == "group")

    @property
    def changes(self) -> bool:
        """Whether a version differs by it."""
        return self.action in ("label", "drop", "group")


def decide_item(
    dataset: ImageDataset,
    item: str,
    action: str,
    *,
    label: Sequence[str] = (),
    group: str = "",
    note: str = "",
    source: str = "",
) -> Decision:
    """A decision about an item of a dataset, checked. Raises InputError.

    label: of a hierarchy a whole path, or its finest class alone.
    """
    if action not in ACTIONS:
        raise unknown("action", action, ACTIONS)
    if item not in dataset.ids:
        raise InputError(
            f"item is {brief(item)}: {dataset.name} has none of that name{nearest(item, dataset.ids[:2000])}"
        )
    index = dataset.ids.index(item)
    content = dataset.contents[index]
    if not is_readable(content):
        raise InputError(f"{item} cannot be read, so nothing can be decided about it: mend or remove its file")
    if not dataset.labeled and action in ("keep", "wrong", "group"):
        raise InputError(f"{item} has no label yet, so that {action} says nothing: give it a label, or drop it")
    if len(note) > LONGEST_NOTE:
        raise InputError(f"note has {len(note):,} characters: it has at most {LONGEST_NOTE}")
    group = " ".join(group.split())
    if action == "group" and not group:
        raise InputError(f"the group of {item} has no name: write one, such as session-1")
    if len(group) > LONGEST_NAME or not group.isprintable():
        raise InputError(
            f"group is {brief(group)}: it has at most {LONGEST_NAME} characters, all of which can be printed"
        )
    names = tuple(label)
    if action == "label":
        names = class_names(dataset.task, names)
    decision = Decision(content, item, dataset.label(index), "keep", note=note.strip(), source=source)
    if action == "label" and dataset.labeled and np.array_equal(target_of(dataset.task, names), dataset.targets[index]):
        return decision  # the label that it has: the picture was looked at, and stays
    return replace(
        decision,
        action=next(name for name in ACTIONS if name == action),
        label=names if action == "label" else (),
        group=group if action == "group" else "",
    )


def class_names(task: Task, names: Sequence[str]) -> tuple[str, ...]:
    """A label as its task writes it: one class, labels in the task's order, or a whole path. Raises InputError."""
    for name in names if task.kind != "hierarchical" else names[-1:]:
        if name not in task.classes:
            raise unknown("label", name, task.classes)
    if task.kind == "multi-label":
        return tuple(name for name in task.classes if name in set(names))
    if task.kind == "single-label":
        if len(names) != 1:
            raise InputError(f"label is {brief(', '.join(names))}: a picture has one class, and {len(names)} are named")
        return tuple(names)
    if len(names) == 1:
        return path_of(task, names[0])
    if len(names) != len(task.levels):
        raise InputError(
            f"label is {brief(' / '.join(names))}: a path has {len(task.levels)} classes "
            f"({', '.join(level.name for level in task.levels)}), or name its finest alone"
        )
    for level, name in zip(task.levels, names, strict=True):
        if name not in level.classes:
            raise unknown(level.name, name, level.classes)
    path = tuple(level.classes.index(name) for level, name in zip(task.levels, names, strict=True))
    if task.paths and path not in task.paths:
        raise InputError(f"label is {brief(' / '.join(names))}: no picture of the data is on this path")
    return tuple(names)


def path_of(task: Task, finest: str) -> tuple[str, ...]:
    """The path of classes that ends with a class. Raises InputError where several do."""
    place = task.classes.index(finest)
    paths = [path for path in task.paths if path[-1] == place]
    if len(paths) != 1:
        raise InputError(f"label is {finest!r}: {len(paths)} paths end with it; write the whole path")
    return tuple(level.classes[i] for level, i in zip(task.levels, paths[0], strict=True))


def target_of(task: Task, names: Sequence[str]) -> np.ndarray:
    """The target of an item with this label, as `Task` says. Raises InputError where it names no class of the task."""
    names = class_names(task, names)
    if task.kind == "multi-label":
        return np.array([name in names for name in task.classes], np.uint8)
    places = [level.classes.index(name) for level, name in zip(task.levels, names, strict=True)]
    return np.array(places[0] if task.kind == "single-label" else places, np.int64)


def label_text(task: Task, names: Sequence[str]) -> str:
    """A label in words, as `ImageDataset.label` writes it."""
    if task.kind == "multi-label":
        return "; ".join(names) or "no label"
    return (" / " if task.kind == "hierarchical" else "; ").join(names)


def effective(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """What holds in the end: of each picture the last decision on its label and on its group; keep ends both."""
    latest: dict[tuple[str, str, bool], Decision] = {}
    for decision in decisions:
        content, item, is_group = decision.slot
        latest.pop((content, item, is_group), None)
        if decision.action == "keep":
            latest.pop((content, item, True), None)
        latest[content, item, is_group] = decision
    return tuple(latest.values())


def decision_from(value: Json) -> Decision:
    """A decision as a file of the lab has it. Raises ValueError where it is none."""
    if not isinstance(value, dict):
        raise ValueError("a decision is no object")
    texts = {name: value.get(name, "") for name in ("content", "item", "given", "group", "note", "source", "when")}
    labels = value.get("label", [])
    if not all(isinstance(text, str) and len(text) < 10_000 for text in texts.values()) or not texts["content"]:
        raise ValueError("a decision's texts are none")
    if value.get("action") not in ACTIONS or not isinstance(labels, list):
        raise ValueError(f"a decision's action is {brief(value.get('action'))}")
    if not all(isinstance(name, str) for name in labels):
        raise ValueError("a decision's label is no list of names")
    return Decision(action=value["action"], label=tuple(labels), **texts)


def written(decision: Decision) -> JsonObject:
    """A decision for a file: without what is empty, but for an empty label, which says that there is none."""
    values = decision.as_json()
    if decision.action != "label":
        del values["label"]
    return {name: value for name, value in values.items() if value != ""}
