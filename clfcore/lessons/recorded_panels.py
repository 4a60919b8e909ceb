"""Recorded panels: pictures of the lessons as they were drawn last, for paper.

Those of a step are drawn by tools/write_lesson_docs.py, those of an experiment by benchmarks/lessons.py with seed 0.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from clfcore.files import write_json
from clfcore.lessons.panel import Panel

FOLDER = Path(__file__).with_name("recorded_panels")
_INDEX = FOLDER / "panels.json"


@dataclass(frozen=True)
class RecordedPanel:
    """A panel's file and caption. step: the step of the lesson below which it stands; None: its results."""

    lesson: int
    step: int | None
    name: str
    caption: str

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.webp"


def recorded_panels(lesson: int) -> tuple[RecordedPanel, ...]:
    """Those of one lesson, in their order."""
    return tuple(panel for panel in _stored() if panel.lesson == lesson)


def record_panels(lesson: int, panels: Sequence[Panel], *, step: int | None) -> None:
    """Write panels in place of those that the lesson had there."""
    FOLDER.mkdir(exist_ok=True)
    rows = [panel for panel in _stored() if (panel.lesson, panel.step) != (lesson, step)]
    for panel in panels:
        row = RecordedPanel(lesson, step, panel.name, panel.caption)
        Image.open(io.BytesIO(panel.png())).save(row.path, quality=88)
        rows.append(row)
    rows.sort(key=lambda row: row.lesson)  # the order within a lesson stays
    write_json(_INDEX, {"panels": [asdict(row) for row in rows]})


def _stored() -> list[RecordedPanel]:
    if not _INDEX.exists():
        return []
    return [RecordedPanel(**row) for row in json.loads(_INDEX.read_text(encoding="utf-8"))["panels"]]
