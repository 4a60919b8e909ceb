"""Class imbalance: loss, weights and sampling, and the thresholds and decoding of the other tasks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.config import RunConfig
from ui.fields import field
from ui.formatting import count
from ui.messages import refusals
from ui.session import kept

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset


_ONE = ("recipe.loss", "recipe.class_weights", "recipe.sampling")
_FIELDS = {
    "single-label": _ONE,
    "multi-label": ("recipe.loss", "recipe.positive_weights", "recipe.sampling", "thresholds"),
    "hierarchical": (*_ONE, "recipe.level_weights", "decoding"),
}
_MORE: Mapping[tuple[str, object], tuple[str, ...]] = {  # a field that one choice brings with it
    ("recipe.loss", "focal"): ("recipe.focal_gamma",),
    ("recipe.loss", "asymmetric"): (
        "recipe.asymmetric_negative",
        "recipe.asymmetric_positive",
        "recipe.asymmetric_margin",
    ),
    ("recipe.class_weights", "effective-number"): ("recipe.effective_beta",),
    ("thresholds", "precision"): ("wanted",),
    ("thresholds", "recall"): ("wanted",),
}


def choose_imbalance(config: RunConfig, dataset: "ImageDataset") -> RunConfig:
    """`config` with the fields of these widgets, checked; only those that the task uses."""
    kind = dataset.task.kind
    title = {"single-label": "Class imbalance", "multi-label": "Labels", "hierarchical": "Levels and class imbalance"}[
        kind
    ]
    fields: dict[str, object] = {}
    with st.expander(title):
        st.caption(_balance(dataset))
        grid = st.grid(3, min_column_width=170)
        for name in _FIELDS[kind]:
            losses = ("cross-entropy", "focal") if kind != "multi-label" else None
            with grid.cell():
                fields |= _entered(name, config, options=losses if name == "recipe.loss" else None)
            for more in _MORE.get((name, fields.get(name)), ()):
                with grid.cell():
                    fields |= _entered(more, config)
        if config.strategy != "feature-extraction":
            with grid.cell():
                with_map = st.checkbox(
                    "Attention pooling",
                    value=config.head == "attention",
                    **kept(f"attention head {config.head}"),
                    help="A 1 × 1 convolution and a sigmoid weight the last feature maps before pooling, so that each "
                    "prediction comes with a map of where the network looked. For networks with feature maps.",
                )
            if with_map != (config.head == "attention"):
                fields["head"] = "attention" if with_map else "logistic"
    recipe = {name.removeprefix("recipe."): value for name, value in fields.items() if name.startswith("recipe.")}
    with refusals():
        return config.changed(**{n: v for n, v in fields.items() if not n.startswith("recipe.")}, recipe=recipe)


def _entered(name: str, config: RunConfig, *, options: tuple[str, ...] | None = None) -> dict[str, object]:
    """The value of a field's widget by the field's name; empty where it is left as `config` has it."""
    now = getattr(config.recipe if name.startswith("recipe.") else config, name.removeprefix("recipe."))
    value = field(name, default=now, options=options)
    return {} if value is None else {name: value}


def _balance(dataset: "ImageDataset") -> str:
    """Class balance of the training split, in a sentence."""
    counts = [int(n) for n in dataset.counts("train")]
    most, least = max(counts), min(counts)
    what = "label" if dataset.task.kind == "multi-label" else "class"
    if not least:
        return f"At least one {what} has no training image; the most frequent has {count(most)}."
    ratio = f"{most / least:.1f}"
    return (
        f"The most frequent {what} has {count(most, 'training image')}, the rarest {count(least)}: "
        f"an imbalance ratio of {ratio}."
    )
