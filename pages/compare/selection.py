"""Several runs beside each other: the choice, the table, paired tests in words, curves, accuracy against cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from clfcore.errors import InputError
from clfcore.evaluation.compare import compare
from clfcore.evaluation.intervals import headline, wilson
from clfcore.evaluation.main_metric import main_metric
from clfcore.evaluation.metrics import METRICS, evaluate
from clfcore.runs import costs as runs_costs
from clfcore.runs.folder import Run
from clfcore.runs.index import finished_runs
from ui.charts import chart, dark
from ui.formatting import count, ends
from ui.loaders import stored
from ui.messages import complain, empty, escape_markdown, refusals
from ui.pickers import data_name, differing, from_address, listed_name, to_address

if TYPE_CHECKING:
    from clfcore.evaluation.compare import Comparison
    from clfcore.predictions import Predictions


MOST = 12  # runs at once: more make pairs that nobody reads
ALWAYS = ("data", "architecture", "strategy")  # settings that stand in the table where they are equal too
# cost -> its column, and how it is written
COSTS = {
    "parameters": ("parameters", "localized"),
    "multiply_adds": ("multiply-adds", "compact"),
    "latency": ("ms an image", "%.2f"),
    "answer_memory": ("MB an answer", "%.1f"),
    "seconds": ("trained, s", "%.0f"),
}


@dataclass(frozen=True)
class Side:
    """A run, its short name, the split it is judged on, and the time of that split's file."""

    run: Run
    name: str
    split: str
    changed: float

    @property
    def key(self) -> tuple[str, str, str, float]:
        return str(self.run.path), self.name, self.split, self.changed


def choose_compared() -> list[Side]:
    """Two or more runs and the split they are judged on; damaged ones are named and left out."""
    finished = finished_runs()
    known = [one.run for one in finished]
    coming = bool(st.query_params.get_all("batch"))
    if len(known) < 2 and coming:
        _say_coming()
    if len(known) < 2:
        have = "one finished run" if known else "no finished run"
        empty(f"A comparison needs two: there is {have} yet. Train another network, or the same one again.",
              "Train", "pages/train/page.py")  # fmt: skip
    configs = {one.id: one.config.model_dump(include=set(ALWAYS)) for one in finished}
    one, two, three = st.columns([2, 6, 2], vertical_alignment="bottom")
    with one:
        offered = _filtered(known, configs)
    first = [run.id for run in known if configs[run.id]["data"] == configs[known[0].id]["data"]][:4]
    from_address("runs", [run.id for run in known], first, most=MOST)
    chosen_before = st.session_state["runs"]
    options = [run.id for run in known if run in offered or run.id in chosen_before]
    with two:
        names = {one.id: listed_name(one) for one in finished}
        chosen = st.multiselect(
            "Runs", options, format_func=names.__getitem__, key="runs", max_selections=MOST, wrap=True
        )
    to_address("runs", chosen)
    runs = [run for run in known if run.id in chosen]
    if len(runs) < 2 and coming:
        _say_coming()
    if len(runs) < 2:
        st.write("Choose two or more runs. Type in the box to filter it by architecture, data or date.")
        st.stop()
    shared = [split for split in ("test", "validation") if all(split in run.splits for run in runs)]
    if not shared:
        with refusals():
            raise InputError("these runs have no split in common: choose runs that finished")
    with three:
        split = st.segmented_control("Split", shared, default=shared[0], required=True, key=f"compare {shared}")
    if "test" not in shared:
        without = ", ".join(escape_markdown(short_name(run)) for run in runs if "test" not in run.splits)
        st.caption(f"Judged on validation, which chose the best epochs: {without} without a test split.")
    return _readable(runs, split)


def _filtered(known: Sequence[Run], configs: dict[str, dict[str, Any]]) -> list[Run]:
    """The runs that are offered: of some data, architectures and strategies, or all."""
    wanted = {}
    with st.popover("Filter runs", width="stretch"):
        for name in ALWAYS:
            there = list(dict.fromkeys(config[name] for config in configs.values()))
            wanted[name] = st.multiselect(
                name.capitalize(), there, format_func=partial(_shared, name), key=f"compare {name}", placeholder="all"
            )
        offered = [run for run in known if all(not of or configs[run.id][n] in of for n, of in wanted.items())]
        st.caption(f"{count(len(offered), 'run')} of {count(len(known))} offered.")
        if st.button("Compare these", disabled=len(offered) < 2 or not any(wanted.values()), key="compare offered"):
            st.query_params["runs"] = [run.id for run in offered[:MOST]]
    return offered


def _say_coming() -> None:
    st.write("The comparison begins when two of the queued runs have finished, and fills as the others do.")
    st.stop()


def _readable(runs: Sequence[Run], split: str) -> list[Side]:
    sides = []
    for run in runs:
        side = Side(run, short_name(run), split, run.predicted_at(split))
        try:
            side_name(*side.key)
        except InputError as error:
            complain(f"{side.name} is left out: {error}")
            continue
        sides.append(side)
    if len(sides) < 2:
        st.stop()
    return sides


def short_name(run: Run) -> str:
    """What a run is called where several stand beside each other: its network and the end of its id."""
    return f"{run.config.architecture} {run.id[-4:]}"


def side_name(path: str, name: str, split: str, changed: float) -> "tuple[str, Predictions]":
    """A run's name and predictions; of a hierarchy the finest level."""
    found = stored(Run(Path(path)), split)
    if found.task.kind == "hierarchical":
        found = found.level(found.task.levels[-1].name)
    return name, found


def side_names(sides: Sequence[Side]) -> "list[tuple[str, Predictions]]":
    return [side_name(*side.key) for side in sides]


@st.cache_data(show_spinner=False, max_entries=48)
def _scores(path: str, name: str, split: str, changed: float) -> tuple[dict[str, Any], dict[str, Any]]:
    predictions = side_name(path, name, split, changed)[1]
    values, bounds = evaluate(predictions).as_dict(), headline(predictions)
    if "accuracy" in values:
        right = round((values["accuracy"] or 0) * len(predictions))
        bounds["accuracy"] = wilson(right, len(predictions))
    return values, bounds


def compared_table(sides: Sequence[Side]) -> None:
    """A row a run: metrics with 95 % intervals, what it cost, and the settings that differ, marked."""
    settings = differing([side.run.config.model_dump(mode="json") for side in sides])
    unequal = [(name, values) for name, values in settings if any(value != values[0] for value in values)]
    shared = {name: _shared(name, values[0]) for name, values in settings if name in ALWAYS}
    rows, columns = [], {}
    costs = [runs_costs.known(side.run) for side in sides]
    told = {name: column for name, (column, _) in COSTS.items() if any(one[name] is not None for one in costs)}
    for i, side in enumerate(sides):
        values, bounds = _scores(*side.key)
        row: dict[str, Any] = {"run": side.name}
        about = {
            **{f"≠ {name.replace('_', ' ')}": _written(of[i]) for name, of in unequal},
            **{column: costs[i][name] for name, column in told.items()},
            "images": len(side_name(*side.key)[1]),
            **{name: value for name, value in shared.items() if name not in dict(unequal)},
        }
        for name, metric in METRICS.items():
            if name not in values:
                continue
            label, share, value = metric.title, metric.share, values[name]
            row[label] = None if value is None else 100 * value if share else value
            columns[label] = st.column_config.NumberColumn(format="%.1f %%" if share else "%.3f")
            if name == "accuracy" or (name != "ece" and bounds.get(name) and len(sides) <= MOST):
                row[f"{label}, 95 %"] = ends(bounds.get(name), share=share)
            row |= about  # beside the first metric, where it is seen without scrolling
        rows.append(row)
    for name, (column, form) in COSTS.items():
        columns[column] = st.column_config.NumberColumn(format=form, help=runs_costs.COSTS[name].capitalize() + ".")
    best = max(rows, key=lambda row: row.get("Accuracy") or 0)["run"]
    st.dataframe(rows, hide_index=True, column_config=columns, alt=f"{count(len(rows), 'run')}; best: {best}")
    words = "≠ marks the settings in which the runs differ; all others are equal."
    words = words if unequal else "All settings are equal: these runs differ by chance alone."
    st.caption(words)


def _shared(name: str, value: Any) -> str:
    return data_name(value) if name == "data" else _written(value)


def _written(value: Any) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{name} {of}" for name, of in value.items())
    return "–" if value in (None, "") else str(value)


@st.cache_data(show_spinner="Drawing resamples for the paired tests", max_entries=16)
def _compared(keys: tuple[tuple[str, str, str, float], ...]) -> "Comparison":
    return compare([side_name(*key) for key in keys])


def compared(sides: Sequence[Side]) -> "Comparison":
    return _compared(tuple(side.key for side in sides))


def paired_words(sides: Sequence[Side]) -> None:
    """What the paired test of the two best says, in one sentence; where they cannot be paired, why."""
    best = sorted(sides, key=lambda side: -(_main(side) or 0))[:2]
    with refusals(stop=False):
        pair = compared(sides).pairs
        names = {side.name for side in best}
        one = next(p for p in pair if {p.a, p.b} == names)
        st.markdown(f"**The two best:** {escape_markdown(one.describe())}")


def _main(side: Side) -> float | None:
    return main_metric(_scores(*side.key)[0])


def paired_view(sides: Sequence[Side]) -> None:
    """Every pair, metric by metric: the difference with its interval as a picture, and each result in words."""
    from clfcore.figures.paired_comparison import differences_figure

    found = compared(sides)
    metrics = list(dict.fromkeys(pair.metric for pair in found.pairs))
    metric = st.segmented_control(
        "Metric", metrics, default=metrics[0], required=True, key="pair metric",
        format_func=lambda name: METRICS[name].title,
    )  # fmt: skip
    pairs = [pair for pair in found.pairs if pair.metric == metric]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chart(differences_figure(pairs, dark=dark()), f"differences {metric}")
    with right:
        for pair in pairs[:6]:
            st.markdown(("**≠** " if pair.better else "**≈** ") + escape_markdown(pair.describe()))
        if len(pairs) > 6:
            st.caption(f"{count(len(pairs) - 6, 'pair')} more: hover the points.")
    many = f", corrected for {count(len(pairs), 'pair')} (Holm, 1979)" if len(pairs) > 1 else ""
    st.caption(
        f"The same {count(found.items, 'image')} for all. Filled points can be told apart, hollow ones cannot.",
        help=f"Accuracy: exact McNemar test{many}. All intervals are of paired differences: a bootstrap over images "
        "(Efron, 1979), or Bonett and Price (2012) where fewer than ten images differ.",
    )


def overlaid_view(sides: Sequence[Side]) -> None:
    """The curves of training laid over each other."""
    from clfcore.figures.history import history_figure

    histories = {side.name: side.run.history for side in sides}
    best = {side.name: side.run.results.get("best_epoch") or 0 for side in sides}
    for column, quantity in zip(st.columns(2, gap="medium"), ("loss", "accuracy"), strict=True):
        with column:
            figure = history_figure(histories, quantity=quantity, best=best, dark=dark(), height=360)
            chart(figure, f"overlaid {quantity}")
    st.caption("A diamond marks the epoch that was kept. A head that was fitted in one step has a single point.")
