"""A setting's rule, unit and help (clfcore.config.FIELDS) -> its widget."""

from typing import TYPE_CHECKING, Literal, get_args, get_origin

import streamlit as st

from clfcore.architectures.options import settle
from clfcore.config import FIELDS, RunConfig
from clfcore.errors import InputError
from ui.messages import complain
from ui.session import SessionValue, in_address, kept

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from clfcore.architectures.catalogue import Architecture
    from clfcore.architectures.options import Option


LABELS = {
    "gradient_clip": "Gradient clipping",
    "image_size": "Image size",
    "learning_rate": "Learning rate",
    "ema": "EMA of weights",
    "mixup": "Mixup alpha",
    "cutmix": "CutMix alpha",
    "mix_probability": "Share of mixed batches",
    "one_cycle_rise": "Warm-up share (one-cycle)",
    "channels_last": "Channels last",
    "sync_batch_norm": "Synchronized batch normalization",
}
YES_NO = {True: "yes", False: "no"}


FieldValue = bool | int | float | str | None


def field(name: str, *, default: object = None, options: tuple[str, ...] | None = None) -> FieldValue:
    """The widget of one field; None where it is left at its default, which the widget shows.

    name: as in FIELDS (`recipe.epochs`); default: what None stands for here; options: those to offer, of a choice.
    """
    info = FIELDS[name]
    short = name.rsplit(".", 1)[-1]
    label = LABELS.get(short, short.replace("_", " ").capitalize())
    default = info.default if default is None else default
    kinds = [kind for kind in get_args(info.annotation) if kind is not type(None)] or [info.annotation]
    offered = options or choices(info.annotation)
    description = info.description or ""
    key, help_text, shown = f"field {name}", f"{description[:1].upper()}{description[1:]}.", _written(default)
    if offered:
        return st.selectbox(label, offered, index=None, **kept(key), help=help_text, placeholder=shown)
    if bool in kinds:
        return st.selectbox(
            label, (True, False), index=None, format_func=YES_NO.__getitem__, **kept(key), help=help_text,
            placeholder=shown,
        )  # fmt: skip
    if int in kinds or float in kinds:
        whole = float not in kinds
        number = int if whole else float
        least: float | None = None if (rule := _limit(info, "ge")) is None else number(rule)
        most: float | None = None if (rule := _limit(info, "le")) is None else number(rule)
        expected: float | None = number(default) if isinstance(default, int | float) else None
        start: Literal["min"] | None = "min" if follow_default(key, expected) else None  # what is entered goes first
        step: float = 1 if whole else _step(expected)
        value = st.number_input(
            label,
            min_value=least,
            max_value=most,
            value=start,
            step=step,
            format="%d" if whole else "%g",
            **kept(key),
            help=help_text,
            placeholder=shown,
        )
        return None if value == expected else value
    return st.text_input(label, value=None, **kept(key), help=help_text, placeholder=shown)


def set_widgets(config: RunConfig) -> None:
    """Before they are drawn: have the widgets of a configuration's fields, and of its network's options, show it."""
    values = {f"recipe.{name}": value for name, value in config.recipe.model_dump().items()}
    for name, value in {**values, "split_seed": config.split_seed, "track": config.track, "head": config.head}.items():
        own = value.get("name") if isinstance(value, dict) else value  # a policy of one's own, by its name
        SessionValue[object](f"field {name}").set(own)
        SessionValue[object](f"field {name} default").forget()  # else a number would follow it
    SessionValue[object]("preset").set(None)
    SessionValue[object]("fit").set(config.fit)
    st.query_params["fit"] = config.fit
    options = [f"{name}={_option_text(value)}" for name, value in config.options.items()]
    st.query_params["option"] = options
    in_address("option").forget()


def follow_default(key: str, default: float | None) -> bool:
    """Before a number box is drawn: show its default in it until another number is entered. False where there is none.

    An untouched box follows a default that changes with other choices, and + and - count from what it shows.
    """
    entered, shown = SessionValue[float | None](key), SessionValue[float | None](f"{key} default")
    untouched = entered.get() == shown.get()
    if default is not None and (entered.get() is None or untouched):
        entered.set(default)
    elif default is None and entered.exists and untouched:
        entered.set(None)
    shown.set(default)
    return entered.get() is not None


def choices(annotation: object) -> tuple[str, ...]:
    """The names that a field is one of; empty where it is none of some."""
    parts = [annotation, *get_args(annotation)]
    return next((get_args(part) for part in parts if get_origin(part) is Literal), ())


def limits(name: str) -> tuple[float, float]:
    """The lowest and the highest value of a field with numbers; a bound that it may not reach is left a little."""
    low, high = _limit(FIELDS[name], "ge"), _limit(FIELDS[name], "le")
    return (1e-9 if low is None else low), (1e9 if high is None else high)


def _limit(info: "FieldInfo", bound: Literal["ge", "le"]) -> float | None:
    limits = (getattr(rule, bound, None) for rule in info.metadata)
    return next((limit for limit in limits if limit is not None), None)


def _step(default: float | None) -> float:
    """A click moves a rate by a tenth of its size."""
    return float(f"{(default or 1.0) / 10:.0e}")


def _written(value: object) -> str:
    if isinstance(value, bool):
        return YES_NO[value]
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


SLIDER = 10  # a number whose range is at most so wide is a slider


def choose_options(row: "Architecture", *, address: str = "option") -> dict[str, str]:
    """The widgets of a network's options; returns what differs from the defaults, as `--option` takes it.

    address: the query parameter that holds them, and what the widgets' keys begin with.
    """
    if not row.options:
        _to_address(address, {})
        return {}
    _from_address(row, address)
    texts = {}
    grid = st.grid(2, min_column_width=120)
    for option in row.options:
        with st.container() if option.kind in ("counts", "layers") else grid.cell():
            value = _widget(option, _key(address, row, option))
        if value != _option_value(option, option.default):
            texts[option.name] = _option_text(value)
    _to_address(address, texts)
    return texts


def _widget(option: "Option", key: str) -> bool | float | str:
    label = {"phi": "φ", "alpha": "α", "beta": "β", "gamma": "γ"}.get(option.name) or option.name.replace("_", " ")
    label = label[:1].upper() + label[1:] if option.name not in ("alpha", "beta", "gamma", "phi") else label
    help_text = f"{option.help[:1].upper() + option.help[1:]}: {option.rule}."
    held = SessionValue[bool | float | str](key)
    if not held.exists:
        held.set(_option_value(option, option.default))
    match option.kind:
        case "choice":
            chosen = st.segmented_control(label, option.allowed, required=True, **kept(key), help=help_text)
            return chosen or option.default
        case "flag":
            return st.toggle(label, **kept(key), help=help_text)
        case "whole":
            return st.number_input(
                label, min_value=int(option.least), max_value=int(option.most), step=1, **kept(key), help=help_text,
            )  # fmt: skip
        case "number" if option.most - option.least <= SLIDER:
            step = 0.1 if option.most - option.least > 1 else 0.01
            return st.slider(
                label, min_value=float(option.least), max_value=float(option.most), step=step, **kept(key),
                help=help_text,
            )  # fmt: skip
        case _:
            return st.text_input(label, **kept(key), help=help_text).strip()


def _option_value(option: "Option", text: str) -> bool | float | str:
    """Text as its widget holds it."""
    match option.kind:
        case "flag":
            return text == "true"
        case "whole":
            return int(text)
        case "number":
            return float(text)
        case _:
            return text


def _option_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _key(address: str, row: "Architecture", option: "Option") -> str:
    return f"{address} {row.name} {option.name}"


def _from_address(row: "Architecture", address: str) -> None:
    """Take over what a link says; what does not fit is said, and the default stands."""
    words = st.query_params.get_all(address)
    chosen_before = SessionValue[object](_key(address, row, row.options[0])).exists
    if not words or (chosen_before and words == (in_address(address).get() or [])):
        return  # another page's address says nothing: the session's choice goes on
    for option in row.options:
        SessionValue[object](_key(address, row, option)).set(_option_value(option, option.default))
    known = {option.name: option for option in row.options}
    for word in words:
        name, _, text = word.partition("=")
        try:
            value = settle(row.name, row.options, {name: text})[name]
        except InputError as error:
            complain(str(error))
            continue
        shown = ",".join(str(part) for part in value) if isinstance(value, tuple) else _option_text(value)
        SessionValue[object](_key(address, row, known[name])).set(_option_value(known[name], shown))


def _to_address(address: str, given: dict[str, str]) -> None:
    words = [f"{name}={value}" for name, value in given.items()]
    if st.query_params.get_all(address) != words:
        st.query_params[address] = words
    in_address(address).set(words)
