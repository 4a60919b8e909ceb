"""CSV manifests: a row a picture, for the three tasks, with splits and groups where they are given."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from clfcore.data.dataset import ImageDataset, Problem, Split
from clfcore.data.importers.class_names import by_case, canonical, joined
from clfcore.data.importers.columns import Columns, Question, columns_of, own_names
from clfcore.data.importers.csv_table import Table, read_table
from clfcore.data.importers.find_files import Files, Located, inside
from clfcore.data.importers.folders import unpacked_folder
from clfcore.data.importers.label_cells import parts
from clfcore.data.importers.readings import AmbiguousData, Choice, Reading, parse_reading
from clfcore.data.importers.split_names import SPLIT_NAMES
from clfcore.data.importers.task_form import TaskForm, is_one, task_form
from clfcore.data.importers.taxonomy import Taxonomy, taxonomy
from clfcore.data.importers.walk import as_text, shortened
from clfcore.data.splits import draw_splits, strata
from clfcore.errors import InputError
from clfcore.task import Level, Task, TaskKind

SEVERAL_ROWS = 0.1  # of the pictures, from which rows of other classes are further labels rather than slips


@dataclass(frozen=True)
class _Row:
    """A row that can be used: its number in the file (the header is 1), path, classes, split, group."""

    number: int
    path: str
    classes: tuple[str, ...]  # one (label), any number (labels) or one a level
    split: Split | None
    group: str


@dataclass(frozen=True)
class _Manifest:
    """A manifest that was read: its task and targets, the rows they are of, and its problems."""

    task: Task
    targets: np.ndarray
    rows: tuple[_Row, ...]
    problems: tuple[Problem, ...]


def import_csv(path: Path, *, split_seed: int = 0, reading: Reading | None = None) -> ImageDataset:
    """The dataset of a manifest: a `path` column relative to the file, then `label`, `labels` (joined by `;`, may be
    empty) or one other column a level, coarse to fine; `split` and `group` where given. Other common names of columns,
    other separators and columns of 0 and 1 are understood, and noted.

    Rows without a class or whose file is absent are left out and named. Raises InputError where columns are missing, a
    split is unknown, a path leads outside the manifest's folder, or fewer than two classes remain; AmbiguousData where
    the manifest can be read in several ways and `reading` does not say which.
    """
    name, unpacking = unpacked_folder(path.parent)
    reading = reading or Reading()
    manifest = _read(path, reading)
    task, targets, rows = manifest.task, manifest.targets, manifest.rows
    if len(task.classes) < (1 if task.kind == "multi-label" or reading.evaluation_only else 2):
        fault = f"one class, {task.classes[0]!r}: a classifier needs at least two" if task.classes else "no class"
        raise InputError(f"{path} has {fault}")
    groups = _groups(rows)
    paths = tuple(path.parent / row.path for row in rows)
    layers, given = strata(task, targets), _given(rows)
    splits, drawn = draw_splits(
        layers, split_seed, paths, groups=groups, given=given, evaluation_only=reading.evaluation_only
    )
    return ImageDataset(
        name if unpacking is not None else as_text(path.stem),
        task,
        tuple(as_text(row.path) for row in rows),
        targets,
        splits,
        paths=paths,
        groups=groups,
        drawn=drawn,
        problems=(*(unpacking or ()), *manifest.problems),
    )


def manifest_choice(path: Path, reading: Reading) -> Choice | None:
    """A manifest as one of several readings of a folder; None where it cannot be read."""
    what = f"the manifest {path.name}"
    try:
        manifest = _read(path, reading)
    except AmbiguousData as question:  # it is asked once the manifest was chosen
        return replace(question.choices[0], what=what, asks="", place=path)
    except InputError:
        return None
    return Choice(what, manifest.task.classes, len(manifest.rows), place=path)


def _read(path: Path, reading: Reading) -> _Manifest:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): name a readable CSV file") from None
    table = read_table(data, str(path), reading)
    table = replace(table, header=own_names(table.header))
    return _understood(table, path=path, files=Files(path), reading=reading)


def _understood(table: Table, *, path: Path, files: Files, reading: Reading) -> _Manifest:
    """The manifest, read as asked. Raises AmbiguousData where there are several ways; each is counted by reading it."""

    def existing(values: Sequence[str]) -> tuple[str, ...]:
        try:
            items = [inside(value, table.first + i, path) for i, value in enumerate(values)]
        except InputError:
            return ()
        located = files.locate(items, folder=reading.value("folder"))
        return tuple(filter(None, located.paths)) or (tuple(items) if located.rivals else ())

    def ask(question: Question) -> AmbiguousData:
        choices = []
        for what, way in question.ways:
            try:
                other = _understood(table, path=path, files=files, reading=reading.adding(parse_reading(way)))
            except AmbiguousData as more:
                choices.append(Choice(what, more.choices[0].classes, more.choices[0].pictures, asks=way))
            except InputError:
                continue
            else:
                choices.append(Choice(what, other.task.classes, len(other.rows), asks=way))
        return AmbiguousData(question.text, choices)

    columns = columns_of(table, where=str(path), reading=reading, existing=existing)
    if isinstance(columns, Question):
        raise ask(columns)
    notes = [*table.notes, *columns.notes]
    form = task_form(table, columns, path=path, reading=reading)
    if isinstance(form, Question):
        raise ask(form)
    notes += form.notes
    usable = _rows(table, columns, path=path, form=form)
    if not usable.rows and usable.problems:
        raise InputError(f"{path} has no row that can be used: {usable.problems[0].message}")
    located = files.locate([row.path for row in usable.rows], folder=reading.value("folder"))
    present = _present(usable.rows, located)
    if located.folders:
        some = ", ".join(located.folders[:4]) + (", …" if len(located.folders) > 4 else "")
        notes.append(f"files that are not named in full are found in {some}")
    if located.rivals:
        ways = tuple((f"the files in {name}", f"folder={name}") for name, _ in located.rivals[:6])
        raise ask(Question(f"the files of {path} are in several folders", ways))
    once = _once(present.rows, form.kind)
    if once is None:
        ways = (("several labels a picture, a row each", "multi"), ("one class a picture, its first row", "single"))
        if not reading.options & {"multi", "single"}:
            raise ask(Question(f"{path} names many pictures in several rows with different classes", ways))
        once = _merged(present.rows) if "multi" in reading else _first_rows(present.rows)
    if not once.rows:
        raise InputError(f"{path} names no picture that is there: write paths relative to {path.parent.absolute()}")
    spelled = _one_spelling(once.rows, reading, str(path))
    targets = _targets(spelled.rows, form.kind, columns.classes)
    problems = (
        *(Problem("reading", path.name, note) for note in notes),
        *sorted((*usable.problems, *shortened(once.problems), *present.problems), key=_order),
        *shortened(spelled.problems),
        *shortened(targets.problems),
    )
    return _Manifest(targets.task, targets.targets, tuple(spelled.rows), problems)


def _order(problem: Problem) -> int:
    return ("no-class", "repeated", "bad-row", "missing").index(problem.kind)


class _Rows(NamedTuple):
    """Rows that are used, and why others are not."""

    rows: list[_Row]
    problems: list[Problem]


def _rows(table: Table, columns: Columns, *, path: Path, form: TaskForm) -> _Rows:
    """The rows that can be used. Raises InputError where a path leads outside."""
    kind, separator = form.kind, form.separator
    place = {name: i for i, name in enumerate(table.header)}
    width = len(table.header)
    rows: list[_Row] = []
    problems: dict[str, list[Problem]] = {}

    for i, cells in enumerate(table.rows):
        number = table.first + i
        if not any(cells):
            continue
        if any(cells[width:]):
            message = f"row {number} has {len(cells)} cells for {width} columns (an unquoted comma?): it is left out"
            problems.setdefault("bad-row", []).append(Problem("bad-row", f"row {number}", message))
            continue
        cells = (*cells[:width], *[""] * (width - len(cells)))
        item = inside(cells[place[columns.path]], number, path)
        if columns.form == "one-hot":
            classes = tuple(name for name in columns.classes if is_one(cells[place[name]]))
            classes = classes[:1] if kind == "single-label" and len(classes) == 1 else classes
        elif kind == "multi-label":
            classes = parts(cells[place[columns.classes[0]]], separator)
        else:
            classes = tuple(cells[place[name]] for name in columns.classes)
        classes = tuple(canonical(name) for name in classes)
        lacks = kind != "multi-label" and (not classes or not all(classes))
        if not item or lacks:
            message = f"row {number} ({item or 'no path'}) has no {'path' if not item else 'class'}: it is left out"
            problems.setdefault("no-class", []).append(Problem("no-class", item or f"row {number}", message))
        elif kind == "single-label" and len(classes) > 1:
            message = f"row {number} ({item}) has {len(classes)} classes: it is left out"
            problems.setdefault("no-class", []).append(Problem("no-class", item, message))
        else:
            group = cells[place[columns.group]] if columns.group else ""
            rows.append(_Row(number, item, classes, columns.splits[i], group))
    return _Rows(rows, [problem for listed in problems.values() for problem in shortened(listed)])


def _present(rows: list[_Row], located: Located) -> _Rows:
    """The rows whose file exists, by its true path."""
    present, missing = [], []
    for row, path in zip(rows, located.paths, strict=True):
        if path:
            present.append(row if path == row.path else replace(row, path=path))
        else:
            message = f"row {row.number}: {row.path} does not exist: it is left out"
            missing.append(Problem("missing", row.path, message))
    return _Rows(present, shortened(missing))


def _once(rows: Sequence[_Row], kind: TaskKind) -> _Rows | None:
    """Each picture once, by its first row; None where so many have rows of other classes that these may be labels."""
    first: dict[str, _Row] = {}
    for row in rows:
        first.setdefault(row.path, row)
    differing = {row.path for row in rows if row.classes != first[row.path].classes}
    if kind != "hierarchical" and len(differing) > 2 and len(differing) >= SEVERAL_ROWS * len(first):
        return None
    return _first_rows(rows)


def _first_rows(rows: Sequence[_Row]) -> _Rows:
    first: dict[str, _Row] = {}
    problems = []
    for row in rows:
        if first.setdefault(row.path, row) is row:
            continue
        how = "" if first[row.path].classes == row.classes else ", with another class"
        message = f"row {row.number} names {row.path} again{how}: the first row is kept"
        problems.append(Problem("repeated", row.path, message))
    return _Rows(list(first.values()), problems)


def _merged(rows: Sequence[_Row]) -> _Rows:
    """Each picture once, with the labels of all its rows."""
    first: dict[str, _Row] = {}
    labels: dict[str, dict[str, None]] = {}
    for row in rows:
        first.setdefault(row.path, row)
        labels.setdefault(row.path, {}).update(dict.fromkeys(row.classes))
    return _Rows([replace(row, classes=tuple(labels[row.path])) for row in first.values()], [])


def _one_spelling(rows: list[_Row], reading: Reading, where: str) -> _Rows:
    """Rows whose classes are spelled in one way. Raises AmbiguousData where classes differ in case alone."""
    names = [name for row in rows for name in row.classes]
    cases = by_case(names, reading, where)
    if cases.usual:
        rows = [replace(row, classes=tuple(dict.fromkeys(cases.usual.get(n, n) for n in row.classes))) for row in rows]
    return _Rows(rows, [*joined(names, names), *cases.problems])


def _targets(rows: Sequence[_Row], kind: TaskKind, columns: Sequence[str]) -> Taxonomy:
    if kind == "hierarchical":
        return taxonomy(list(columns), [row.classes for row in rows])
    unnamed = kind == "multi-label" or len(columns) > 1 or columns[0] in ("label", "labels")
    level = Level("class" if unnamed else columns[0], _sorted(name for row in rows for name in row.classes))
    index = {name: i for i, name in enumerate(level.classes)}
    if kind == "single-label":
        return Taxonomy(Task(kind, (level,)), np.array([index[row.classes[0]] for row in rows], np.int64), [])
    targets = np.zeros((len(rows), len(level.classes)), np.uint8)
    for i, row in enumerate(rows):
        targets[i, [index[name] for name in row.classes]] = 1
    return Taxonomy(Task(kind, (level,)), targets, [])


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _groups(rows: Sequence[_Row]) -> tuple[str, ...] | None:
    """A group an item; rows without one are a group of their own."""
    if not any(row.group for row in rows):
        return None
    return tuple(row.group or f"row {row.number}" for row in rows)


def _given(rows: Sequence[_Row]) -> dict[Split, np.ndarray]:
    known = {split: [i for i, row in enumerate(rows) if row.split == split] for split in SPLIT_NAMES.values()}
    return {split: np.array(chosen, np.int64) for split, chosen in known.items() if chosen}
