"""All runs as a table, the queue above it, and chosen runs side by side."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from clfcore.runs.folder import Run
from clfcore.runs.index import Listed, accuracy_of, list_runs
from clfcore.runs.records import RunResults
from pages.runs.cache import cache_usage
from ui.charts import chart, dark
from ui.formatting import count, duration, moment, percent
from ui.messages import empty
from ui.pickers import data_name, differing

MARKS = {
    "completed": "✓ completed",
    "running": "▸ running",
    "queued": "… queued",
    "cancelled": "■ stopped",
    "failed": "✗ failed",
    "interrupted": "‖ interrupted",
    "damaged": "✗ damaged",
}


def choose_runs() -> list[Run]:
    """The table of all runs; returns the rows that are chosen. Where there are none, says what to do and stops."""
    known = list_runs()
    if not known:
        cache_usage()
        empty(
            "No run has been started yet. On digits, the first takes less than a minute.",
            "Train a run",
            "pages/train/page.py",
        )
    rows = [_row(one) for one in known]
    chosen = st.dataframe(
        rows,
        hide_index=True,
        key=f"runs {known[0].id} {len(known)}",  # a new list begins without a choice: rows have moved
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "validation accuracy": st.column_config.NumberColumn(
                format="%.1f %%", help="Of the best epoch, which this metric selected."
            ),
            "test accuracy": st.column_config.NumberColumn(
                format="%.1f %%", help="Measured once, at the end, on held-out images."
            ),
        },
        placeholder="–",
        alt="All runs, newest first",
    )
    cache_usage()
    return [known[i].run for i in chosen["selection"]["rows"] if i < len(known)]


def _row(one: Listed) -> dict[str, Any]:
    config = one.config
    return {
        "state": MARKS.get(one.state, one.state),
        "architecture": config.architecture if config else one.id,
        "data": data_name(config.data) if config else "",
        "strategy": (config.strategy if config else None) or "",
        "validation accuracy": _in_percent(one.results, "validation"),
        "test accuracy": _in_percent(one.results, "test"),
        "epochs": config.recipe.epochs if config else None,
        "training time": _took(one.results),
        "started": moment(one.status.created),
        "run": one.id,
    }


def _in_percent(results: RunResults, split: str) -> float | None:
    accuracy = accuracy_of(results, split)
    return None if accuracy is None else 100 * accuracy


def _took(results: RunResults) -> str:
    return duration(results.seconds) if results.seconds is not None else ""


def _written(value: Any) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{name} {of}" for name, of in value.items())
    return "–" if value in (None, "") else str(value)


def side_by_side(runs: Sequence[Run]) -> None:
    """The curves of chosen runs overlaid, their results, and their settings with those that differ first and marked."""
    from clfcore.figures.history import history_figure

    names = [f"{run.config.architecture} {run.id[-4:]}" for run in runs]
    histories = {name: run.history for name, run in zip(names, runs, strict=True)}
    found = [run.read(RunResults) for run in runs]
    left, right = st.columns(2, gap="medium")
    for column, quantity in ((left, "loss"), (right, "accuracy")):
        with column:
            chart(history_figure(histories, quantity=quantity, dark=dark()), f"side {quantity}")
    results = {
        "Validation accuracy": [percent(accuracy_of(one, "validation")) for one in found],
        "Test accuracy": [percent(accuracy_of(one, "test")) for one in found],
        "Best epoch": ["–" if one.best_epoch is None else str(one.best_epoch) for one in found],
        "Parameters": [count(one.parameters.total) if one.parameters.total else "–" for one in found],
        "Training time": [_took(one) for one in found],
    }
    rows = [{"": "", "setting": name, **dict(zip(names, values, strict=True))} for name, values in results.items()]
    for setting, values in differing([run.config.model_dump(mode="json") for run in runs]):
        mark = "≠ differs" if any(value != values[0] for value in values) else ""
        shown = [_written(value) for value in values]
        rows.append({"": mark, "setting": setting.replace("_", " "), **dict(zip(names, shown, strict=True))})
    st.dataframe(rows, hide_index=True, height=420, column_order=["setting", "", *names])
