"""A CSV manifest -> ImageDataset: a row a picture, for the three tasks, with splits and groups where they are given."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from clfcore.data.dataset import ImageDataset, Problem, Split
from clfcore.data.importers.class_names import by_case, canonical, joined
from clfcore.data.importers.columns import Columns, Question, columns_of, own_names, path_columns
from clfcore.data.importers.csv_table import Table, read_table
from clfcore.data.importers.find_files import Files, inside
from clfcore.data.importers.folders import kept_beside
from clfcore.data.importers.label_cells import parts
from clfcore.data.importers.readings import AmbiguousData, Choice, Reading, reading
from clfcore.data.importers.split_names import SPLIT_NAMES
from clfcore.data.importers.task_form import is_one, task_form
from clfcore.data.importers.taxonomy import taxonomy
from clfcore.data.importers.walk import plain, shortened
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
    """A manifest understood: its task and targets, the rows they are of, and what was found."""

    task: Task
    targets: np.ndarray
    rows: tuple[_Row, ...]
    problems: tuple[Problem, ...]


def import_csv(path: Path, *, split_seed: int = 0, asked: Reading | None = None) -> ImageDataset:
    """The dataset of a manifest: a `path` column relative to the file, then `label`, `labels` (joined by `;`, may be
    empty) or one other column a level, coarse to fine; `split` and `group` where given. Other common names of columns,
    other separators and columns of 0 and 1 are understood, and noted.

    Rows without a class or whose file is absent are left out and named. Raises InputError where columns are missing, a
    split is unknown, a path leads outside the manifest's folder, or fewer than two classes remain; AmbiguousData where
    the manifest can be read in several ways and `asked` does not say which.
    """
    name, unpacking = kept_beside(path.parent)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): name a readable CSV file") from None
    asked = asked or Reading()
    table = read_table(data, str(path), asked)
    table = replace(table, header=own_names(table.header))
    found = _understood(table, path, Files(path), asked)
    task, targets, rows = found.task, found.targets, found.rows
    if len(task.classes) < (1 if task.kind == "multi-label" or asked.judged else 2):
        said = f"one class, {task.classes[0]!r}: a classifier needs at least two" if task.classes else "no class at all"
        raise InputError(f"{path} has {said}")
    groups = _groups(rows)
    paths = tuple(path.parent / row.path for row in rows)
    layers, given = strata(task, targets), _given(rows)
    splits, drawn = draw_splits(layers, split_seed, paths, groups=groups, given=given, judged=asked.judged)
    return ImageDataset(
        name if unpacking is not None else plain(path.stem),
        task,
        tuple(plain(row.path) for row in rows),
        targets,
        splits,
        paths=paths,
        groups=groups,
        drawn=drawn,
        problems=(*(unpacking or ()), *found.problems),
    )


def has_paths(path: Path, *, documented: bool = True) -> bool:
    """Whether a CSV looks like a manifest: its header has a `path` column, or else one that may hold files."""
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
        table = read_table(head[: head.rfind(b"\n") + 1] or head, str(path), Reading())
    except (OSError, InputError):
        return False
    table = replace(table, header=own_names(table.header))
    return "path" in table.header if documented else bool(path_columns(table))


def written_paths(text: bytes, name: str) -> list[str]:
    """The paths of a manifest that is still in memory, none of them leading outside. Raises InputError."""
    table = read_table(text, name, Reading())
    table = replace(table, header=own_names(table.header))
    columns = columns_of(table, name, Reading(), tuple)
    candidates = [columns.path] if isinstance(columns, Columns) else path_columns(table)
    return [inside(cell, table.first + i, Path(name)) for i, cell in enumerate(table.column(candidates[0]))]


def _understood(table: Table, path: Path, files: Files, asked: Reading) -> _Manifest:
    """The manifest, read as asked. Raises AmbiguousData where there are several ways; each is counted by reading it."""

    def there(values: Sequence[str]) -> tuple[str, ...]:
        try:
            items = [inside(value, table.first + i, path) for i, value in enumerate(values)]
        except InputError:
            return ()
        located = files.locate(items, folder=asked.value("folder"))
        return tuple(filter(None, located.paths)) or (tuple(items) if located.rivals else ())

    def ask(question: Question) -> AmbiguousData:
        choices = []
        for what, way in question.ways:
            try:
                other = _understood(table, path, files, asked.adding(reading(way)))
            except AmbiguousData as more:
                choices.append(Choice(what, more.choices[0].classes, more.choices[0].pictures, asks=way))
            except InputError:
                continue
            else:
                choices.append(Choice(what, other.task.classes, len(other.rows), asks=way))
        return AmbiguousData(question.text, choices)

    columns = columns_of(table, str(path), asked, there)
    if isinstance(columns, Question):
        raise ask(columns)
    notes = [*table.notes, *columns.notes]
    form = task_form(table, path, columns, asked)
    if isinstance(form, Question):
        raise ask(form)
    kind, separator, more = form
    notes += more
    rows, problems = _rows(table, path, columns, kind, separator)
    if not rows and problems:
        raise InputError(f"{path} has no row that can be used: {problems[0].message}")
    rows, found, more, rivals = _present(rows, files, asked)
    notes += more
    if rivals:
        ways = tuple((f"the files in {name}", f"folder={name}") for name, _ in rivals[:6])
        raise ask(Question(f"the files of {path} are in several folders", ways))
    rows, repeated = _once(rows, kind)
    if repeated is None:
        ways = (("several labels a picture, a row each", "multi"), ("one class a picture, its first row", "single"))
        if not asked.words & {"multi", "single"}:
            raise ask(Question(f"{path} names many pictures in several rows with different classes", ways))
        rows, repeated = _once(rows, kind, merge="multi" in asked)
    if not rows:
        raise InputError(f"{path} names no picture that is there: write paths relative to {path.parent.absolute()}")
    rows, spelled = _one_spelling(rows, asked, str(path))
    task, targets, twins = _targets(rows, kind, columns.classes)
    listed = [Problem("reading", path.name, note) for note in notes]
    found = sorted((*problems, *shortened(repeated or []), *found), key=_order)
    return _Manifest(task, targets, tuple(rows), (*listed, *found, *shortened(spelled), *shortened(twins)))


def _order(problem: Problem) -> int:
    return ("no-class", "repeated", "bad-row", "missing").index(problem.kind)


def _rows(
    table: Table, path: Path, columns: Columns, kind: TaskKind, separator: str
) -> tuple[list[_Row], list[Problem]]:
    """The rows that can be used, and what is said of the others. Raises InputError where a path leads outside."""
    at = {name: i for i, name in enumerate(table.header)}
    width = len(table.header)
    rows: list[_Row] = []
    problems: dict[str, list[Problem]] = {}

    for i, cells in enumerate(table.rows):
        number = table.first + i
        if not any(cells):
            continue
        if any(cells[width:]):
            said = f"row {number} has {len(cells)} cells for {width} columns (a bare comma?): it is left out"
            problems.setdefault("bad-row", []).append(Problem("bad-row", f"row {number}", said))
            continue
        cells = (*cells[:width], *[""] * (width - len(cells)))
        item = inside(cells[at[columns.path]], number, path)
        if columns.form == "one-hot":
            classes = tuple(name for name in columns.classes if is_one(cells[at[name]]))
            classes = classes[:1] if kind == "single-label" and len(classes) == 1 else classes
        elif kind == "multi-label":
            classes = parts(cells[at[columns.classes[0]]], separator)
        else:
            classes = tuple(cells[at[name]] for name in columns.classes)
        classes = tuple(canonical(name) for name in classes)
        lacks = kind != "multi-label" and (not classes or not all(classes))
        if not item or lacks:
            said = f"row {number} ({item or 'no path'}) has no {'path' if not item else 'class'}: it is left out"
            problems.setdefault("no-class", []).append(Problem("no-class", item or f"row {number}", said))
        elif kind == "single-label" and len(classes) > 1:
            said = f"row {number} ({item}) has {len(classes)} classes: it is left out"
            problems.setdefault("no-class", []).append(Problem("no-class", item, said))
        else:
            group = cells[at[columns.group]] if columns.group else ""
            rows.append(_Row(number, item, classes, columns.splits[i], group))
    return rows, [problem for listed in problems.values() for problem in shortened(listed)]


def _present(
    rows: list[_Row], files: Files, asked: Reading
) -> tuple[list[_Row], list[Problem], list[str], tuple[tuple[str, int], ...]]:
    """The rows whose file is there, by its true path; what is said of the others; and folders that rival."""
    located = files.locate([row.path for row in rows], folder=asked.value("folder"))
    kept, missing = [], []
    for row, found in zip(rows, located.paths, strict=True):
        if found:
            kept.append(row if found == row.path else replace(row, path=found))
        else:
            said = f"row {row.number}: {row.path} does not exist: it is left out"
            missing.append(Problem("missing", row.path, said))
    notes = []
    if located.folders:
        some = ", ".join(located.folders[:4]) + (", …" if len(located.folders) > 4 else "")
        notes.append(f"files that are not named in full are found in {some}")
    return kept, shortened(missing), notes, located.rivals


def _once(
    rows: Sequence[_Row], kind: TaskKind, *, merge: bool | None = None
) -> tuple[list[_Row], list[Problem] | None]:
    """Each picture once: its first row, or all its labels where `merge` says so; None for the problems where it is open
    which."""
    first: dict[str, _Row] = {}
    labels: dict[str, dict[str, None]] = {}
    said, other = [], set()
    for row in rows:
        if row.path not in first:
            first[row.path] = row
            labels[row.path] = dict.fromkeys(row.classes)
            continue
        same = first[row.path].classes == row.classes
        if not same:
            other.add(row.path)
            labels[row.path] |= dict.fromkeys(row.classes)
        how = "" if same else ", with another class"
        message = f"row {row.number} names {row.path} again{how}: the first row is kept"
        said.append(Problem("repeated", row.path, message))
    if kind != "hierarchical" and merge is None and len(other) > 2 and len(other) >= SEVERAL_ROWS * len(first):
        return list(rows), None
    if merge:
        return [replace(row, classes=tuple(labels[row.path])) for row in first.values()], []
    return list(first.values()), said


def _one_spelling(rows: list[_Row], asked: Reading, where: str) -> tuple[list[_Row], list[Problem]]:
    """Rows whose classes are spelled in one way. Raises AmbiguousData where classes differ in case alone."""
    names = [name for row in rows for name in row.classes]
    usual, said = by_case(names, asked, where)
    said = [*joined(names, names), *said]
    if usual:
        rows = [replace(row, classes=tuple(dict.fromkeys(usual.get(n, n) for n in row.classes))) for row in rows]
    return rows, said


def _targets(rows: Sequence[_Row], kind: TaskKind, columns: Sequence[str]) -> tuple[Task, np.ndarray, list[Problem]]:
    if kind == "hierarchical":
        return taxonomy(list(columns), [row.classes for row in rows])
    own = "class" if kind == "multi-label" or len(columns) > 1 or columns[0] in ("label", "labels") else columns[0]
    level = Level(own, _sorted(name for row in rows for name in row.classes))
    index = {name: i for i, name in enumerate(level.classes)}
    if kind == "single-label":
        return Task(kind, (level,)), np.array([index[row.classes[0]] for row in rows], np.int64), []
    targets = np.zeros((len(rows), len(level.classes)), np.uint8)
    for i, row in enumerate(rows):
        targets[i, [index[name] for name in row.classes]] = 1
    return Task(kind, (level,)), targets, []


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
