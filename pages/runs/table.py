"""The table of all runs, and selected runs side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.library.specs import display_name
from clfcore.runs.folder import Run
from clfcore.runs.index import Listed, accuracy_of, list_runs
from clfcore.runs.records import RunResults
from pages.runs.cache import cache_usage
from ui.charts import chart, dark
from ui.formatting import count, duration, moment, percent
from ui.messages import empty
from ui.pickers import differing

if TYPE_CHECKING:
    from clfcore.figures.history import Quantity

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
    """The table of all runs; returns the selected ones. Where there are no runs, the page offers to train one."""
    known = list_runs()
    if not known:
        cache_usage()
        empty(
            "There are no runs yet. A first one on the digits dataset takes less than a minute.",
            "Train",
            "pages/train/page.py",
        )
    rows = [_row(entry) for entry in known]
    chosen = st.dataframe(
        rows,
        hide_index=True,
        key=f"runs {known[0].id} {len(known)}",  # a new list starts with no selection: its rows have moved
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "validation accuracy": st.column_config.NumberColumn(
                format="%.1f %%", help="Of the best epoch, which validation selected."
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


def _row(entry: Listed) -> dict[str, str | float | None]:
    config = entry.config
    return {
        "state": MARKS.get(entry.state, entry.state),
        "architecture": config.architecture if config else entry.id,
        "data": display_name(config.data) if config else "–",
        "strategy": (config.strategy if config else None) or "–",
        "validation accuracy": _in_percent(entry.results, "validation"),
        "test accuracy": _in_percent(entry.results, "test"),
        "epochs": config.recipe.epochs if config else None,
        "training time": _training_time(entry.results),
        "started": moment(entry.status.created) or "–",
        "run": entry.id,
    }


def _in_percent(results: RunResults, split: str) -> float | None:
    accuracy = accuracy_of(results, split)
    return None if accuracy is None else 100 * accuracy


def _training_time(results: RunResults) -> str:
    return duration(results.seconds)


def _written(value: object) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{name} {of}" for name, of in value.items())
    return "–" if value in (None, "") else str(value)


def side_by_side(runs: Sequence[Run]) -> None:
    """Training curves of the selected runs overlaid, their results, and their settings, those that differ first."""
    from clfcore.figures.history import history_figure

    names = [f"{run.config.architecture} {run.id[-4:]}" for run in runs]
    histories = {name: run.history for name, run in zip(names, runs, strict=True)}
    run_results = [run.read(RunResults) for run in runs]
    left, right = st.columns(2, gap="medium")
    quantities: tuple[Quantity, ...] = ("loss", "accuracy")
    for column, quantity in zip((left, right), quantities, strict=True):
        with column:
            chart(history_figure(histories, quantity=quantity, dark=dark()), f"side {quantity}")
    results = {
        "Validation accuracy": [percent(accuracy_of(of_run, "validation")) for of_run in run_results],
        "Test accuracy": [percent(accuracy_of(of_run, "test")) for of_run in run_results],
        "Best epoch": ["–" if of_run.best_epoch is None else str(of_run.best_epoch) for of_run in run_results],
        "Parameters": [count(of_run.parameters.total) if of_run.parameters.total else "–" for of_run in run_results],
        "Training time": [_training_time(of_run) for of_run in run_results],
    }
    rows = [{"": "", "setting": name, **dict(zip(names, values, strict=True))} for name, values in results.items()]
    for setting, values in differing([run.config.model_dump(mode="json") for run in runs]):
        mark = "≠ differs" if any(value != values[0] for value in values) else ""
        shown = [_written(value) for value in values]
        rows.append({"": mark, "setting": setting.replace("_", " "), **dict(zip(names, shown, strict=True))})
    st.dataframe(rows, hide_index=True, height=420, column_order=["setting", "", *names], alt="Results and settings")
