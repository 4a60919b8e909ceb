"""The training recipe: presets, which fields apply, and the augmentation policy."""

from collections.abc import Mapping

import streamlit as st

from clfcore.augment.builtin_policies import POLICIES
from clfcore.augment.label_safety import warning
from clfcore.augment.policies import policy
from clfcore.augment.saved_policies import saved_policies
from clfcore.config import RunConfig
from clfcore.parse_config import with_changes
from clfcore.presets import PRESETS, Preset, preset_for
from clfcore.task import TaskKind
from ui.messages import escape_markdown, refusals
from ui.session import AUGMENTATION, LABEL_PRESERVING, NEXT_ARCHITECTURE, PROCESSES, in_address

# A field that works under some choices alone is shown under those.
_APPLIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "momentum": ("optimizer", ("sgd", "rmsprop")),
    "nesterov": ("optimizer", ("sgd",)),
    "warmup_epochs": ("schedule", ("warmup-cosine",)),
    "step_size": ("schedule", ("step",)),
    "step_factor": ("schedule", ("step",)),
    "plateau_patience": ("schedule", ("plateau",)),
    "plateau_factor": ("schedule", ("plateau",)),
    "one_cycle_rise": ("schedule", ("one-cycle", "triangular")),
}


def applies(name: str, given: Mapping[str, object], shown: Mapping[str, object]) -> bool:
    """Whether a recipe field has an effect. given: what the widgets hold; shown: the defaults of the others."""

    def value(field: str) -> object:
        return shown.get(field) if given.get(field) is None else given[field]

    if name == "mix_probability":
        return bool(value("mixup") or value("cutmix"))
    if name == "sync_batch_norm":
        return (PROCESSES.get() or 1) > 1
    field, choices = _APPLIES.get(name, ("", ()))
    return not field or value(field) in choices


def choose_preset(chosen: RunConfig, kind: TaskKind) -> RunConfig:
    """`chosen` with the recipe and head of a preset, if one is picked; the fields override it."""
    name = st.selectbox(
        "Preset",
        list(PRESETS),
        index=None,
        key="preset",
        placeholder="none",
        persist_state="session",
        help="A recipe that fills in every field; settings below override it.",
    )
    if name is None:
        return chosen
    preset = preset_for(name, kind)
    made_for = (
        f" Designed for the strategy {preset.strategy}." if preset.strategy not in (None, chosen.strategy) else ""
    )
    st.caption(escape_markdown(preset.why + made_for))
    if preset.architecture is not None and (
        preset.architecture != chosen.architecture
        or any(str(chosen.options.get(name)) != str(value) for name, value in preset.options.items())
    ):
        st.button(
            f"Take its network, {preset.architecture}", key="preset network", on_click=_take_network, args=(preset,)
        )
    head = {"head": preset.head} if preset.head and chosen.strategy != "feature-extraction" else {}
    with refusals():
        return with_changes(chosen, recipe=preset.recipe.model_dump(), **head)


def _take_network(preset: Preset) -> None:
    """The network that a preset was chosen for, with its options."""
    if preset.architecture is not None:
        NEXT_ARCHITECTURE.set(preset.architecture)
        st.query_params["option"] = [f"{name}={value}" for name, value in preset.options.items()]
        in_address("option").forget()


def choose_policy(default: object) -> str | None:
    """The augmentation policy of a run: a built-in or saved policy; None where it is left to its default."""
    own = saved_policies()
    shown = str(default.get("name", "own")) if isinstance(default, dict) else str(default)
    return st.selectbox(
        "Augmentation",
        [*POLICIES, *own],
        index=None,
        key=AUGMENTATION.key,
        placeholder=shown,
        persist_state="session",
        format_func=lambda name: f"{name} (custom)" if name in own else name,
        help="Random changes to the training images. Preview and edit them on the Augmentations page.",
    )


def label_warning(config: RunConfig, classes: tuple[str, ...]) -> None:
    """A label warning: one line where the policy can change an image's class, unless the user confirmed that not."""
    safe = LABEL_PRESERVING.get() or ()  # confirmed on the Augmentations page
    with refusals():
        doubt = warning(policy(config.recipe.augmentation or "none"), classes=classes, safe=safe)
    if doubt:
        st.caption(
            f"⚠ {escape_markdown(doubt[:1].upper() + doubt[1:])}.",
            help="If the change keeps your labels, confirm that below the policy on the Augmentations page.",
        )
