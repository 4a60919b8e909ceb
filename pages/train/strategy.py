"""The strategy part of the Train page: which strategy, what trains at which rate, and from whose weights."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from clfcore.architectures.catalogue import weights_at_hand
from clfcore.config import RunConfig
from clfcore.errors import InputError
from clfcore.runs.folder import find_run
from ui.fields import field
from ui.messages import complain, escape_markdown
from ui.pickers import run_name

if TYPE_CHECKING:
    from clfcore.architectures.catalogue import Architecture


STRATEGIES = {
    "scratch": "From scratch",
    "feature-extraction": "Feature extraction",
    "fine-tuning": "Fine-tuning",
    "progressive-unfreezing": "Progressive unfreezing",
}
_HELP = (
    "From scratch: every weight is learned from your pictures. Feature extraction: a pretrained network stays as it is "
    "and only a new head is fitted on what it sees: the first step with few pictures. Fine-tuning: the last groups of "
    "layers are trained on from there, slowly. Progressive unfreezing: the head first, then one group after the other."
)
# What a strategy can be told, beyond the recipe that all share.
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "feature-extraction": ("head", "recipe.views"),
    "fine-tuning": (
        "recipe.trainable_groups",
        "recipe.backbone_learning_rate",
        "recipe.group_decay",
        "recipe.freeze_batch_norm",
    ),
    "progressive-unfreezing": (
        "recipe.unfreeze",
        "recipe.backbone_learning_rate",
        "recipe.group_decay",
        "recipe.freeze_batch_norm",
    ),
}
_BEGUN = "trained further"  # the run whose weights are taken, in the session


def choose_strategy(architecture: "Architecture") -> str:
    """What is trained; the one that suits the network is chosen until another is."""
    fitting = "feature-extraction" if weights_at_hand(architecture.name) else "scratch"
    return st.segmented_control(
        "Strategy",
        list(STRATEGIES),
        format_func=STRATEGIES.__getitem__,
        default="fine-tuning" if started_from() else fitting,
        required=True,
        key=f"strategy {architecture.name} {started_from() or ''}",
        persist_state="session",
        help=_HELP,
    )


def strategy_fields(chosen: RunConfig, shown: Mapping[str, Any]) -> dict[str, Any]:
    """What the strategy's own widgets say, by the names of FIELDS; what is left open is left out."""
    names = _FIELDS.get(chosen.strategy or "", ())
    if not names:
        return {}
    grid = st.grid(4, min_column_width=150)
    said: dict[str, Any] = {}
    for name in names:
        with grid.cell():
            said[name] = field(name, default=shown.get(name.removeprefix("recipe.")))
    return {name: value for name, value in said.items() if value is not None}


def choose_weights(strategy: str) -> str | None:
    """Where a strategy that needs weights takes them from: published, a run's, or a file; None for the default."""
    if strategy == "scratch":
        return None
    name = st.session_state[_BEGUN]["name"] if started_from() else "default"
    return field("weights", default=name) or started_from()


def started_from() -> str | None:
    """The run that is to be trained further, while its architecture stays chosen."""
    known = st.session_state.get(_BEGUN)
    return known["run"] if known and st.session_state.get("architecture") == known["architecture"] else None


def take_over() -> None:
    """Before the widgets: what the address names to be trained further (`from=RUN`) chooses data and network."""
    name = st.query_params.get("from")
    if not name:
        return
    del st.query_params["from"]
    try:
        run = find_run(name)
        config = run.config
    except InputError as error:
        complain(str(error))
        return
    st.session_state[_BEGUN] = {"run": str(run.path), "architecture": config.architecture, "name": run_name(run)}
    st.query_params["data"] = st.session_state["data"] = config.data
    st.session_state["data brought"] = [*dict.fromkeys([*st.session_state.get("data brought", []), config.data])]
    st.query_params["architecture"] = st.session_state["architecture"] = config.architecture


def say_where_from() -> None:
    """One line on the run that is trained further, and the way out of it."""
    if not started_from():
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Begins with the weights of {escape_markdown(st.session_state[_BEGUN]['name'])}.")
        if st.button("Begin anew", key="begin anew"):
            del st.session_state[_BEGUN]
            st.rerun()
