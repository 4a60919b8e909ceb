"""Selection: the runs that are compared and their split, and the table of their metrics, costs and settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from clfcore.data.library.specs import display_name
from clfcore.errors import InputError
from clfcore.evaluation.intervals import Interval, headline, wilson
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.evaluation.metrics import evaluate_finest
from clfcore.experiments.compare_runs import common_of_versions, versions_note
from clfcore.runs import costs as runs_costs
from clfcore.runs.about import about
from clfcore.runs.cautions import cautions_of_all
from clfcore.runs.folder import Run
from clfcore.runs.index import finished_runs
from ui.formatting import count, ends, shorten
from ui.loaders import stored
from ui.messages import complain, empty, escape_markdown, refusals
from ui.pickers import differing, from_address, listed_name, to_address
from ui.session import COMPARED_RUNS, kept

if TYPE_CHECKING:
    from clfcore.evaluation.common_items import CommonItems
    from clfcore.evaluation.compare import Named
    from clfcore.predictions import Predictions


MOST = 12  # runs at once: more make too many pairs to read
ALWAYS = ("data", "architecture", "strategy")  # settings that the table shows even where they are equal
# cost -> its column, and how it is written
COSTS = {
    "parameters": ("parameters", "localized"),
    "multiply_adds": ("multiply-adds", "compact"),
    "latency": ("latency (ms/image)", "%.2f"),
    "answer_memory": ("memory per prediction (MB)", "%.1f"),
    "seconds": ("training time (s)", "%.0f"),
}


class SideKey(NamedTuple):
    """Cache key of a run's results: its folder, short name and split, and the time of the split's file.

    versions: of runs on versions of one dataset, the folders of all and the times of their files; they are compared on
    their common items, under the labels of the last.
    """

    path: str
    name: str
    split: str
    changed: float
    versions: tuple[tuple[str, float], ...] = ()


class SideMetrics(NamedTuple):
    """Metrics of a run by name, and their 95% intervals, None where undefined."""

    values: Mapping[str, float | None]
    bounds: Mapping[str, Interval | None]


@dataclass(frozen=True)
class Side:
    """A run, its short name, the split it is evaluated on, the time of that split's file; versions as `SideKey`."""

    run: Run
    name: str
    split: str
    changed: float
    versions: tuple[tuple[str, float], ...] = ()

    @property
    def key(self) -> SideKey:
        return SideKey(str(self.run.path), self.name, self.split, self.changed, self.versions)


def choose_compared() -> list[Side]:
    """Two or more runs and the split they are evaluated on; damaged runs are named and left out."""
    finished = finished_runs()
    known = [entry.run for entry in finished]
    queued = bool(st.query_params.get_all("batch"))
    if len(known) < 2 and queued:
        _wait_for_queue()
    if len(known) < 2:
        have = "only one has finished. Train another network, or the same one" if known else "none has finished yet"
        empty(f"A comparison needs two finished runs; {have}{' again.' if known else '. Train two networks.'}",
              "Train", "pages/train/page.py")  # fmt: skip
    configs = {entry.id: entry.config.model_dump(include=set(ALWAYS)) for entry in finished if entry.config}
    left, middle, right = st.columns([2, 6, 2], vertical_alignment="bottom")
    with left:
        offered = _filtered(known, configs)
    data = [configs[run.id]["data"] for run in known]
    newest = next((name for name in data if data.count(name) > 1), data[0])  # that two runs can be compared on
    first = [run.id for run in known if configs[run.id]["data"] == newest][:4]
    from_address("runs", [run.id for run in known], first, most=MOST)
    chosen_before = COMPARED_RUNS.get() or []
    options = [run.id for run in known if run in offered or run.id in chosen_before]
    with middle:
        names = {entry.id: listed_name(entry) for entry in finished}
        chosen = st.multiselect(
            "Runs", options, format_func=names.__getitem__, key="runs", max_selections=MOST, wrap=True
        )
    to_address("runs", chosen)
    runs = [run for run in known if run.id in chosen]
    if len(runs) < 2 and queued:
        _wait_for_queue()
    if len(runs) < 2:
        st.write("Choose two or more runs. Type in the box to filter by architecture, dataset or date.")
        st.stop()
    shared = [split for split in ("test", "validation") if all(split in run.splits for run in runs)]
    if not shared:
        with refusals():
            raise InputError("These runs have no split in common: choose finished runs.")
    with right:
        split = st.segmented_control("Split", shared, default=shared[0], required=True, **kept(f"compare {shared}"))
    if "test" not in shared:
        without = [escape_markdown(short_name(run)) for run in runs if "test" not in run.splits]
        have = "has" if len(without) == 1 else "have"
        st.caption(
            f"Evaluated on validation, which selected the best epochs: {', '.join(without)} {have} no test split."
        )
    return _readable(runs, split)


def _filtered(known: Sequence[Run], configs: Mapping[str, Mapping[str, object]]) -> list[Run]:
    """The runs that match the chosen data, architectures and strategies."""
    chosen = {}
    with st.popover("Filter runs", width="stretch"):
        for name in ALWAYS:
            values = list(dict.fromkeys(config[name] for config in configs.values()))
            chosen[name] = st.multiselect(
                name.capitalize(),
                values,
                format_func=partial(_shared, name),
                **kept(f"compare {name}"),
                placeholder="all",
            )
        offered = [
            run
            for run in known
            if all(not values or configs[run.id][name] in values for name, values in chosen.items())
        ]
        st.caption(f"{count(len(offered))} of {count(len(known), 'run')} match.")
        if st.button("Compare these", disabled=len(offered) < 2 or not any(chosen.values()), key="compare offered"):
            st.query_params["runs"] = [run.id for run in offered[:MOST]]
    return offered


def _wait_for_queue() -> None:
    st.write("The comparison appears when two of the queued runs have finished; the others are added as they finish.")
    st.stop()


def _readable(runs: Sequence[Run], split: str) -> list[Side]:
    sides = []
    for run in runs:
        side = Side(run, short_name(run), split, run.predicted_at(split))
        try:
            side_name(side.key)
        except InputError as error:
            complain(f"{side.name} is left out: {error}")
            continue
        sides.append(side)
    if len(sides) < 2:
        st.stop()
    return _on_common_items(sides)


def _on_common_items(sides: list[Side]) -> list[Side]:
    """Runs on versions of one dataset, oldest first, each on the items that all have; other runs as they are."""
    by_age = sides[::-1]  # lists of runs are newest first
    versions = tuple((str(side.run.path), side.changed) for side in by_age)
    with refusals():
        common = _common(versions, sides[0].split)
    if common is None:
        return sides
    st.caption(escape_markdown(versions_note(common, by_age[-1].run.config.data)))
    return [replace(side, versions=versions) for side in by_age]


@st.cache_resource(show_spinner=False, max_entries=8)
def _common(versions: tuple[tuple[str, float], ...], split: str) -> "CommonItems | None":
    runs = [Run(Path(path)) for path, _ in versions]
    return common_of_versions(runs, [(str(run.path), _finest(run, split)) for run in runs])


def short_name(run: Run) -> str:
    """A run's name among several: what a person named it, else its network and the end of its id."""
    return shorten(about(run).name, 32) or f"{run.config.architecture} {run.id[-4:]}"


def side_name(key: SideKey) -> "Named":
    """A run's name and predictions; of a hierarchy the finest level."""
    common = _common(key.versions, key.split) if key.versions else None
    return key.name, dict(common.runs)[key.path] if common else _finest(Run(Path(key.path)), key.split)


def _finest(run: Run, split: str) -> "Predictions":
    predictions = stored(run, split)
    if predictions.task.kind == "hierarchical":
        predictions = predictions.level(predictions.task.levels[-1].name)
    return predictions


def side_names(sides: Sequence[Side]) -> "list[Named]":
    return [side_name(side.key) for side in sides]


@st.cache_data(show_spinner=False, max_entries=48)
def metrics_of(key: SideKey) -> SideMetrics:
    predictions = side_name(key)[1]
    values, bounds = evaluate_finest(predictions).as_dict(), headline(predictions)
    if "accuracy" in values:
        right = round((values["accuracy"] or 0) * len(predictions))
        bounds = {**bounds, "accuracy": wilson(right, len(predictions))}
    return SideMetrics(values, bounds)


def compared_table(sides: Sequence[Side]) -> None:
    """One row per run: metrics with 95% intervals, costs, and the settings that differ, marked."""
    settings = differing([side.run.config.model_dump(mode="json") for side in sides])
    unequal = [(name, values) for name, values in settings if any(value != values[0] for value in values)]
    shared = {name: _shared(name, values[0]) for name, values in settings if name in ALWAYS}
    rows, columns = [], {}
    costs = [runs_costs.known(side.run) for side in sides]
    known = {name: column for name, (column, _) in COSTS.items() if any(cost[name] is not None for cost in costs)}
    for i, side in enumerate(sides):
        values, bounds = metrics_of(side.key)
        row: dict[str, str | float | None] = {"run": side.name}
        facts = {
            **{f"≠ {name.replace('_', ' ')}": _written(of[i]) for name, of in unequal},
            **{column: costs[i][name] for name, column in known.items()},
            "images": len(side_name(side.key)[1]),
            **{name: value for name, value in shared.items() if name not in dict(unequal)},
        }
        for name, metric in METRICS.items():
            if name not in values:
                continue
            label, share, value = metric.title, metric.share, values[name]
            row[label] = None if value is None else 100 * value if share else value
            columns[label] = st.column_config.NumberColumn(format="%.1f%%" if share else "%.3f")
            if name == "accuracy" or (name != "ece" and bounds.get(name) and len(sides) <= MOST):
                row[f"{label}, 95%"] = ends(bounds.get(name), share=share)
            row |= facts  # after the first metric, where they are visible without scrolling
        rows.append(row)
    for name, (column, form) in COSTS.items():
        columns[column] = st.column_config.NumberColumn(format=form, help=runs_costs.COSTS[name].capitalize() + ".")
    best = max(rows, key=lambda row: row.get("Accuracy") or 0)["run"]
    st.dataframe(
        rows, hide_index=True, column_config=columns, placeholder="–", alt=f"{count(len(rows), 'run')}; best: {best}"
    )
    differ = "≠ marks the settings in which these runs differ; all other settings are equal."
    st.caption(differ if unequal else "These runs have equal settings: any difference is due to chance.")
    for text, about_runs in cautions_of_all([side.run for side in sides], sides[0].split).items():
        named = ", ".join(escape_markdown(side.name) for side in sides if side.run in about_runs)
        st.caption(f"⚠ {text if len(about_runs) == len(sides) else f'{named}: {text}'}")


def _shared(name: str, value: object) -> str:
    return display_name(str(value)) if name == "data" else _written(value)


def _written(value: object) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{name} {of}" for name, of in value.items())
    return "–" if value in (None, "") else str(value)
