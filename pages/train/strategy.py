"""The training strategy, its settings, and the initial weights."""

from collections.abc import Mapping
from typing import cast, get_args

import streamlit as st

from clfcore.architectures.catalogue import architecture as catalogue_row
from clfcore.architectures.catalogue import weights_at_hand
from clfcore.config import RunConfig, Strategy
from clfcore.data.library.specs import address_spec
from clfcore.default_network import StrategyMisfit, pretrained_at_hand
from clfcore.errors import InputError
from clfcore.runs.folder import find_run
from ui.data_picker import open_data, write_data_address
from ui.fields import FieldValue, field, set_widgets
from ui.messages import complain, escape_markdown
from ui.pickers import run_name
from ui.session import (
    ARCHITECTURE,
    FAILED_RUN,
    INITIAL_RUN,
    RECENT_DATA,
    STRATEGY,
    FailedRun,
    InitialRun,
    SessionValue,
    take_address,
    write_address,
)

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
        "recipe.cached_views",
    ),
    "progressive-unfreezing": (
        "recipe.unfreeze",
        "recipe.backbone_learning_rate",
        "recipe.group_decay",
        "recipe.freeze_batch_norm",
    ),
}


def strategy_chosen() -> Strategy | None:
    """The strategy that the person has chosen, here or by a link; None where the one that suits is taken."""
    take_address(STRATEGY.key, STRATEGY)
    for name in get_args(Strategy):
        if name == STRATEGY.get():
            return cast("Strategy", name)
    if STRATEGY.exists:
        STRATEGY.forget()
    return None


def choose_strategy(suited: str) -> str:
    """The training strategy. suited: what is taken until one is chosen."""
    box = SessionValue[str]("strategy box")
    box.set(STRATEGY.get() or suited)

    def take() -> None:
        STRATEGY.set(box.get() or suited)

    chosen = st.segmented_control(
        "Strategy",
        list(STRATEGIES),
        format_func=STRATEGIES.__getitem__,
        required=True,
        key=box.key,
        on_change=take,
        help=_HELP,
    )
    write_address(STRATEGY.key, STRATEGY.get())
    return chosen or suited


def offer_fitting_network(misfit: StrategyMisfit, name: str) -> None:
    """The refusal of a strategy that the network cannot serve, with the two ways on as buttons."""
    complain(f"{STRATEGIES[misfit.strategy]} starts from pretrained weights, and {name} has no published weights.")
    with st.container(horizontal=True):
        if misfit.fitting:
            st.button(f"Use {misfit.fitting}", key="use fitting", type="primary", on_click=_use, args=(misfit.fitting,))
        st.button(f"Train {name} from scratch", key="use scratch", on_click=STRATEGY.set, args=("scratch",))


def offer_network_here(name: str) -> None:
    """Where the published weights of the chosen network are not on this machine: a network whose weights are."""
    here = pretrained_at_hand()
    row = catalogue_row(name)
    if not row.weights or weights_at_hand(name) or here is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"The weights of {escape_markdown(name)} are not on this machine: download them, or take {here}.")
        st.button(f"Use {here}", key="use network here", on_click=_use, args=(here,))


def _use(name: str) -> None:
    ARCHITECTURE.set(name)


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
    open_dataset_of(config)


def open_dataset_of(config: RunConfig) -> None:
    """Have the page's boxes name a run's data and network."""
    open_data(config.data)
    write_data_address(address_spec(config.data))
    RECENT_DATA.set([*dict.fromkeys([*(RECENT_DATA.get() or ()), config.data])])
    if config.architecture is not None:
        ARCHITECTURE.set(config.architecture)
        st.query_params["architecture"] = config.architecture


def take_failed_configuration() -> None:
    """Before the widgets: the run that the address names to be tried again (`again=RUN`) fills every one of them."""
    name = st.query_params.get("again")
    if not name:
        return
    del st.query_params["again"]
    try:
        run = find_run(name)
        config, message = run.config, run.message
    except InputError as error:
        complain(str(error))
        return
    INITIAL_RUN.forget()
    open_dataset_of(config)
    set_widgets(config)
    weights = config.weights if config.weights not in ("none", "default") else None
    SessionValue[str | None]("field weights").set(weights)
    if config.strategy is not None:
        STRATEGY.set(config.strategy)
        st.query_params[STRATEGY.key] = config.strategy
    if message:
        FAILED_RUN.set(FailedRun(run_name(run), message))


def show_failed() -> None:
    """Why the run failed whose configuration is being changed, until it is dismissed or a run is started."""
    failed = FAILED_RUN.get()
    if failed is None:
        return
    complain(f"{failed.name} failed: {failed.message}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Its configuration is below. Change what the message names, then train.")
        if st.button("Dismiss", key="dismiss failed"):
            FAILED_RUN.forget()
            st.rerun()


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
