"""A CSV manifest -> ImageDataset: a row a picture, for the three tasks, with splits and groups where they are given."""

import csv
import io
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from clfcore.data.dataset import ImageDataset, Problem, Split
from clfcore.data.importers.folders import kept_beside
from clfcore.data.importers.readings import Reading
from clfcore.data.importers.split_names import SPLIT_NAMES
from clfcore.data.importers.taxonomy import taxonomy
from clfcore.data.importers.walk import plain, shortened
from clfcore.data.splits import draw_splits, strata
from clfcore.errors import InputError, nearest
from clfcore.spreadsheet import unescaped
from clfcore.task import Level, Task

_OWN = ("path", "split", "group", "label", "labels")


@dataclass(frozen=True)
class _Row:
    """A row that can be used: its number in the file (the header is 1), path as written, classes, split, group."""

    number: int
    path: str
    classes: tuple[str, ...]  # one (label), any number (labels) or one a level
    split: str
    group: str


def import_csv(path: Path, *, split_seed: int = 0, asked: Reading | None = None) -> ImageDataset:
    """The dataset of a manifest: a `path` column relative to the file, then `label`, `labels` (joined by `;`, may be
    empty) or one other column a level, coarse to fine; `split` and `group` where given.

    Rows without a class or whose file is absent are left out and named. Raises InputError where columns are missing, a
    split is unknown, a path leads outside the manifest's folder, or fewer than two classes remain.
    """
    name, unpacking = kept_beside(path.parent)
    header, table = _read(path)
    kind, columns = _kind(header, path)
    rows, problems = _rows(header, table, path, columns)
    _check_splits(rows, path)
    rows, more = _present(rows, path.parent)
    problems += more
    if not rows:
        raise InputError(f"{path} names no picture that is there: write paths relative to {path.parent.absolute()}")
    task, targets, more = _targets(rows, kind, columns)
    problems += shortened(more)
    judged = asked is not None and asked.judged
    if len(task.classes) < (1 if kind == "multi-label" or judged else 2):
        said = f"one class, {task.classes[0]!r}: a classifier needs at least two" if task.classes else "no class at all"
        raise InputError(f"{path} has {said}")
    groups = _groups(rows)
    paths = tuple(path.parent / row.path for row in rows)
    layers, given = strata(task, targets), _given(rows)
    splits, drawn = draw_splits(layers, split_seed, paths, groups=groups, given=given, judged=judged)
    return ImageDataset(
        name if unpacking is not None else plain(path.stem),
        task,
        tuple(row.path for row in rows),
        targets,
        splits,
        paths=paths,
        groups=groups,
        drawn=drawn,
        problems=(*(unpacking or ()), *problems),
    )


def has_paths(path: Path) -> bool:
    """Whether a CSV looks like a manifest: its header has a `path` column."""
    try:
        return "path" in _read(path, rows=False)[0]
    except InputError:
        return False


def written_paths(text: bytes, name: str) -> list[str]:
    """The paths of a manifest that is still in memory, none of them leading outside. Raises InputError."""
    header, table = _parsed(io.TextIOWrapper(io.BytesIO(text), "utf-8-sig", newline=""), Path(name))
    _kind(header, Path(name))
    at = header.index("path")
    return [_inside(row[at].strip(), i, Path(name)) for i, row in enumerate(table, start=2) if len(row) > at]


def _read(path: Path, *, rows: bool = True) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _parsed(file, path, rows=rows)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): name a readable CSV file") from None


def _parsed(file: TextIO, path: Path, *, rows: bool = True) -> tuple[list[str], list[list[str]]]:
    try:
        reader = ([unescaped(cell) for cell in row] for row in csv.reader(file, strict=True))
        header = [name.strip() for name in next(reader, [])]
        header = [name.lower() if name.lower() in _OWN else name for name in header]
        return header, [*reader] if rows else []
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text: save it as CSV UTF-8") from None
    except csv.Error as error:
        raise InputError(f"{path} is no valid CSV ({error}): save it again as comma-separated values") from None


def _kind(header: list[str], path: Path) -> tuple[str, list[str]]:
    """The task and the columns that hold its classes."""
    if "path" not in header:
        raise InputError(f"{path} has no column path (it has {', '.join(header) or 'none'}): add one, a picture a row")
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice:
        raise InputError(f"{path} has two columns {twice}: rename one")
    levels = [name for name in header if name not in _OWN and name]
    if "label" in header and "labels" in header:
        raise InputError(f"{path} has both label and labels: keep label for one class a picture, labels for several")
    if "label" in header:
        return "single-label", ["label"]
    if "labels" in header:
        return "multi-label", ["labels"]
    if not levels:
        raise InputError(f"{path} has no column label, labels or one a level: add one with the classes")
    return ("hierarchical" if len(levels) > 1 else "single-label"), levels


def _rows(
    header: list[str], table: list[list[str]], path: Path, columns: list[str]
) -> tuple[list[_Row], list[Problem]]:
    """The rows that can be used, and what is said of the others. Raises InputError where a path leads outside."""
    at = {name: i for i, name in enumerate(header)}
    rows: dict[str, _Row] = {}
    problems: dict[str, list[Problem]] = {}
    for number, cells in enumerate(table, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[len(header) :]):
            said = f"row {number} has {len(cells)} cells for {len(header)} columns (a bare comma?): it is left out"
            problems.setdefault("bad-row", []).append(Problem("bad-row", f"row {number}", said))
            continue
        cells = [cell.strip() for cell in cells[: len(header)]] + [""] * (len(header) - len(cells))
        item = _inside(cells[at["path"]], number, path)
        if columns == ["labels"]:
            classes = tuple(dict.fromkeys(part.strip() for part in cells[at["labels"]].split(";") if part.strip()))
        else:
            classes = tuple(cells[at[name]] for name in columns)
        if not item or not all(classes):
            said = f"row {number} ({item or 'no path'}) has no {'path' if not item else 'class'}: it is left out"
            problems.setdefault("no-class", []).append(Problem("no-class", item or f"row {number}", said))
        elif item in rows:
            same = rows[item].classes == classes
            said = f"row {number} names {item} again{'' if same else ', with another class'}: the first row is kept"
            problems.setdefault("repeated", []).append(Problem("repeated", item, said))
        else:
            split, group = (cells[at[name]] if name in at else "" for name in ("split", "group"))
            rows[item] = _Row(number, item, classes, split, group)
    return [*rows.values()], [problem for listed in problems.values() for problem in shortened(listed)]


def _inside(written: str, number: int, path: Path) -> str:
    """A row's path, relative and with slashes. Raises InputError where it leads outside the manifest's folder."""
    item = written.replace("\\", "/")
    outside = item.startswith("/") or (len(item) > 1 and item[1] == ":")
    item = posixpath.normpath(item) if item else ""
    if outside or item == ".." or item.startswith("../") or "\0" in item:
        raise InputError(
            f"{path} row {number}: path is {written!r}, which leads outside the manifest's folder; "
            "write it relative to the manifest, and keep the pictures beside or below it"
        )
    return item


def _present(rows: list[_Row], folder: Path) -> tuple[list[_Row], list[Problem]]:
    """The rows whose file is there. A folder is listed once, which is far quicker than to ask for each file."""
    listed: dict[str, set[str]] = {}
    kept, problems = [], []
    for row in rows:
        parent, name = posixpath.split(row.path)
        if parent not in listed:
            try:
                listed[parent] = {entry.name for entry in (folder / parent).iterdir()}
            except OSError:
                listed[parent] = set()
        # The file system may not tell cases apart: it is asked before a row is given up.
        if name in listed[parent] or (folder / row.path).is_file():
            kept.append(row)
        else:
            problems.append(
                Problem("missing", row.path, f"row {row.number}: {row.path} does not exist: it is left out")
            )
    return kept, shortened(problems)


def _targets(rows: list[_Row], kind: str, columns: list[str]) -> tuple[Task, np.ndarray, list[Problem]]:
    if kind == "hierarchical":
        return taxonomy(columns, [row.classes for row in rows])
    if kind == "multi-label":
        levels = (Level("class", _sorted(name for row in rows for name in row.classes)),)
    else:
        names = ["class" if name == "label" else name for name in columns]
        levels = tuple(Level(name, _sorted(row.classes[i] for row in rows)) for i, name in enumerate(names))
    index = [{name: i for i, name in enumerate(level.classes)} for level in levels]
    if kind == "multi-label":
        targets = np.zeros((len(rows), len(levels[0].classes)), np.uint8)
        for i, row in enumerate(rows):
            targets[i, [index[0][name] for name in row.classes]] = 1
        return Task("multi-label", levels), targets, []
    chosen = np.array([[at[name] for at, name in zip(index, row.classes, strict=True)] for row in rows], np.int64)
    return Task("single-label", levels), chosen[:, 0], []


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _groups(rows: list[_Row]) -> tuple[str, ...] | None:
    """A group an item; rows without one are a group of their own."""
    if not any(row.group for row in rows):
        return None
    return tuple(row.group or f"row {row.number}" for row in rows)


def _check_splits(rows: list[_Row], path: Path) -> None:
    """Splits are named in all rows or in none, by names that are known. Raises InputError."""
    for row in rows if any(row.split for row in rows) else ():
        if row.split.lower() not in SPLIT_NAMES:
            near = nearest(row.split.lower(), SPLIT_NAMES)
            said = f"{path} row {row.number}: split is {row.split!r}"
            raise InputError(f"{said}: it must be train, validation (or val, valid) or test{near}")


def _given(rows: list[_Row]) -> dict[Split, np.ndarray]:
    names = [SPLIT_NAMES[row.split.lower()] for row in rows if row.split]
    return {split: np.flatnonzero([name == split for name in names]) for split in dict.fromkeys(names)}
