"""What each lesson's experiment gave when it was recorded, over several seeds: benchmarks/lessons.py writes it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

from clfcore.lessons.lesson import Finding
from clfcore.results import Json, Result

RECORD = Path(__file__).with_name("recorded.json")
SCRIPT = "benchmarks/lessons.py"


@dataclass(frozen=True)
class RecordedRow(Result):
    """One thing that was measured: its median over the seeds, and the least and the most."""

    name: str
    median: float
    least: float
    most: float


@dataclass(frozen=True)
class Recorded(Result):
    """A lesson's experiment over several seeds. held: in how many the claim held; answers: the choice of each seed.

    share: whether the rows run
    from 0 to 1. seconds: the median processor time of one experiment on `machine`.
    """

    measure: str
    share: bool
    rows: tuple[RecordedRow, ...]
    seeds: int
    held: int
    answers: tuple[int, ...]
    seconds: float
    machine: str
    date: str


def summarize(findings: Sequence[Finding], *, seconds: Sequence[float], machine: str, date: str) -> Recorded:
    """The record of one experiment, a finding a seed."""
    first = findings[0]
    columns = zip(*((row.value for row in finding.rows) for finding in findings), strict=True)
    rows = tuple(
        RecordedRow(row.name, round(median(values), 4), round(min(values), 4), round(max(values), 4))
        for row, values in zip(first.rows, columns, strict=True)
    )
    return Recorded(
        first.measure,
        first.share,
        rows,
        seeds=len(findings),
        held=sum(finding.holds for finding in findings),
        answers=tuple(finding.answer for finding in findings),
        seconds=round(median(seconds), 1),
        machine=machine,
        date=date,
    )


@cache
def record() -> dict[int, Recorded]:
    """The stored record, by the lesson's number."""
    stored = json.loads(RECORD.read_text(encoding="utf-8"))
    return {int(number): _recorded(values) for number, values in stored.items()}


def _recorded(values: Json) -> Recorded:
    rows = tuple(RecordedRow(**row) for row in values["rows"])
    return Recorded(**{**values, "rows": rows, "answers": tuple(values["answers"])})
