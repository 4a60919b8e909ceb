"""A setting's rule, unit and help (clfcore.config.FIELDS) -> its widget."""

from typing import Any, Literal, get_args, get_origin

import streamlit as st

from clfcore.config import FIELDS

LABELS = {
    "gradient_clip": "Gradient clipping",
    "image_size": "Image size",
    "learning_rate": "Learning rate",
    "ema": "Averaged weights (EMA)",
    "mixup": "Mixup alpha",
    "cutmix": "CutMix alpha",
    "mix_probability": "Share of batches mixed",
    "one_cycle_rise": "Share of the run rising",
    "channels_last": "Channels last",
}
YES_NO = {True: "yes", False: "no"}


def field(name: str, *, default: Any = None, options: tuple[str, ...] | None = None) -> Any:
    """The widget of one field; None where it is left to its default, which is shown in its place.

    name: as in FIELDS (`recipe.epochs`); default: what None stands for here; options: those to offer, of a choice.
    """
    info = FIELDS[name]
    short = name.rsplit(".", 1)[-1]
    label = LABELS.get(short, short.replace("_", " ").capitalize())
    default = info.default if default is None else default
    kinds = [kind for kind in get_args(info.annotation) if kind is not type(None)] or [info.annotation]
    choices = options or _choices(info.annotation)
    help_text = info.description[:1].upper() + info.description[1:] + "."
    common = {"key": f"field {name}", "help": help_text, "placeholder": _written(default)}
    if choices:
        return st.selectbox(label, choices, index=None, **common, persist_state="session")
    if bool in kinds:
        return st.selectbox(
            label, (True, False), index=None, format_func=YES_NO.__getitem__, **common, persist_state="session"
        )
    if int in kinds or float in kinds:
        whole = float not in kinds
        return st.number_input(
            label,
            min_value=_limit(info, "ge", whole),
            max_value=_limit(info, "le", whole),
            value=None,
            step=1 if whole else _step(default),
            format="%d" if whole else "%g",
            persist_state="session",
            **common,
        )
    return st.text_input(label, value=None, persist_state="session", **common)


def _choices(annotation: Any) -> tuple[str, ...]:
    parts = [annotation, *get_args(annotation)]
    return next((get_args(part) for part in parts if get_origin(part) is Literal), ())


def _limit(info: Any, kind: str, whole: bool) -> int | float | None:  # noqa: FBT001 - private
    for rule in info.metadata:
        if (value := getattr(rule, kind, None)) is not None:
            return int(value) if whole else float(value)
    return None


def _step(default: Any) -> float:
    """A click moves a rate by a tenth of its size."""
    size = float(default or 1.0)
    return float(f"{size / 10:.0e}")


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return YES_NO[value]
    return f"{value:g}" if isinstance(value, float) else str(value)
