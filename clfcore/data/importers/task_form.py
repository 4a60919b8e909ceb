"""Form of a manifest's labels: the task, and what separates several labels in a cell."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from clfcore.data.importers.columns import BINARY_ONES, Columns, Question
from clfcore.data.importers.csv_table import Table
from clfcore.data.importers.label_cells import blanks, separator_in, separator_of, several
from clfcore.data.importers.readings import Reading
from clfcore.task import TaskKind


class TaskForm(NamedTuple):
    """Form of a manifest's labels: the task, what separates the labels of a cell, and what was assumed of both."""

    kind: TaskKind
    separator: str = ""
    notes: tuple[str, ...] = ()


def task_form(table: Table, columns: Columns, *, path: Path, reading: Reading) -> TaskForm | Question:
    """The form of a manifest's labels, or the question that has to be answered first."""
    if columns.form == "levels":
        return TaskForm("hierarchical")
    if columns.form == "one-hot":
        sums = [sum(is_one(cell) for cell in cells) for cells in zip(*map(table.column, columns.classes), strict=True)]
        single = "single" in reading or (set(sums) == {1} and "multi" not in reading)
        what = "one class a picture" if single else "several labels a picture"
        notes = [f"{len(columns.classes)} columns of 0 and 1 are read as {what}"]
        cells = Counter(cell for name in columns.classes for cell in table.column(name))
        below = cells["-1"] + cells["-1.0"]
        if below:  # CheXpert has 0 and blanks beside -1, CelebA has -1 for 0
            uncertain = " (uncertain)" if any(not cell.startswith("-1") and not is_one(cell) for cell in cells) else ""
            notes.append(f"{below:,} cells of -1{uncertain} are read as 0")
        return TaskForm("single-label" if single else "multi-label", notes=tuple(notes))
    name = columns.classes[0]
    values = table.column(name)
    if "single" in reading:
        return TaskForm("single-label")
    separator = separator_of(reading.value("separator")) if reading.value("separator") else None
    if columns.form == "label" and "multi" not in reading and separator is None:
        sign, sure = several(values)
        if sure == "perhaps":
            ways = ((f"labels joined by {_sign_name(sign)}", "multi"), ("one class a picture", "single"))
            return Question(f"{path}: column {name} may hold one class a picture or several", ways)
        if sure == "plain":
            return TaskForm("single-label")
        return TaskForm("multi-label", sign, (f"column {name} is read as lists of labels",))
    sign = separator if separator is not None else separator_in(values)
    if separator is None and not sign:
        sure = blanks(values)
        if sure == "perhaps":
            ways = (("spaces separate labels", "separator=space"), ("a cell is one label", "separator=none"))
            return Question(f"{path}: spaces in column {name} may separate labels", ways)
        sign = " " if sure == "joined" else ""
    if not sign or (sign == ";" and name == "labels"):
        return TaskForm("multi-label", sign)
    written = "are written as a list" if sign == "[" else f"are separated by {_sign_name(sign)}"
    return TaskForm("multi-label", sign, (f"labels in column {name} {written}",))


def _sign_name(sign: str) -> str:
    return {"[": "a list", " ": "spaces", "|": "bars", ",": "commas", ";": "semicolons"}[sign]


def is_one(cell: str) -> bool:
    return cell.lower() in BINARY_ONES
