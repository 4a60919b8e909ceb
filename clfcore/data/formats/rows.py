"""Rows of labeled files: what every format holds, and how a dataset becomes rows and rows a dataset."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from clfcore.data.dataset import ImageDataset, Problem, Split
from clfcore.data.importers.find_files import Files, inside
from clfcore.data.importers.readings import Reading
from clfcore.data.importers.split_names import split_of
from clfcore.data.importers.taxonomy import taxonomy
from clfcore.data.importers.walk import as_text, shortened
from clfcore.data.splits import draw_splits, strata
from clfcore.errors import InputError
from clfcore.task import Level, Task, TaskKind

MOST_BYTES = 1 << 30  # of a file of labels
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names that Windows keeps for itself
_LONGEST = 120  # characters of a name


@dataclass(frozen=True)
class Row:
    """A labeled file. labels: one class, any number of labels, or a class a level; group: empty where there is none."""

    path: str
    labels: tuple[str, ...]
    split: Split | None = None
    group: str = ""


@dataclass(frozen=True)
class Rows:
    """Rows of one task. levels: names of a hierarchy's; classes: in their order, where the format has one."""

    kind: TaskKind
    rows: tuple[Row, ...]
    levels: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class PlacedRows:
    """Rows whose pictures are no files below a folder. places: by a row's path where its picture is."""

    rows: Rows
    places: Mapping[str, Path]


def rows_of(dataset: ImageDataset) -> Rows:
    """The rows of a dataset in its order; their paths are safe and unique, whatever its items are called."""
    split_of_item = {int(i): split for split, chosen in dataset.splits.items() for i in chosen}
    task, groups = dataset.task, dataset.groups
    rows = tuple(
        Row(path, _labels(dataset, i), split_of_item.get(i), groups[i] if groups else "")
        for i, path in enumerate(_safe_paths(dataset))
    )
    levels = tuple(level.name for level in task.levels) if task.kind == "hierarchical" else ()
    return Rows(task.kind, rows, levels, () if levels else task.classes)


def _labels(dataset: ImageDataset, i: int) -> tuple[str, ...]:
    target = dataset.targets[i]
    if dataset.task.kind == "multi-label":
        return tuple(dataset.classes[k] for k in np.flatnonzero(target))
    columns = np.atleast_1d(target).tolist()
    return tuple(level.classes[k] for level, k in zip(dataset.task.levels, columns, strict=True))


def _safe_paths(dataset: ImageDataset) -> list[str]:
    """A relative path an item that every file system takes, different even where case is not told apart."""
    taken: set[str] = set()
    paths = []
    for i, name in enumerate(dataset.ids):
        parts = [_safe_name(part) for part in name.split("/") if part not in ("", ".")] or ["image"]
        suffix = ".png" if dataset.paths is None else dataset.paths[i].suffix.lower()
        stem = parts[-1].removesuffix(PurePosixPath(parts[-1]).suffix) if suffix else parts[-1]
        path, number = "/".join([*parts[:-1], stem + suffix]), 1
        while path.casefold() in taken:
            number += 1
            path = "/".join([*parts[:-1], f"{stem}-{number}{suffix}"])
        taken.add(path.casefold())
        paths.append(path)
    return paths


def _safe_name(part: str) -> str:
    name = re.sub(r"[^\w. ()+-]+", "-", part).strip(" .")[-_LONGEST:] or "image"
    return f"_{name}" if _RESERVED.fullmatch(name) else name


def given_split(name: object) -> Split | None:
    """The split that a file's word means; None where it means none."""
    return split_of(name)[0] if isinstance(name, str) else None


def dataset_of(
    given_rows: Rows | PlacedRows, source: Path, *, name: str, split_seed: int = 0, reading: Reading | None = None
) -> ImageDataset:
    """The dataset of rows whose paths are relative to the folder of `source`, a file of labels, or have their places.

    Rows whose file is absent, or that have no class, are left out and named. Raises InputError where a path leads
    outside that folder, or where too few classes remain.
    """
    reading = reading or Reading()
    if isinstance(given_rows, PlacedRows):
        rows, places = given_rows.rows, given_rows.places
        located = [row.path for row in rows.rows]
    else:
        rows, places = given_rows, {}
        written = [inside(row.path, i, source) for i, row in enumerate(rows.rows, start=1)]
        located = [*Files(source).locate(written, folder=reading.value("folder")).paths]
    depth = len(rows.levels) if rows.kind == "hierarchical" else 1
    present: list[Row] = []
    missing: list[Problem] = []
    for row, path in zip(rows.rows, located, strict=True):
        if not path:
            missing.append(Problem("missing", row.path, f"{row.path} does not exist: it is left out"))
        elif rows.kind != "multi-label" and (len(row.labels) != depth or not all(row.labels)):
            missing.append(Problem("no-class", row.path, f"{row.path} has no class: it is left out"))
        else:
            present.append(replace(row, path=path))
    first = {row.path: row for row in reversed(present)}
    used = list(reversed(first.values()))
    if not used:
        raise InputError(f"{source} names no picture that is there: keep the pictures beside or below it")
    task, targets, problems = _targets(rows, used)
    if len(task.classes) < (1 if task.kind == "multi-label" or reading.evaluation_only else 2):
        raise InputError(f"{source} has one class: a classifier needs at least two")
    groups = tuple(row.group or f"row {i}" for i, row in enumerate(used)) if any(row.group for row in used) else None
    given: dict[Split, np.ndarray] = {}
    for split in ("train", "validation", "test"):
        chosen = np.flatnonzero([row.split == split for row in used])
        if len(chosen):
            given[split] = chosen
    paths = tuple(places.get(row.path) or source.parent / row.path for row in used)
    splits, drawn = draw_splits(
        strata(task, targets), split_seed, paths, groups=groups, given=given, evaluation_only=reading.evaluation_only
    )
    return ImageDataset(
        as_text(name), task, tuple(as_text(row.path) for row in used), targets, splits, paths=paths, groups=groups,
        drawn=drawn, problems=(*rows.problems, *shortened(missing), *shortened(problems)),
    )  # fmt: skip


def _targets(rows: Rows, used: Sequence[Row]) -> tuple[Task, np.ndarray, list[Problem]]:
    if rows.kind == "hierarchical":
        return taxonomy(list(rows.levels), [row.labels for row in used])
    named = {label for row in used for label in row.labels}
    classes = rows.classes if named <= set(rows.classes) else tuple(sorted(named))
    at = {label: i for i, label in enumerate(classes)}
    task = Task(rows.kind, (Level("class", classes),))
    if rows.kind == "single-label":
        return task, np.array([at[row.labels[0]] for row in used], np.int64), []
    targets = np.zeros((len(used), len(classes)), np.uint8)
    for i, row in enumerate(used):
        targets[i, [at[label] for label in row.labels]] = 1
    return task, targets, []
