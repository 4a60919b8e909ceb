"""Draw the pictures of the lessons' text, and write docs/lessons/: `python tools/write_lesson_docs.py`."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from clfcore.figures.lesson import recorded_svg  # noqa: E402
from clfcore.lessons.catalogue import LESSONS  # noqa: E402
from clfcore.lessons.recorded import record  # noqa: E402
from clfcore.lessons.recorded_panels import RecordedPanel, record_panels  # noqa: E402
from clfcore.reports.lesson_sheet import lesson_markdown  # noqa: E402


def pages() -> dict[str, str]:
    """The files of docs/lessons/ by name."""
    files = {}
    listed = [f"- [{row.number}. {row.title}](lesson-{row.number}.md): {row.question}" for row in LESSONS]
    files["README.md"] = (
        "# Lessons\n\nThe field in eight experiments, each run on your own machine: open Lessons in the app, or\n"
        "`python -m clfcore lesson`. These pages are written from the same text by `tools/write_lesson_docs.py`.\n\n"
        + "\n".join(listed)
        + "\n"
    )
    for row in LESSONS:
        recorded = record().get(row.number)
        figure = f"lesson-{row.number}.svg" if recorded is not None else None
        files[f"lesson-{row.number}.md"] = lesson_markdown(row, figure=figure, address=_relative)
        if recorded is not None:
            files[f"lesson-{row.number}.svg"] = recorded_svg(recorded)
    return files


def _relative(panel: RecordedPanel) -> str:
    return f"../../{panel.path.relative_to(ROOT).as_posix()}"


def main() -> None:
    for row in LESSONS:
        for place, step in enumerate(row.steps):
            if step.pictures is not None:
                record_panels(row.number, step.pictures(), step=place)
    folder = ROOT / "docs" / "lessons"
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
