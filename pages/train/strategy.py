"""The training strategy, its settings, and the initial weights."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.architectures.catalogue import weights_at_hand
from clfcore.config import RunConfig
from clfcore.data.library.specs import named_spec
from clfcore.errors import InputError
from clfcore.runs.folder import find_run
from ui.fields import FieldValue, field
from ui.messages import complain, escape_markdown
from ui.pickers import run_name
from ui.session import ARCHITECTURE, DATA, INITIAL_RUN, RECENT_DATA, InitialRun

if TYPE_CHECKING:
    from clfcore.architectures.catalogue import Architecture


STRATEGIES = {
    "scratch": "From scratch",
    "feature-extraction": "Feature extraction",
    "fine-tuning": "Fine-tuning",
    "progressive-unfreezing": "Progressive unfreezing",
}
_HELP = (
    "From scratch: every weight is learned from your images. Feature extraction: a pretrained network stays frozen "
    "and only a new head is fitted on its features: the first choice with few images. Fine-tuning: the last groups of "
    "layers continue training at a low rate. Progressive unfreezing: the head first, then one group after another."
)
# Settings that only some strategies have.
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


def choose_strategy(architecture: "Architecture") -> str:
    """The training strategy; by default the one that suits the network."""
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


def strategy_fields(chosen: RunConfig, shown: Mapping[str, object]) -> dict[str, FieldValue]:
    """Values of the strategy's own widgets by their names in FIELDS, without those left open."""
    names = _FIELDS.get(chosen.strategy or "", ())
    if not names:
        return {}
    grid = st.grid(4, min_column_width=150)
    entered: dict[str, FieldValue] = {}
    for name in names:
        with grid.cell():
            entered[name] = field(name, default=shown.get(name.removeprefix("recipe.")))
    return {name: value for name, value in entered.items() if value is not None}


def choose_weights(strategy: str) -> str | None:
    """Source of the pretrained weights: published, a run's, or a file; None for the default."""
    if strategy == "scratch":
        return None
    initial = INITIAL_RUN.get()
    name = initial.name if initial and started_from() else "default"
    entered = field("weights", default=name)
    return str(entered) if entered else started_from()


def started_from() -> str | None:
    """The run that is trained further, while its architecture stays chosen."""
    initial = INITIAL_RUN.get()
    return initial.path if initial and ARCHITECTURE.get() == initial.architecture else None


def take_initial_run() -> None:
    """Before the widgets: the run that the address names to train further (`from=RUN`) sets data and network."""
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
    INITIAL_RUN.set(InitialRun(str(run.path), config.architecture, run_name(run)))
    DATA.set(named_spec(config.data))
    st.query_params["data"] = named_spec(config.data)
    RECENT_DATA.set([*dict.fromkeys([*(RECENT_DATA.get() or ()), config.data])])
    ARCHITECTURE.set(config.architecture)
    st.query_params["architecture"] = config.architecture


def show_initial_weights() -> None:
    """One line on the run that is trained further, and a button that starts from scratch instead."""
    initial = INITIAL_RUN.get()
    if initial is None or not started_from():
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Starts from the weights of {escape_markdown(initial.name)}.")
        if st.button("Start from scratch", key="begin anew"):
            INITIAL_RUN.take()
            st.rerun()
