"""All runs as a table, the queue above it, and chosen runs side by side."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from clfcore.errors import InputError
from clfcore.runs import store
from clfcore.runs.store import Run
from ui.cache import cache_usage
from ui.charts import chart, dark
from ui.choose import data_name, differing, run_name
from ui.feedback import empty, plain
from ui.live import ACTIVE, STAGES
from ui.words import count, duration, moment, percent

MARKS = {
    "completed": "✓ completed",
    "running": "▸ running",
    "queued": "… waiting",
    "cancelled": "■ stopped",
    "failed": "✗ failed",
    "interrupted": "‖ interrupted",
    "damaged": "✗ damaged",
}


def queue() -> None:
    """Runs at work and waiting, refreshed while there are any; the page is drawn anew when one of them ends."""
    working = [run for run in store.runs() if run.state in ACTIVE]
    if not working:
        return

    @st.fragment(run_every=1.0)
    def live() -> None:
        if any(run.state not in ACTIVE for run in working):
            st.rerun()
        for run in reversed(working):
            with st.container(horizontal=True, vertical_alignment="center", border=True):
                now = run.progress if run.state == "running" else {}
                st.progress(now.get("done", 0) / max(1, now.get("total", 1)), text=_line(run, now))
                st.page_link("pages/train.py", label="Watch", query_params={"run": run.id})
                if st.button("Stop", key=f"stop queued {run.id}"):
                    from clfcore.runs.worker import worker

                    worker().cancel(run)

    live()


def _line(run: Run, now: dict[str, Any]) -> str:
    left = now.get("seconds_left")
    doing = STAGES.get(now.get("stage", ""), "Waiting") + (f", about {duration(left)} left" if left is not None else "")
    return f"**{plain(run_name(run))}**: {doing}"


def active_runs() -> None:
    """On other pages: one line and the way to a run that is at work."""
    for run in store.runs():
        if run.state in ACTIVE:
            label = f"At work: {plain(run_name(run))}. Watch it."
            st.page_link("pages/train.py", label=label, query_params={"run": run.id})
            return


def choose_runs() -> list[Run]:
    """The table of all runs; returns the rows that are chosen. Where there are none, says what to do and stops."""
    known = store.runs()
    if not known:
        cache_usage()
        empty(
            "Runs appear here: no run has been started yet. On digits, the first takes less than a minute.",
            "Train a run",
            "pages/train.py",
        )
    rows = [_row(run) for run in known]
    chosen = st.dataframe(
        rows,
        hide_index=True,
        key=f"runs {known[0].id} {len(known)}",  # a new list begins without a choice: rows have moved
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "validation accuracy": st.column_config.NumberColumn(
                format="%.1f %%", help="Of the best epoch, which it chose."
            ),
            "test accuracy": st.column_config.NumberColumn(format="%.1f %%", help="Looked at once, at the end."),
        },
        alt="All runs, newest first",
    )
    cache_usage()
    return [known[i] for i in chosen["selection"]["rows"] if i < len(known)]


def _row(run: Run) -> dict[str, Any]:
    found = run.summary()
    config, metrics = found["config"], found["metrics"]
    recipe = config.get("recipe", {})
    return {
        "state": MARKS.get(found["state"], found["state"]),
        "architecture": config.get("architecture", run.id),
        "data": data_name(config.get("data", "")),
        "strategy": config.get("strategy") or "",
        "validation accuracy": _in_percent(metrics, "validation"),
        "test accuracy": _in_percent(metrics, "test"),
        "epochs": recipe.get("epochs"),
        "took": _took(run),
        "started": moment(_status(run).get("created")),
        "run": run.id,
    }


def _accuracy(metrics: dict[str, Any], split: str) -> float | None:
    return metrics.get(split, {}).get("accuracy")


def _in_percent(metrics: dict[str, Any], split: str) -> float | None:
    accuracy = _accuracy(metrics, split)
    return None if accuracy is None else 100 * accuracy


def _status(run: Run) -> dict[str, Any]:
    try:
        return run.status
    except InputError:
        return {}


def _took(run: Run) -> str:
    try:
        seconds = run.results.get("seconds")
    except InputError:
        return ""
    return "" if seconds is None else duration(seconds)


def _written(value: Any) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{name} {of}" for name, of in value.items())
    return "–" if value in (None, "") else str(value)


def side_by_side(runs: Sequence[Run]) -> None:
    """The curves of chosen runs overlaid, their results, and their settings with those that differ first and marked."""
    from clfcore import figures

    names = [f"{run.config.architecture} {run.id[-4:]}" for run in runs]
    histories = {name: run.history for name, run in zip(names, runs, strict=True)}
    left, right = st.columns(2, gap="medium")
    for column, quantity in ((left, "loss"), (right, "accuracy")):
        with column:
            chart(figures.history(histories, quantity=quantity, dark=dark()), f"side {quantity}")
    results = {
        "Validation accuracy": [percent(_accuracy(run.metrics, "validation")) for run in runs],
        "Test accuracy": [percent(_accuracy(run.metrics, "test")) for run in runs],
        "Best epoch": [str(run.results.get("best_epoch", "–")) for run in runs],
        "Parameters": [count(run.results["parameters"]["total"]) if run.results else "–" for run in runs],
        "Took": [_took(run) for run in runs],
    }
    rows = [{"": "", "setting": name, **dict(zip(names, values, strict=True))} for name, values in results.items()]
    for setting, values in differing([run.config.model_dump(mode="json") for run in runs]):
        mark = "≠ differs" if any(value != values[0] for value in values) else ""
        shown = [_written(value) for value in values]
        rows.append({"": mark, "setting": setting.replace("_", " "), **dict(zip(names, shown, strict=True))})
    st.dataframe(rows, hide_index=True, height=420, column_order=["setting", "", *names])
