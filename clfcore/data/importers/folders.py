"""Class folders, with or without train, validation and test above them."""

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from clfcore.data.dataset import ImageDataset, Problem, Split
from clfcore.data.importers.class_names import by_case
from clfcore.data.importers.layout import read_layout, refuse_empty
from clfcore.data.importers.readings import Reading
from clfcore.data.importers.split_folders import Layout
from clfcore.data.importers.split_names import SPLIT_NAMES
from clfcore.data.importers.walk import Walk, as_text, shortened
from clfcore.data.splits import draw_splits
from clfcore.errors import InputError
from clfcore.task import single_label

RECORD = ".unpacked.json"  # beside an unpacked folder: its archive's name, and the problems of unpacking


def import_folder(folder: Path, *, split_seed: int = 0, reading: Reading | None = None) -> ImageDataset:
    """A single-label dataset of a folder; its ids are paths relative to it, its classes sorted folder names.

    Pictures deeper inside a class folder belong to it. What is left out, and what a folder was taken for, is among the
    problems. Raises InputError where the folder cannot be read or holds fewer than two classes; AmbiguousData where it
    can be read in several ways and `reading` does not say which.
    """
    reading = reading or Reading()
    name, layout, problems = folder_layout(folder, reading)
    level = -1 if "inner" in reading else 0
    labels = [item.labels[level] for item in layout.items]
    cases = by_case(labels, reading, layout.root)
    items = [
        _Picture(item.path, cases.usual.get(label, label), item.split)
        for item, label in zip(layout.items, labels, strict=True)
    ]
    dataset = _dataset(name, Path(layout.root), items, split_seed=split_seed, evaluation_only=reading.evaluation_only)
    return replace(dataset, problems=(*problems, *cases.problems))


class FolderLayout(NamedTuple):
    """Layout of a folder, with the folder's name and its problems."""

    name: str
    layout: Layout
    problems: tuple[Problem, ...]


def folder_layout(folder: Path, reading: Reading) -> FolderLayout:
    """The layout of a folder. Raises InputError where it has no pictures."""
    name, unpacking = unpacked_folder(folder)
    walk = Walk(folder)
    layout = read_layout(walk, reading)
    refuse_empty(layout)
    problems = _in_order(layout.problems, walk.problems(layout.root, layout.ignored))
    return FolderLayout(name, layout, (*(unpacking or ()), *problems))


def _in_order(of_layout: Iterable[Problem], of_files: dict[str, list[Problem]]) -> Iterable[Problem]:
    """Problems by kind; long lists are cut, and what was assumed stands first."""
    kinds: dict[str, list[Problem]] = {}
    for problem in of_layout:
        kinds.setdefault(problem.kind, []).append(problem)
    for kind, listed in of_files.items():
        kinds.setdefault(kind, []).extend(listed)
    for kind in sorted(kinds, key=lambda kind: kind != "reading"):
        yield from shortened(kinds[kind])


class _Picture(NamedTuple):
    """A picture file: its path, its class, and its split where one is given."""

    path: str
    label: str
    split: Split | None


def _dataset(name: str, root: Path, items: list[_Picture], *, split_seed: int, evaluation_only: bool) -> ImageDataset:
    classes = sorted({item.label for item in items})
    if len(classes) == 1 and not evaluation_only:
        raise InputError(
            f"{root} has one class, {as_text(classes[0])!r}: a classifier needs at least two, one folder each"
        )
    index = {label: i for i, label in enumerate(classes)}
    targets = np.array([index[item.label] for item in items], np.int64)
    given: dict[Split, np.ndarray] = {}
    if items[0].split is not None:
        given = {split: np.flatnonzero([item.split == split for item in items]) for split in SPLIT_NAMES.values()}
    paths = tuple(Path(item.path) for item in items)
    splits, drawn = draw_splits(targets, split_seed, paths, given=given, evaluation_only=evaluation_only)
    start = len(str(root)) + (not str(root).endswith(os.sep))
    ids = unique([as_text(item.path[start:].replace(os.sep, "/")) for item in items])
    task = single_label(unique([as_text(label) for label in classes]))
    return ImageDataset(name, task, ids, targets, splits, paths=paths, drawn=drawn)


def unique(names: list[str]) -> tuple[str, ...]:
    """The names, those that stand for several files (their bytes are no UTF-8) told apart by a number."""
    counts: Counter[str] = Counter()
    distinct = []
    for name in names:
        counts[name] += 1
        distinct.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return tuple(distinct)


class UnpackedFolder(NamedTuple):
    """Record of an unpacking: the archive's name, and its problems; None for a folder that nothing was unpacked to."""

    name: str
    problems: tuple[Problem, ...] | None


def unpacked_folder(folder: Path) -> UnpackedFolder:
    """The record that `archives` keeps beside a folder that it unpacked; else the folder's own name."""
    for unpacked in (folder, folder.parent):  # a manifest may stand in the one folder of its zip
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # it only describes; the pictures count
            record = json.loads(unpacked.with_name(f"{unpacked.name}{RECORD}").read_text(encoding="utf-8"))
            return UnpackedFolder(record["name"], tuple(Problem(**problem) for problem in record["problems"]))
    return UnpackedFolder(as_text(folder.resolve().name) or str(folder), None)


def fetched_from(folder: Path) -> str:
    """The address that a folder was fetched from; empty where it came otherwise."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        record = json.loads(folder.with_name(f"{folder.name}{RECORD}").read_text(encoding="utf-8"))
        return str(record["source"])
    return ""
