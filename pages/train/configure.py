"""The configuration of a run from the page's widgets."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from clfcore import api
from clfcore.config import RunConfig, make
from clfcore.data.catalogue import open_dataset
from clfcore.data.pixels import Fit, Preprocess
from clfcore.data.value_ranges import shown_range
from clfcore.default_network import StrategyMisfit, check_strategy, default_network
from clfcore.errors import InputError
from clfcore.parse_config import with_changes
from clfcore.resolved_config import ResolvedConfig
from pages.train.recipe import applies, choose_policy
from pages.train.strategy import (
    choose_strategy,
    choose_weights,
    offer_fitting_network,
    offer_network_here,
    started_from,
    strategy_chosen,
    strategy_fields,
)
from ui.architecture_picker import choose_architecture
from ui.cards import THUMBNAIL, Card, Picture, cards, picture
from ui.fields import FieldValue, choose_options, field
from ui.messages import refusals
from ui.session import PICTURE_RESIZING

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset


MAIN = ("epochs", "batch_size", "image_size", "learning_rate")
MORE = (
    "optimizer",
    "schedule",
    "warmup_epochs",
    "step_size",
    "step_factor",
    "plateau_patience",
    "plateau_factor",
    "one_cycle_rise",
    "weight_decay",
    "momentum",
    "nesterov",
    "augmentation",
    "mixup",
    "cutmix",
    "mix_probability",
    "label_smoothing",
    "gradient_clip",
    "accumulation",
    "ema",
    "early_stopping",
    "precision",
    "channels_last",
    "compile",
    "sync_batch_norm",
    "device",
    "seed",
)
FITS: Mapping[Fit, str] = {"crop": "Crop", "pad": "Pad", "squash": "Squash"}


def configure(chosen: RunConfig, *, defaults: RunConfig) -> RunConfig:
    """`chosen` with the recipe fields, checked. defaults: what a field left open resolves to, shown in its widget."""
    shown = defaults.recipe.model_dump()
    recipe: dict[str, FieldValue] = {}
    row = st.grid(4, min_column_width=125)
    for name in MAIN:
        with row.cell():
            recipe[name] = field(f"recipe.{name}", default=shown.get(name))
    of_strategy = strategy_fields(chosen, shown)
    recipe |= {name.removeprefix("recipe."): v for name, v in of_strategy.items() if name.startswith("recipe.")}
    with st.expander("More of the recipe"):
        more = st.grid(3, min_column_width=170)
        for name in MORE:
            if not applies(name, recipe, shown):
                continue
            with more.cell():
                recipe[name] = (
                    choose_policy(shown.get(name))
                    if name == "augmentation"
                    else field(f"recipe.{name}", default=shown.get(name))
                )
        with more.cell():
            split_seed = field("split_seed")
        with more.cell():
            track = field("track")
    fields = {"track": track, "split_seed": split_seed, "fit": PICTURE_RESIZING.get(), "head": of_strategy.get("head")}
    with refusals():
        return with_changes(
            chosen,
            **{name: value for name, value in fields.items() if value is not None},
            recipe={name: value for name, value in recipe.items() if value is not None},
        )


def defaults(chosen: RunConfig, dataset: "ImageDataset") -> ResolvedConfig:
    """What every field left open is resolved to; without torch, so at once."""
    with refusals():
        return api.defaults(chosen, dataset=dataset)


@dataclass(frozen=True)
class Start:
    """What a run starts from; instead: the network that is planned where the chosen one cannot serve the strategy."""

    config: RunConfig
    instead: str | None = None


def choose_start(data: str, dataset: "ImageDataset") -> Start:
    """The network, its options, the strategy and the weights: those that suit the data until others are chosen."""
    suited = default_network(dataset, strategy=strategy_chosen())
    row = choose_architecture(default=suited.name, why=suited.why)
    options = choose_options(row)
    with refusals():
        usual = api.defaults(make({"data": data, "architecture": row.name, "options": options}), dataset=dataset)
    strategy = choose_strategy("fine-tuning" if started_from() else usual.strategy)
    weights = choose_weights(strategy)
    chosen = {"data": data, "strategy": strategy, "weights": weights}
    try:
        if weights in (None, "default"):
            check_strategy(strategy, row)
    except StrategyMisfit as misfit:
        offer_fitting_network(misfit, row.name)
        if misfit.fitting is None:
            st.stop()
        return Start(make({**chosen, "architecture": misfit.fitting}), misfit.fitting)
    if strategy != "scratch" and weights is None:
        offer_network_here(row.name)
    return Start(make({**chosen, "architecture": row.name, "options": options}))


def choose_fit(dataset: "ImageDataset", data: str) -> None:
    """How an image is fitted to the network's square, with examples; no choice where all images are square."""
    shown = fitted(data, tuple(FITS))
    if shown is None:
        return
    fit = st.segmented_control(
        "Fit to square",
        list(FITS),
        format_func=FITS.__getitem__,
        default="crop",
        required=True,
        key="fit",
        bind="query-params",
        help="Crop takes the central square; pad keeps the whole image on a plain background; squash ignores the "
        "aspect ratio.",
    )
    cards([Card(small, name=name) for name, small in shown[fit]], side=96)


@st.cache_data(show_spinner=False, max_entries=16)
def fitted(data: str, fits: tuple[Fit, ...], *, most: int = 5) -> "Mapping[Fit, list[tuple[str, Picture]]] | None":
    """A few training images after each fit; None where they are square already."""
    dataset = open_dataset(data)
    if dataset.paths is None:
        return None
    chosen = dataset.splits["train"]
    pictures = {}
    for i in chosen[:: max(1, len(chosen) // most)][:most].tolist():
        with contextlib.suppress(InputError):
            pictures[dataset.ids[i]] = dataset.image(i, least_side=THUMBNAIL)
    if all(p.shape[0] == p.shape[1] for p in pictures.values()):
        return None
    values = shown_range(dataset)
    return {
        fit: [
            (name, picture(Preprocess(THUMBNAIL, fit, value_range=values).square(pixels)))
            for name, pixels in pictures.items()
        ]
        for fit in fits
    }
