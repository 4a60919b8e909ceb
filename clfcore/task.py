"""Task: what is to be told apart. One value serves single-label, multi-label and hierarchical work."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from clfcore.errors import InputError, unknown

TaskKind = Literal["single-label", "multi-label", "hierarchical"]


@dataclass(frozen=True)
class Level:
    """A level of classes: its name (`class`, or a manifest's column) and its classes, in the order of the logits."""

    name: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """The kind of task and its levels: one for single-label and multi-label, several for hierarchical, finest last.

    Logits are N x `columns`: the levels side by side, in order. Targets are N int64 (single-label), N x C uint8 of 0
    and 1 (multi-label) or N x L int64 (hierarchical: an index within each level). paths: the real paths of a
    hierarchical task, an index a level; empty where the data has not been seen.
    """

    kind: TaskKind
    levels: tuple[Level, ...]
    paths: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in get_args(TaskKind):
            raise unknown("task", self.kind, get_args(TaskKind))
        if not self.levels or (self.kind != "hierarchical" and len(self.levels) != 1):
            raise InputError(f"a {self.kind} task cannot have {len(self.levels)} levels")
        for level in self.levels:
            if len(set(level.classes)) != len(level.classes):
                twice = next(name for name in level.classes if level.classes.count(name) > 1)
                raise InputError(f"class {twice!r} is named twice in level {level.name!r}: names must differ")

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of the finest level."""
        return self.levels[-1].classes

    @property
    def columns(self) -> int:
        """How many logits an item has: the classes of all levels."""
        return sum(len(level.classes) for level in self.levels)

    @property
    def slices(self) -> tuple[slice, ...]:
        """Where each level's logits stand among the columns."""
        edges = [0]
        for level in self.levels:
            edges.append(edges[-1] + len(level.classes))
        return tuple(slice(a, b) for a, b in itertools.pairwise(edges))

    def as_dict(self) -> dict[str, object]:
        levels = [{"name": level.name, "classes": list(level.classes)} for level in self.levels]
        return {"kind": self.kind, "levels": levels, "paths": [list(path) for path in self.paths]}

    @staticmethod
    def from_dict(stored: dict) -> "Task":
        levels = tuple(Level(level["name"], tuple(level["classes"])) for level in stored["levels"])
        return Task(stored["kind"], levels, tuple(tuple(path) for path in stored.get("paths", ())))


def single_label(classes: tuple[str, ...] | list[str]) -> Task:
    return Task("single-label", (Level("class", tuple(classes)),))


def multi_label(classes: tuple[str, ...] | list[str]) -> Task:
    return Task("multi-label", (Level("class", tuple(classes)),))


def hierarchical(levels: tuple[Level, ...], paths: Iterable[Sequence[int]]) -> Task:
    """Ordered levels, the finest last, and the paths that are real: one class index a level."""
    return Task("hierarchical", levels, tuple(sorted({tuple(int(i) for i in path) for path in paths})))
