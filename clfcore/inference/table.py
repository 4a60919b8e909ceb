"""Predictions as a table, a row a picture: its columns by task, and what was counted over its rows."""

import csv
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clfcore.inference.image_prediction import ImagePrediction
from clfcore.results import JsonObject, Result
from clfcore.spreadsheet import csv_line, unescaped
from clfcore.task import Task

RANKS = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
MOST_RANKS = 1 + len(RANKS)
JOIN = ";"  # between labels, as manifests have it


@dataclass(frozen=True)
class Columns:
    """The columns of a task's table. answer: those of the prediction, between `file` and `unlike`; probabilities: the
    numbers among them. sets: whether a column `set` follows them."""

    task: Task
    k: int
    answer: tuple[str, ...]
    sets: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return ("file", *self.answer, *(["set"] if self.sets else []), "unlike", "error")

    @property
    def header(self) -> str:
        return csv_line(self.names)

    @property
    def ranked(self) -> int:
        """How many classes a prediction must have to fill a row."""
        return len(self.task.classes) if self.task.kind == "multi-label" else self.k

    @property
    def probabilities(self) -> tuple[str, ...]:
        return self.answer[1:] if self.task.kind == "multi-label" else self.answer[1::2]

    @property
    def label(self) -> str:
        """The column that holds the class; of several labels all of them, of a hierarchy the finest level's."""
        return self.answer[-2] if self.task.kind == "hierarchical" else self.answer[0]

    def row(self, prediction: ImagePrediction) -> list[object]:
        """The cells of a picture. `unlike`: no, or why (far, unsure); empty where it cannot be told."""
        unlike = prediction.unlike
        strangeness = "" if unlike is None else JOIN.join(unlike.reasons) or "no"
        cells = [""] * len(self.answer) if prediction.error is not None else self._answer(prediction)
        members = [JOIN.join(prediction.set or ())] if self.sets else []
        return [prediction.image, *cells, *members, strangeness, prediction.error or ""]

    def _answer(self, prediction: ImagePrediction) -> list[object]:
        top = prediction.top or ()
        if self.task.kind == "multi-label":
            p = {row.label: row.probability for row in top}
            return [JOIN.join(prediction.labels or ()), *(_written(p[label]) for label in self.task.classes)]
        if self.task.kind == "hierarchical":
            places = {place.level: (place.label, place.probability) for place in prediction.path or ()}
            if prediction.path is None:
                levels = prediction.levels or {}
                places = {level: (rows[0].label, rows[0].probability) for level, rows in levels.items()}
            cells = {name: (label, _written(p)) for name, (label, p) in places.items()}
            return [cell for level in self.task.levels for cell in cells.get(level.name, ("", ""))]
        return [cell for row in top for cell in (row.label, _written(row.probability))]


def columns_of(task: Task, k: int, *, sets: bool = False) -> Columns:
    """Single-label: the k likeliest classes; several labels: those that are present, and a probability each class;
    a hierarchy: the likeliest path, a column a level. sets: with the prediction set."""
    if task.kind == "multi-label":
        return Columns(task, k, _unlike_each_other(["labels", *task.classes], sets=sets), sets)
    if task.kind == "hierarchical":
        names = [name for level in task.levels for name in (level.name, f"{level.name} probability")]
        return Columns(task, k, _unlike_each_other(names, sets=sets), sets)
    ranked = [name for rank in RANKS[: min(k, len(task.classes)) - 1] for name in (rank, f"{rank} probability")]
    return Columns(task, k, ("label", "probability", *ranked), sets)


def _unlike_each_other(names: Sequence[str], *, sets: bool) -> tuple[str, ...]:
    """Names of columns; a class or level that is called like another column is told apart by its place."""
    taken = {"file", "unlike", "error", *(["set"] if sets else [])}
    unique = []
    for name in names:
        free = next(n for n in itertools.chain([name], (f"{name} ({i})" for i in itertools.count(2))) if n not in taken)
        taken.add(free)
        unique.append(free)
    return tuple(unique)


def _written(probability: float) -> str:
    return f"{probability:.6f}"


@dataclass(frozen=True)
class Counts(Result):
    """What a table holds: its rows, those without a prediction, those unlike the training images, and classes by how
    often they were predicted, the most frequent first."""

    files: int
    errors: int
    unlike: int
    classes: JsonObject


def counted(rows: Iterable[Sequence[str]], columns: Columns) -> Counts:
    """The counts of rows of cells, without the header."""
    at = columns.names.index(columns.label)
    files = errors = unlike = 0
    classes: Counter[str] = Counter()
    for row in rows:
        files += 1
        errors += bool(row[-1])
        unlike += row[-2] not in ("", "no")
        labels = row[at].split(JOIN) if columns.task.kind == "multi-label" else [row[at]]
        classes.update(label for label in labels if label)
    return Counts(files, errors, unlike, dict(classes.most_common()))


def read_rows(path: Path) -> Iterator[list[str]]:
    """The rows of a table that was written here, without the header, each cell as it was given."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader, None)
        for row in reader:
            yield [unescaped(cell) for cell in row]
