"""Lessons on paper: as Markdown with KaTeX for docs/lessons/, and as one HTML file with formulas as MathML."""

import base64
from collections.abc import Callable
from pathlib import Path

from clfcore.figures.lesson import recorded_svg
from clfcore.files import write_text
from clfcore.lessons.lesson import Lesson
from clfcore.lessons.recorded import SCRIPT, Recorded, record
from clfcore.lessons.recorded_panels import RecordedPanel, recorded_panels
from clfcore.numerals import value_text
from clfcore.reports.markdown_page import markdown_page


def lesson_markdown(lesson: Lesson, *, figure: str | None = None, address: Callable[[RecordedPanel], str]) -> str:
    """A lesson from its question to its sources. address: of a panel's picture.

    figure: the address of the recorded figure.
    """
    recorded = record().get(lesson.number)
    parts = [f"# {lesson.number}. {lesson.title}", f"*{lesson.question}*"]
    panels = recorded_panels(lesson.number)
    for place, step in enumerate(lesson.steps):
        parts += [f"## {step.title}", step.text.strip()]
        parts += [_pictured(panel, address(panel)) for panel in panels if panel.step == place]
    parts += ["## Predict", lesson.prediction, _listed([choice.text for choice in lesson.choices])]
    parts += [
        "Write your prediction down before you run the experiment:",
        f"```\npython -m clfcore lesson {lesson.number}\n```",
        f"**Controls.** {lesson.controls}",
    ]
    if recorded is not None:
        parts += ["## Results", *_record(lesson, recorded, figure)]
    parts += [_pictured(panel, address(panel)) for panel in panels if panel.step is None]
    if lesson.study is not None:
        parts.append(f"**With more time.** {lesson.study()}")
    parts += [f"**What may surprise you.** {lesson.surprise}", "## Your turn", lesson.setting.exercise]
    values = lesson.setting.choices[1:]
    commands = "\n".join(f"python -m clfcore lesson {lesson.number} --setting {_quoted(value)}" for value in values)
    parts += [f"```\n{commands}\n```", "## Where to go next"]
    parts.append(_listed([f"{room.label}: `{room.command_for(lesson.setting.default)}`" for room in lesson.rooms]))
    parts += ["## Sources", _listed([f"[{source.text}]({source.url})" for source in lesson.sources])]
    return "\n\n".join(parts) + "\n"


def _record(lesson: Lesson, recorded: Recorded, figure: str | None) -> list[str]:
    shown = [f"![{recorded.measure}]({figure})"] if figure else []
    counts = [recorded.answers.count(place) for place in range(len(lesson.choices))]
    came_true = "; ".join(
        f"“{choice.text}” in {count}" for choice, count in zip(lesson.choices, counts, strict=True) if count
    )
    rows = []
    for row in recorded.rows:
        values = (value_text(value, share=recorded.share) for value in (row.median, row.least, row.most))
        rows.append(f"| {row.name} | {' | '.join(values)} |")
    return [
        *shown,
        f"| | {recorded.measure}: median | lowest | highest |\n| --- | ---: | ---: | ---: |\n" + "\n".join(rows),
        f"Recorded over {recorded.seeds} seeds by `{SCRIPT}` on {recorded.date} ({recorded.machine}); one experiment "
        f"takes {max(1, round(recorded.seconds))} s of processor time.",
        f"What came true, of {recorded.seeds} seeds: {came_true}.",
        f"**The claim.** {lesson.claim} It held in {recorded.held} of {recorded.seeds} seeds.",
    ]


def _pictured(panel: RecordedPanel, address: str) -> str:
    return f"![{panel.caption}]({address})\n\n*{panel.caption}*"


def _listed(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


def lesson_sheet(lesson: Lesson, path: Path) -> None:
    """Write the lesson as one HTML file that needs no network and no script."""
    recorded = record().get(lesson.number)
    picture = recorded_svg(recorded) if recorded is not None else ""
    title = f"Lesson {lesson.number}. {lesson.title}"
    write_text(path, markdown_page(title, lesson_markdown(lesson, address=_inside), figure=picture))


def _inside(panel: RecordedPanel) -> str:
    return f"data:image/webp;base64,{base64.b64encode(panel.path.read_bytes()).decode()}"
