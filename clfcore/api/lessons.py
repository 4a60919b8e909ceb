"""Lessons: their list, one lesson's experiment on this machine, the reader's progress, and a lesson on paper."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clfcore.errors import InputError
from clfcore.explain.map_sheet import map_sheet
from clfcore.heavy_imports import load
from clfcore.lessons.catalogue import LESSONS
from clfcore.lessons.catalogue import lesson as lesson_of
from clfcore.lessons.lesson import Finding
from clfcore.lessons.panel import Panel
from clfcore.lessons.progress import keep_answer, read_progress, reset_progress
from clfcore.lessons.recorded import Recorded, record
from clfcore.outputs import output_path, save_picture
from clfcore.progress import Progress
from clfcore.results import Result


@dataclass(frozen=True)
class LessonRow(Result):
    """A lesson in the list. predicted: whether the reader made a prediction; right: whether it came true here."""

    number: int
    title: str
    question: str
    predicted: bool
    right: bool | None


@dataclass(frozen=True)
class LessonList(Result):
    """The lessons, in their order."""

    lessons: tuple[LessonRow, ...]


@dataclass(frozen=True)
class LessonResult(Result):
    """What a lesson's experiment gave here, beside its record over several seeds (None under another setting).

    settings: the setting's name and the value that was used. answer: the text of the choice that came true.
    """

    lesson: int
    title: str
    settings: Mapping[str, str]
    seed: int
    finding: Finding
    answer: str
    claim: str
    recorded: Recorded | None = field(default=None)


@dataclass(frozen=True)
class PrintedLesson(Result):
    """A lesson on paper: one HTML file."""

    lesson: int
    out: Path


@dataclass(frozen=True)
class ProgressReset(Result):
    """The lessons whose progress was forgotten."""

    reset: tuple[int, ...]


def list_lessons() -> LessonList:
    """Every lesson, and how far the reader is. Raises InputError where the progress cannot be read."""
    done = read_progress()
    rows = []
    for row in LESSONS:
        mine = done.get(row.number)
        predicted = mine is not None and mine.prediction is not None
        rows.append(LessonRow(row.number, row.title, row.question, predicted, mine.right if mine else None))
    return LessonList(tuple(rows))


def run_lesson(
    number: int,
    *,
    setting: str | None = None,
    seed: int = 0,
    pictures: Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> LessonResult:
    """Run a lesson's experiment on this machine. setting: of the exercise; None: the lesson's own.

    pictures: where to write those of the experiment, as one PNG. Under its own setting and seed 0, the answer is kept
    with the reader's progress. Raises InputError.
    """
    row = lesson_of(number)
    value = row.value(setting)
    if pictures is not None and not row.pictured:
        *others, last = (str(row.number) for row in LESSONS if row.pictured)
        with_pictures = f"{', '.join(others)} and {last}"
        raise InputError(f"lesson {number} has no pictures of its experiment: lessons {with_pictures} have")
    path = output_path(pictures, overwrite=overwrite, what="pictures") if pictures is not None else None
    load("timm")
    finding = row.experiment(value, seed, progress or (lambda done, total: None))
    if path is not None:
        _save_panels(finding.panels or (), path)
    own = value == row.setting.default
    if own and seed == 0:
        keep_answer(number, finding.answer)
    return LessonResult(
        number,
        row.title,
        {row.setting.name: value},
        seed,
        finding,
        answer=row.choices[finding.answer].text,
        claim=row.claim,
        recorded=record().get(number) if own else None,
    )


def _save_panels(panels: Sequence[Panel], path: Path) -> None:
    from PIL import Image

    rows = [row for panel in panels for row in panel.rows]
    save_picture(Image.open(io.BytesIO(map_sheet(rows, side=panels[0].side))), path, "PNG")


def print_lesson(number: int, out: Path, *, overwrite: bool = False) -> PrintedLesson:
    """Write a lesson as one HTML file, with its recorded figure, for paper or for people without the lab."""
    from clfcore.reports.lesson_sheet import lesson_sheet

    row = lesson_of(number)
    path = output_path(out, overwrite=overwrite)
    lesson_sheet(row, path)
    return PrintedLesson(number, path)


def forget_lessons(number: int | None = None) -> ProgressReset:
    """Forget the reader's progress in one lesson, or in all."""
    numbers = tuple(row.number for row in LESSONS) if number is None else (lesson_of(number).number,)
    reset_progress(number)
    return ProgressReset(numbers)
