"""A search from the Train page: ranges beside the fields, trials in the background, the same as a command."""

import json
from collections.abc import Mapping
from typing import get_args

import streamlit as st
from pydantic import JsonValue

from clfcore import api
from clfcore.config import FIELDS, RunConfig
from clfcore.data.library.specs import named_spec
from clfcore.errors import Failure
from clfcore.experiments.search_launch import launch
from clfcore.experiments.search_space import FIXED, make_space
from clfcore.experiments.study import open_study, optuna_library
from clfcore.resolved_config import ResolvedConfig
from ui.fields import LABELS, choices, limits
from ui.formatting import count
from ui.messages import escape_markdown, refusals
from ui.session import SessionValue, kept

MOST_WORKERS = 8
_STARTED = SessionValue[str]("search started")


def search_form(config: RunConfig, filled: ResolvedConfig) -> None:
    """Fields and what each may be, how many trials, and the button that starts them. filled: `config` resolved."""
    with st.expander("Search for better values"):
        try:
            optuna_library()
        except Failure as missing:
            st.caption(escape_markdown(f"{missing}."))
            return
        st.caption("Each trial is a run of the plan above with other values; validation chooses among them.")
        usual = ["recipe.learning_rate"]
        chosen = st.multiselect("Fields", _searchable(), usual, format_func=_label, **kept("search fields"))
        space = {name: _choose(name, _value(filled, name)) for name in chosen}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            trials = st.number_input("Trials", 1, 1000, 20, **kept("search trials"), width=120)
            workers = st.number_input(
                "Workers", 1, MOST_WORKERS, 1, **kept("search workers"), width=120,
                help="Trials run in parallel and share the cores; several pay off for small networks.",
            )  # fmt: skip
            prune = st.toggle(
                "Stop weak trials early", **kept("search prune"),
                help="A trial ends where its validation score is below the median of the others at the same epoch.",
            )  # fmt: skip
        with refusals(stop=False):
            make_space(space, config)
            _offer(config, space, trials=int(trials), workers=int(workers), prune=prune)


def _offer(config: RunConfig, space: Mapping[str, JsonValue], *, trials: int, workers: int, prune: bool) -> None:
    named = config.changed(data=named_spec(config.data))
    flags = f"--space space.json --trials {trials}" + (f" --workers {workers}" if workers > 1 else "")
    flags += " --prune" if prune else ""
    st.caption("The space, as space.json, and the command for the same search:")
    st.code(json.dumps({name.removeprefix("recipe."): value for name, value in space.items()}), language="json")
    st.code(
        api.command_of(named, search=flags),
        language="bash",
        wrap_lines=True,
    )
    if st.button(f"Start {count(trials, 'trial')}", key="start search"):
        study = open_study(config, space)
        launch(study, trials=trials, workers=workers, prune=prune)
        SessionValue[str]("search").set(study.name)  # what Compare shows
        _STARTED.set(study.name)
    if _STARTED.exists:
        st.page_link("pages/compare/page.py", label="See its trials on Compare", icon=":material/arrow_forward:")


def _searchable() -> list[str]:
    """Fields with numbers or names to choose among."""
    return [
        name for name, info in FIELDS.items() if name not in FIXED and name.startswith("recipe.")
        and (choices(info.annotation) or _numeric(name)) and name != "recipe.augmentation"
    ]  # fmt: skip


def _numeric(name: str) -> bool:
    kinds = {kind for kind in get_args(FIELDS[name].annotation) if kind is not type(None)} or {FIELDS[name].annotation}
    return kinds <= {int, float}


def _label(name: str) -> str:
    short = name.removeprefix("recipe.")
    return LABELS.get(short, short.replace("_", " ").capitalize())


def _value(filled: ResolvedConfig, name: str) -> JsonValue:
    value: JsonValue = filled.recipe.model_dump(mode="json")[name.removeprefix("recipe.")]
    return value


def _choose(name: str, usual: JsonValue) -> JsonValue:
    """What a field may be: some of its names, or a range around its usual value."""
    names = choices(FIELDS[name].annotation)
    if names:
        return list(st.multiselect(_label(name), names, names, **kept(f"search {name}")))
    whole = "int" in str(FIELDS[name].annotation)
    about = float(usual) if isinstance(usual, int | float) else 1.0
    least, most = limits(name)
    low, high = (max(least, about / 10), min(most, about * 10)) if about else (least, min(most, 1.0))
    if whole:
        low, high = max(least, about // 2), min(most, max(about * 2, about + 2))
    left, middle, right = st.columns([2, 2, 1], vertical_alignment="bottom")
    with left:
        lowest = _number(f"{_label(name)} from", low, whole=whole, key=f"search {name} low")
    with middle:
        highest = _number("to", high, whole=whole, key=f"search {name} high")
    with right:
        log = st.checkbox(
            "Log scale",
            value=not whole and low > 0,
            **kept(f"search {name} log"),
            help="Values are drawn evenly on a logarithmic scale.",
        )
    return {"low": lowest, "high": highest, **({"log": True} if log else {})}


def _number(label: str, value: float, *, whole: bool, key: str) -> float:
    if whole:
        return st.number_input(label, value=int(value), step=1, **kept(key))
    return st.number_input(label, value=float(value), step=float(f"{value or 0.1:.0e}"), format="%g", **kept(key))
