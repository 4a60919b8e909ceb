"""A model card in Markdown: what a run is, what it was trained on, how good it is, and its limits.

After Mitchell and others, Model Cards for Model Reporting, 2019.
"""

import shlex

from clfcore.outputs import MADE_BY
from clfcore.printable import printable
from clfcore.reports.run_facts import SplitReport, limits, metric_head, metric_rows, shareable, split_reports
from clfcore.reports.sections import levels
from clfcore.runs.best_epoch import chosen_by
from clfcore.runs.folder import Run
from clfcore.runs.temperature import temperature_of

LISTED = 40  # classes that are named


def model_card(run: Run) -> str:
    """Markdown. Raises InputError where the run has no predictions or they are damaged."""
    found, config, results, data = split_reports(run), shareable(run.config), run.results, run.data
    recipe = config.recipe
    classes = list(found[0].predictions.classes)
    named = ", ".join(_plain(name) for name in classes[:LISTED]) + (", …" if len(classes) > LISTED else "")
    sizes = ", ".join(f"{n:,} {split}" for split, n in data.get("splits", {}).items())
    temperature = temperature_of(run)
    lines = [
        f"# {_plain(config.architecture)} on {_plain(data.get('name', config.data))}",
        "",
        "## The model",
        "",
        f"- Run: {_plain(run.id)}",
        f"- Architecture: {_plain(config.architecture)}, {results.parameters.total:,} parameters",
        f"- Task: {found[0].predictions.task.kind}, {len(classes):,} classes: {named}",
        f"- Weights it began with: {_plain(str(config.weights))}; strategy: {config.strategy}",
        f"- Trained: {run.status.get('finished', 'not finished')}, {recipe.epochs} epochs, best epoch "
        f"{results.best_epoch}, {chosen_by(run)}; {results.seconds or 0:.0f} seconds",
        *([f"- Temperature: {temperature:.3f}, fitted on validation"] if temperature is not None else []),
        "",
        "## The data",
        "",
        f"- {_plain(data.get('name', config.data))}: {sizes}",
        *([f"- Drawn by the lab: {', '.join(data['drawn'])}"] if data.get("drawn") else []),
        f"- Problems found while reading: {len(data.get('problems', []))}",
        "",
        "## How good it is",
        "",
        *_table(metric_head(found), metric_rows(found)),
        *_beyond(run, found[0]),
        "",
        "## Limits",
        "",
        *(f"- {_plain(words)}" for words in limits(run, found)),
        "",
        "## Use",
        "",
        "```",
        f"python -m clfcore predict {printable(shlex.quote(run.id))} IMAGE",
        "```",
        "",
        f"<!-- {MADE_BY} -->",
        "",
    ]
    return "\n".join(lines)


def _beyond(run: Run, first: SplitReport) -> list[str]:
    """The thresholds of labels, or the levels of a hierarchy."""
    said = run.predictions(first.split)
    if said.task.kind == "hierarchical":
        section = levels(said)
        return ["", *_table(list(section.tables[0].head), [list(row) for row in section.tables[0].rows]), "",
                *(_plain(words) for words in section.words[1:])]  # fmt: skip
    if said.thresholds is None:
        return ["", "Every label counts from a probability of 0.5."] if said.task.kind == "multi-label" else []
    named = ", ".join(f"{_plain(name)} {t:.3g}" for name, t in zip(said.classes, said.thresholds, strict=True))
    return ["", f"Labels count from thresholds chosen on validation: {named}"]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(_plain(cell) if cell != "---" else cell for cell in line) + " |" for line in lines]


def _plain(text: str) -> str:
    """Text of others as Markdown shows it unchanged, on one line; no mathematics, entity or heading begins in it."""
    line = printable(" ".join(str(text).split()))
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|$&~#" else sign for sign in line)
