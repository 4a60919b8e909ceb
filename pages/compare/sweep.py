"""Sweep: architectures, strategies and seeds queued at once; the comparison grows as they finish."""

from typing import get_args

import streamlit as st

from clfcore.architectures.catalogue import architectures
from clfcore.config import Strategy
from clfcore.data.library.specs import named_spec
from clfcore.experiments.grid import command_of, grid
from clfcore.runs import folder
from clfcore.runs.worker import worker
from ui.architecture_picker import facts
from ui.data_picker import choose_data, read_data
from ui.formatting import count
from ui.messages import escape_markdown, refusals
from ui.runs.monitor import show_queue
from ui.session import SWEEP_OPEN, SWEEP_QUEUED, kept

ENDED = ("failed", "cancelled", "damaged")


def train_to_compare() -> None:
    """The sweep behind an expander, and the queue while it runs."""
    if SWEEP_QUEUED.take():
        SWEEP_OPEN.set(False)  # folded once the runs are queued
    more = st.expander("Train several networks on one split", on_change="rerun", key=SWEEP_OPEN.key)
    if more.open:
        with more:
            _choose()
    if _batch():
        show_queue()


def _choose() -> None:
    data = choose_data()
    left, right = st.columns([3, 2], gap="medium")
    with left:
        names = [row.name for row in architectures()]
        chosen = st.multiselect(
            "Architectures", names, ["lenet5"], format_func=facts, **kept("together architectures"), wrap=True
        )
    with right:
        strategies = st.multiselect("Strategies", list(get_args(Strategy)), ["scratch"], **kept("together strategies"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seeds = st.number_input(
            "Seeds", 1, 10, 2, **kept("together seeds"), width=140,
            help="Runs that differ only in their seed show how much is due to chance: two are few, five tell more.",
        )  # fmt: skip
        epochs = st.number_input(
            "Epochs", 1, 1000, None, **kept("together epochs"), width=180, placeholder="strategy default"
        )
    with refusals(stop=False):
        planned = grid(
            data,
            architectures=chosen,
            strategies=strategies,
            seeds=range(int(seeds)),
            recipe={} if epochs is None else {"epochs": int(epochs)},
            dataset=read_data(data),
        )
        for refused in planned.refused:
            st.caption(f"{escape_markdown(refused.name)} is left out: {escape_markdown(refused.reason)}")
        with st.expander("Command"):
            named = named_spec(data)
            command = command_of(named, architectures=chosen, strategies=strategies, seeds=int(seeds), epochs=epochs)
            st.code(command, language="bash", wrap_lines=True)
        label = f"Queue {count(len(planned.configs), 'run')}"
        if st.button(label, type="primary", disabled=not planned.configs, key="together go"):
            ids = [worker().submit(config).id for config in planned.configs]
            st.query_params["batch"] = ids
            st.query_params["runs"] = []
            SWEEP_QUEUED.set(True)
            st.rerun()


def _batch() -> list[str]:
    """The runs queued here that have not ended; completed ones are added to the comparison."""
    queued = st.query_params.get_all("batch")
    if not queued:
        return []
    known = {run.id: run for run in folder.run_folders()}
    pending: list[str] = []
    done: list[str] = []
    for name in queued:
        with refusals(stop=False):
            run = known.get(name)
            if run is None or run.state in ENDED:
                continue
            (done if run.state == "completed" else pending).append(name)
    if done:
        st.query_params["runs"] = [*dict.fromkeys([*st.query_params.get_all("runs"), *done])]
    if pending != queued:
        if pending:
            st.query_params["batch"] = pending
        else:
            del st.query_params["batch"]
    return pending
