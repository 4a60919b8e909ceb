"""Model card in Markdown: the model, its data, results and limitations.

After Mitchell and others, Model Cards for Model Reporting, 2019.
"""

import shlex
from collections.abc import Sequence

from clfcore.outputs import MADE_BY
from clfcore.printable import printable
from clfcore.reports.run_facts import (
    SplitReport,
    limits,
    metric_head,
    metric_rows,
    shareable,
    split_reports,
)
from clfcore.reports.sections import levels
from clfcore.runs.best_epoch import chosen_by
from clfcore.runs.cautions import cautions
from clfcore.runs.data_title import data_title
from clfcore.runs.epochs_done import epochs_done
from clfcore.runs.folder import Run
from clfcore.runs.index import listed
from clfcore.runs.temperature import temperature_of

LISTED = 40  # classes that are named


def model_card(run: Run) -> str:
    """Model card of a run, in Markdown. Raises InputError where the run has no predictions or they are damaged."""
    reports, config, results, data = split_reports(run), shareable(run.config), run.results, run.data
    recipe = config.recipe
    classes = list(reports[0].predictions.classes)
    named = ", ".join(_escape_markdown(name) for name in classes[:LISTED]) + (", …" if len(classes) > LISTED else "")
    sizes = ", ".join(f"{n:,} {split}" for split, n in data.splits.items())
    temperature, done = temperature_of(run), epochs_done(listed(run))
    lines = [
        f"# {_escape_markdown(config.architecture)} on {_escape_markdown(data_title(run))}",
        "",
        "## Model",
        "",
        f"- Run: {_escape_markdown(run.id)}",
        f"- Architecture: {_escape_markdown(config.architecture)}, {results.parameters.total:,} parameters",
        f"- Task: {reports[0].predictions.task.kind}, {len(classes):,} classes: {named}",
        f"- Initial weights: {_escape_markdown(str(config.weights))}; strategy: {config.strategy}",
        f"- Trained: {run.status.finished or 'not finished'}, epochs: {done.text if done else recipe.epochs}, "
        f"best epoch {results.best_epoch}, {chosen_by(run)}; {results.seconds or 0:.0f} seconds",
        *([f"- Temperature: {temperature:.3f}, fitted on validation"] if temperature is not None else []),
        "",
        "## Data",
        "",
        f"- {_escape_markdown(data_title(run))}: {sizes}",
        *([f"- Splits drawn at random: {', '.join(data.drawn)}"] if data.drawn else []),
        f"- Problems found on import: {len(data.problems)}",
        "",
        "## Results",
        "",
        *_table(metric_head(reports), metric_rows(reports)),
        *_paragraph(cautions(run, reports[0].split)),
        *_thresholds_or_levels(run, reports[0]),
        "",
        "## Limitations",
        "",
        *(f"- {_escape_markdown(text)}" for text in limits(run, reports)),
        "",
        "## Usage",
        "",
        "```",
        f"python -m clfcore predict {printable(shlex.quote(run.id))} IMAGE",
        "```",
        "",
        f"<!-- {MADE_BY} -->",
        "",
    ]
    return "\n".join(lines)


def _thresholds_or_levels(run: Run, first: SplitReport) -> list[str]:
    """Thresholds of the labels, or the levels of a hierarchy."""
    predictions = run.predictions(first.split)
    if predictions.task.kind == "hierarchical":
        section = levels(predictions)
        return ["", *_table(list(section.tables[0].head), [list(row) for row in section.tables[0].rows]), "",
                *(_escape_markdown(text) for text in section.text[1:])]  # fmt: skip
    if predictions.thresholds is None:
        return (
            ["", "A label is predicted from a probability of 0.5 on."] if predictions.task.kind == "multi-label" else []
        )
    named = ", ".join(
        f"{_escape_markdown(name)} {t:.3g}" for name, t in zip(predictions.classes, predictions.thresholds, strict=True)
    )
    return ["", f"Labels are predicted at thresholds chosen on validation: {named}"]


def _paragraph(texts: Sequence[str]) -> list[str]:
    return ["", *(_escape_markdown(text) for text in texts)] if texts else []


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [
        "| " + " | ".join(_escape_markdown(cell) if cell != "---" else cell for cell in line) + " |" for line in lines
    ]


def _escape_markdown(text: str) -> str:
    """Escaped text, which Markdown shows unchanged, on one line; no mathematics, entity or heading begins in it."""
    line = printable(" ".join(str(text).split()))
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|$&~#" else sign for sign in line)
