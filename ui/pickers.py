"""Choices that several pages share, kept in the address so that a page can be sent to somebody or loaded again."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from clfcore.errors import InputError
from clfcore.runs import folder
from clfcore.runs.folder import Run
from clfcore.runs.index import Listed, finished_runs, listed
from ui.formatting import moment
from ui.messages import complain, empty


def from_address(name: str, options: Sequence[str], default: Sequence[str], *, most: int | None = None) -> None:
    """Before its widget (key `name`) is drawn: take over what the address says, else the default.

    Streamlit's own binding writes the label that is shown; an address should hold the stable id. What it names twice,
    and what is more than the widget takes (`most`), is left out.
    """
    said = st.query_params.get_all(name)
    if said != st.session_state.get(f"{name} in address"):  # the address was changed from outside: a link, a reload
        wanted = [value for value in said if value in options]
        if wanted or name not in st.session_state:
            st.session_state[name] = wanted or list(default)
    known = [value for value in dict.fromkeys(st.session_state.get(name, default)) if value in options]
    st.session_state[name] = known[:most]


def to_address(name: str, chosen: Sequence[str]) -> None:
    """After its widget: write the choice into the address."""
    if st.query_params.get_all(name) != list(chosen):
        st.query_params[name] = list(chosen)
    st.session_state[f"{name} in address"] = list(chosen)


def choose_one(name: str, label: str, options: Sequence[str], *, names: dict[str, str], help: str | None = None) -> str:
    """A select box whose choice stands in the address under `name`."""
    from_address(name, options, options[:1])
    at = options.index(st.session_state[name][0]) if st.session_state[name] else 0
    chosen = st.selectbox(label, options, at, names.__getitem__, help=help, key=f"{name} box {at}")
    to_address(name, [chosen])
    st.session_state[name] = [chosen]
    return chosen


def choose_run(label: str = "Run") -> Run:
    """One of the runs that can be judged; where there is none, says what to do and stops the page."""
    known = {one.id: one for one in finished_runs()}
    _say_unreadable(st.query_params.get("run"), known)
    if not known:
        empty(
            "There is no finished run yet. Train one: on digits it takes less than a minute.",
            "Train",
            "pages/train/page.py",
        )
    names = {name: listed_name(one) for name, one in known.items()}
    return known[choose_one("run", label, list(known), names=names)].run


def _say_unreadable(name: str | None, known: Mapping[str, Listed]) -> None:
    """Why the run that the address names is not among those to choose from."""
    if not name or name in known:
        return
    try:
        found = listed(folder.find_run(name))
    except InputError as error:
        complain(str(error))
        return
    complain(found.damaged or f"run {found.id} is {found.state} and has no predictions: let it finish, or resume it")


def run_names(runs: Sequence[Run]) -> dict[str, str]:
    """id -> what people call it: `lenet5 on digits, 24 Nov 2026, 14:05`."""
    return {run.id: run_name(run) for run in runs}


def run_name(run: Run) -> str:
    return listed_name(listed(run))


def listed_name(one: Listed) -> str:
    """What people call a run; a damaged one by its id."""
    if one.config is None:
        return f"{one.id} (damaged)"
    made = moment(one.status.created)
    return f"{one.config.architecture} on {data_name(one.config.data)}, {made} ({one.id[-4:]})"


def data_name(spec: str) -> str:
    """The last part of a path, or a catalogue name as it is."""
    return spec.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]


def differing(configs: Sequence[dict[str, Any]]) -> list[tuple[str, list[Any]]]:
    """(setting, its value in each configuration) for all settings, flat, those that differ first."""
    flat = [{**{k: v for k, v in c.items() if k != "recipe"}, **c.get("recipe", {})} for c in configs]
    rows = [
        (name, [values.get(name) for values in flat]) for name in dict.fromkeys(n for values in flat for n in values)
    ]
    return sorted(rows, key=lambda row: all(value == row[1][0] for value in row[1]))
