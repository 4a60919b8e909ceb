"""The table of all runs, and selected runs side by side."""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.library.specs import display_name
from clfcore.errors import InputError
from clfcore.runs.about import about
from clfcore.runs.cautions import cautions
from clfcore.runs.epoch_count import EpochsDone
from clfcore.runs.epochs_done import epochs_done
from clfcore.runs.folder import Run
from clfcore.runs.index import Listed, list_runs, listed, score_of
from clfcore.runs.records import RunResults
from pages.runs.cache import cache_usage
from ui.charts import chart, dark
from ui.formatting import count, duration, moment
from ui.messages import empty
from ui.pickers import choose_one, differing, from_address, to_address
from ui.session import go_to

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


# A column, and whether the list shows it unless others are chosen.
COLUMNS = {
    "score": True, "metric": True, "caution": True, "data": True, "architecture": True, "strategy": True,
    "created": True, "training time": False, "epochs": False, "best epoch": False, "validation": False, "test": False,
    "parameters": False, "tags": False, "note": False, "message": False, "run": False,
}  # fmt: skip
# Pixels. With the boxes that select a row, the columns shown by default fill the page in a window of 1,440 pixels; by
# content, long names push the last ones out of sight.
WIDTHS = {
    "name": 160, "state": 92, "score": 60, "metric": 120, "caution": 150, "data": 110, "architecture": 118,
    "strategy": 118, "created": 128,
}  # fmt: skip
ALWAYS = ("state", "name")
SORTABLE = (*ALWAYS, *COLUMNS)


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
    columns, by, descending = _choose_view()
    rows = sorted(((_values(entry), entry) for entry in known), key=lambda row: _rank(row[0][by]), reverse=descending)
    if descending:  # what a run does not have stands below in either order
        rows.sort(key=lambda row: row[0][by] in (None, ""))
    shown = [{name: _cell(name, values[name]) for name in (*ALWAYS, *columns)} for values, _ in rows]
    view = f"{by} {descending} {' '.join(columns)}"
    chosen = st.dataframe(
        shown,
        hide_index=True,
        key=f"runs {known[0].id} {len(known)} {view}",  # other rows or another order start with no selection
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            **{name: st.column_config.TextColumn(width=width) for name, width in WIDTHS.items()},
            "name": st.column_config.TextColumn(pinned=True, width=WIDTHS["name"]),
            "score": st.column_config.NumberColumn(
                width=WIDTHS["score"],
                format="%.3f",
                help="The task's main metric, on test where the run has it: measured once, at the end.",
            ),
            "metric": st.column_config.TextColumn(
                width=WIDTHS["metric"], help="What the score is, and the split it was measured on."
            ),
            "validation": st.column_config.NumberColumn(
                format="%.3f", help="The same metric on validation, which selected the best epoch."
            ),
            "test": st.column_config.NumberColumn(format="%.3f", help="The same metric on test."),
            "caution": st.column_config.TextColumn(
                width=WIDTHS["caution"], help="What makes the score flatter or vague."
            ),
            "parameters": st.column_config.NumberColumn(format="localized"),
            "epochs": st.column_config.TextColumn(help="Epochs done, of those asked for where the run ended before."),
        },
        placeholder="–",
        alt=f"All runs, by {by}",
    )
    cache_usage()
    return [rows[i][1].run for i in chosen["selection"]["rows"] if i < len(rows)]


def _choose_view() -> tuple[list[str], str, bool]:
    """The columns, and the one that sorts with its direction; kept in the session and the address."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        usual = [name for name, default in COLUMNS.items() if default]
        from_address("columns", list(COLUMNS), usual)
        with st.popover("Columns"):
            columns = st.pills("Columns", list(COLUMNS), selection_mode="multi", key="columns")
        to_address("columns", columns, default=usual)
        by = choose_one(
            "sort", "Sort by", ["created", *(n for n in SORTABLE if n != "created")], names=_TITLES, omit_first=True
        )
        order = choose_one("order", "Order", ["descending", "ascending"], names=_TITLES, omit_first=True)
    return [name for name in COLUMNS if name in columns], by, order == "descending"


_TITLES = {name: name.capitalize() for name in (*SORTABLE, "descending", "ascending")}
Value = str | float | EpochsDone | None


def _values(entry: Listed) -> dict[str, Value]:
    """Every column's value, as it sorts."""
    config, results = entry.config, entry.results
    score = score_of(results)
    cautious = ""
    with contextlib.suppress(InputError):
        cautious = " ".join(cautions(entry.run, score.split)) if score else ""
    return {
        "state": MARKS.get(entry.state, entry.state),
        "name": entry.about.name or (f"{config.architecture} {entry.id[-4:]}" if config else entry.id),
        "score": score.value if score else None,
        "metric": f"{score.metric}, {score.split}" if score else "",
        "data": display_name(config.data) if config else "",
        "architecture": (config.architecture if config else None) or "",
        "strategy": (config.strategy if config else None) or "",
        "created": entry.status.created or "",
        "training time": results.seconds,
        "epochs": epochs_done(entry),
        "best epoch": results.best_epoch,
        "validation": found.value if (found := score_of(results, "validation")) else None,
        "test": found.value if (found := score_of(results, "test")) else None,
        "parameters": results.parameters.total or None,
        "tags": ", ".join(entry.about.tags),
        "caution": cautious,
        "note": entry.about.note,
        "message": entry.damaged or entry.status.message,
        "run": entry.id,
    }


def _cell(name: str, value: Value) -> str | float | None:
    if name == "training time":
        return duration(value) if isinstance(value, float) else None
    if name == "created":
        return moment(str(value)) or None
    if isinstance(value, EpochsDone):
        return value.text
    return None if value == "" else value


def _rank(value: Value) -> tuple[bool, float, str]:
    """Numbers by size, texts by letters; what is missing last."""
    if isinstance(value, str):
        return value == "", 0.0, value.lower()
    if isinstance(value, EpochsDone):
        return False, value.done, ""
    return value is None, value or 0.0, ""


def _score(results: RunResults, split: str) -> str:
    score = score_of(results, split)
    return "–" if score is None else score.text.removesuffix(f" on {split}")


def _training_time(results: RunResults) -> str:
    return duration(results.seconds)


def _written(value: object) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{name} {of}" for name, of in value.items())
    return "–" if value in (None, "") else str(value)


MOST = 12  # as Compare takes


def compare_button(runs: Sequence[Run]) -> None:
    """Selected runs, with their tests and disagreements, on Compare."""
    ready = [run.id for run in runs if run.splits][:MOST]
    left_out = len(runs) - len(ready)
    if st.button(
        f"Compare {count(len(ready), 'run')}" if len(ready) > 1 else "Compare",
        key="compare selected",
        type="primary",
        disabled=len(ready) < 2,
        help=f"Without {count(left_out, 'run')}: a comparison takes finished runs, at most {MOST}."
        if left_out
        else "Paired tests, disagreements and costs.",
    ):
        go_to("pages/compare/page.py", {"runs": ready})


def side_by_side(runs: Sequence[Run]) -> None:
    """Training curves of the selected runs overlaid, their results, and their settings, those that differ first."""
    from clfcore.figures.history import history_figure

    names = [about(run).name or f"{run.config.architecture} {run.id[-4:]}" for run in runs]
    histories = {name: run.history for name, run in zip(names, runs, strict=True)}
    run_results = [run.read(RunResults) for run in runs]
    left, right = st.columns(2, gap="medium")
    quantities: tuple[Quantity, ...] = ("loss", "accuracy")
    for column, quantity in zip((left, right), quantities, strict=True):
        with column:
            chart(history_figure(histories, quantity=quantity, dark=dark()), f"side {quantity}")
    results = {
        "Epochs done": [found.text if (found := epochs_done(listed(run))) else "–" for run in runs],
        "Validation score": [_score(of_run, "validation") for of_run in run_results],
        "Test score": [_score(of_run, "test") for of_run in run_results],
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
