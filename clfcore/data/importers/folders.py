"""A folder of class folders, with or without train, validation and test above them -> ImageDataset."""

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from clfcore.data.dataset import ImageDataset, Problem, Split
from clfcore.data.importers.class_names import by_case
from clfcore.data.importers.layout import read_layout, refuse_empty
from clfcore.data.importers.readings import Reading
from clfcore.data.importers.split_folders import Layout
from clfcore.data.importers.split_names import SPLIT_NAMES
from clfcore.data.importers.walk import Walk, plain, shortened
from clfcore.data.splits import draw_splits
from clfcore.errors import InputError
from clfcore.task import single_label

KEPT = ".unpacked.json"  # beside an unpacked folder: its archive's name, and what was found while unpacking


def import_folder(folder: Path, *, split_seed: int = 0, asked: Reading | None = None) -> ImageDataset:
    """A single-label dataset of a folder; its ids are paths relative to it, its classes sorted folder names.

    Pictures deeper inside a class folder belong to it. What is left out, and what a folder was taken for, is among the
    problems. Raises InputError where the folder cannot be read or holds fewer than two classes; AmbiguousData where it
    can be read in several ways and `asked` does not say which.
    """
    asked = asked or Reading()
    name, layout, problems = folder_layout(folder, asked)
    level = -1 if "inner" in asked else 0
    labels = [item.labels[level] for item in layout.items]
    usual, said = by_case(labels, asked, layout.root)
    items = [(item.path, usual.get(label, label), item.split) for item, label in zip(layout.items, labels, strict=True)]
    return _dataset(name, Path(layout.root), items, split_seed, (*problems, *said), judged=asked.judged)


def folder_layout(folder: Path, asked: Reading) -> tuple[str, Layout, tuple[Problem, ...]]:
    """A folder's name, its layout and all that was found in it. Raises InputError where it has no pictures."""
    name, unpacking = kept_beside(folder)
    walk = Walk(folder)
    layout = read_layout(walk, asked)
    refuse_empty(layout)
    return name, layout, (*(unpacking or ()), *_in_order(layout.problems, walk.problems(layout.root, layout.ignored)))


def _in_order(said: Iterable[Problem], found: dict[str, list[Problem]]) -> Iterable[Problem]:
    """By kind; long lists are cut, and what was taken for what stands first."""
    kinds: dict[str, list[Problem]] = {}
    for problem in said:
        kinds.setdefault(problem.kind, []).append(problem)
    for kind, listed in found.items():
        kinds.setdefault(kind, []).extend(listed)
    for kind in sorted(kinds, key=lambda kind: kind != "reading"):
        yield from shortened(kinds[kind])


def _dataset(
    name: str,
    root: Path,
    items: list[tuple[str, str, Split | None]],
    split_seed: int,
    problems: tuple[Problem, ...],
    *,
    judged: bool,
) -> ImageDataset:
    classes = sorted({label for _, label, _ in items})
    if len(classes) == 1 and not judged:
        raise InputError(
            f"{root} has one class, {plain(classes[0])!r}: a classifier needs at least two, one folder each"
        )
    index = {label: i for i, label in enumerate(classes)}
    targets = np.array([index[label] for _, label, _ in items], np.int64)
    given: dict[Split, np.ndarray] = {}
    if items[0][2] is not None:
        given = {split: np.flatnonzero([s == split for _, _, s in items]) for split in SPLIT_NAMES.values()}
    paths = tuple(Path(path) for path, _, _ in items)
    splits, drawn = draw_splits(targets, split_seed, paths, given=given, judged=judged)
    start = len(str(root)) + (not str(root).endswith(os.sep))
    ids = unique([plain(path[start:].replace(os.sep, "/")) for path, _, _ in items])
    task = single_label(unique([plain(label) for label in classes]))
    return ImageDataset(name, task, ids, targets, splits, paths=paths, drawn=drawn, problems=problems)


def unique(names: list[str]) -> tuple[str, ...]:
    """The names, those that stand for several files (their bytes are no UTF-8) told apart by a number."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(out)


def kept_beside(folder: Path) -> tuple[str, tuple[Problem, ...] | None]:
    """The name and problems that `archives` keeps beside what it unpacked; else the folder's own name, and None."""
    for unpacked in (folder, folder.parent):  # a manifest may stand in the one folder of its zip
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # it only describes; the pictures count
            kept = json.loads(unpacked.with_name(f"{unpacked.name}{KEPT}").read_text(encoding="utf-8"))
            return kept["name"], tuple(Problem(**problem) for problem in kept["problems"])
    return plain(folder.resolve().name) or str(folder), None
