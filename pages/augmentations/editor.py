"""A policy made by hand: chosen, its steps with a slider a parameter, saved under a name, copied as JSON and code."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from clfcore import api
from clfcore.augment import policies
from clfcore.augment.builtin_policies import POLICIES
from clfcore.augment.label_safety import changes, warning
from clfcore.augment.policy import Policy, from_json, step
from clfcore.augment.saved_policies import save_policy, saved_policies
from clfcore.augment.step_rules import KINDS, Rule, StoredValue
from clfcore.augment.to_torchvision import torchvision_code
from clfcore.config import make
from clfcore.errors import InputError
from ui.messages import escape_markdown, refusals
from ui.session import AUGMENTATION, LABEL_PRESERVING, SessionValue, go_to, kept

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset
    from clfcore.data.pixels import Preprocess

EditedStep = tuple[int, dict[str, StoredValue]]  # an identity for its widgets, and its parameters

_EDITED = SessionValue[str]("policy edited")
_STEPS = SessionValue[list[EditedStep]]("policy steps")
_LAST_UID = SessionValue[int]("policy uid")
_ADDED = SessionValue[str | None]("policy add")
_PASTED = SessionValue[str]("policy text")
_PASTE_ERROR = SessionValue[str]("policy refused")
_SAVED = SessionValue[str]("policy kept")


def choose_policy_named(label: str, key: str, *, first: str = "basic") -> str:
    """A built-in policy's name or one's own; kept in the address."""
    names = [*POLICIES, *saved_policies()]
    return st.selectbox(
        label,
        names,
        index=names.index(first) if first in names else 0,
        key=key,
        bind="query-params",
        format_func=lambda name: name if name in POLICIES else f"{name} (custom)",
    )


def policy_of_training(dataset: "ImageDataset | None") -> str:
    """The policy that training would take on this data, all left open; for a photo of one's own, `basic`."""
    if dataset is None:
        return "basic"
    try:
        chosen = api.defaults(make({"data": dataset.name}), dataset=dataset).recipe.augmentation
    except InputError:  # data that nothing can be trained on
        return "basic"
    return chosen if isinstance(chosen, str) else "basic"


def edit_policy(name: str) -> Policy:
    """The named policy as its widgets now say: every step with its parameters, in order."""
    for edited in (_EDITED, _STEPS, _LAST_UID):  # the sliders' keys hold the steps' identities
        kept(edited.key)
    if _EDITED.get() != name:
        with refusals():
            named = policies.policy(name)
        _EDITED.set(name)
        _STEPS.set([(_new_uid(), step.as_dict()) for step in named.steps])
    steps = [_edit_step(uid, values, place) for place, (uid, values) in enumerate(_steps())]
    _add_step()
    try:
        return Policy(name, policies.policy(steps).steps)
    except InputError as error:
        with refusals(stop=False):
            raise error
        st.caption("The preview shows the steps before it.")
        return Policy(name, policies.policy([step for step in steps if step["step"] != "erasing"]).steps)


def _steps() -> list[EditedStep]:
    return _STEPS.get() or []


def _new_uid() -> int:
    uid = (_LAST_UID.get() or 0) + 1
    _LAST_UID.set(uid)
    return uid


def _edit_step(uid: int, values: Mapping[str, StoredValue], place: int) -> dict[str, StoredValue]:
    kind = str(values["step"])
    count = len(_steps())
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(
                f"**{place + 1}. {kind.replace('-', ' ')}**",
                help=escape_markdown(KINDS[kind].help) + ".",
                width="stretch",
            )
            up, off = f"Move {kind} up", f"Remove {kind}"
            if count > 1 and st.button(
                "↑", key=f"up {uid}", help=up, type="tertiary", disabled=place == 0, on_click=_move, args=(place,)
            ):
                pass
            st.button("✕", key=f"off {uid}", help=off, type="tertiary", on_click=_remove, args=(place,))
        stored: dict[str, StoredValue] = {"step": kind}
        rules = KINDS[kind].rules
        if rules:
            row = st.grid(2, min_column_width=130)
            for name, rule in rules.items():
                with row.cell():
                    stored[name] = _parameter(f"{uid} {name}", name, rule, value=values.get(name, rule.default))
    _steps()[place] = (uid, stored)
    return stored


def _parameter(key: str, name: str, rule: Rule, *, value: StoredValue) -> StoredValue:
    label, words = name.replace("_", " ").capitalize(), f"{rule.help[:1].upper()}{rule.help[1:]}: {rule.allowed}."
    key = f"step {key}"
    if rule.kind == "choice":
        return st.selectbox(label, rule.choices, rule.choices.index(str(value)), **kept(key), help=words)
    step = 1.0 if rule.high >= 90 else 0.1 if rule.high > 4 else 0.05 if rule.high > 1 else 0.01
    low = rule.low + step if rule.above else rule.low
    shown = "%.0f" if step == 1 else "%.1f" if step == 0.1 else "%.2f"
    if isinstance(value, tuple | list):
        ends = (float(value[0]), float(value[1]))
        return list(st.slider(label, float(low), float(rule.high), ends, step, shown, **kept(key), help=words))
    if rule.kind == "whole":
        return st.slider(label, int(rule.low), int(rule.high), int(value), **kept(key), help=words)
    return st.slider(label, float(low), float(rule.high), float(value), step, shown, **kept(key), help=words)


def _move(place: int) -> None:
    steps = _steps()
    steps[place - 1], steps[place] = steps[place], steps[place - 1]


def _remove(place: int) -> None:
    del _steps()[place]


def _add_step() -> None:
    def add() -> None:
        kind = _ADDED.get()
        if kind:
            steps = _steps()
            # Erasing stands last: nothing may follow it.
            at = len(steps) - 1 if steps and steps[-1][1]["step"] == "erasing" and kind != "erasing" else len(steps)
            steps.insert(at, (_new_uid(), step(kind).as_dict()))
            _ADDED.set(None)  # the box is empty again

    st.selectbox(
        "Add a step",
        list(KINDS),
        index=None,
        key=_ADDED.key,
        placeholder="Add a step",
        label_visibility="collapsed",
        format_func=lambda kind: kind.replace("-", " "),
        on_change=add,
    )


def _paste() -> None:
    """Steps from a policy's JSON; what is wrong with it stands below the field."""

    def read() -> None:
        _PASTE_ERROR.forget()
        text = _PASTED.get() or ""
        if not text.strip():
            return
        try:
            steps = from_json(text).steps
        except InputError as error:
            _PASTE_ERROR.set(str(error))
        else:
            _STEPS.set([(_new_uid(), step.as_dict()) for step in steps])

    st.text_area(
        "Policy as JSON", key=_PASTED.key, height=160, on_change=read, placeholder='{"version": 1, "steps": […]}',
        help="Pasted steps replace those above.",
    )  # fmt: skip
    if words := _PASTE_ERROR.get():
        with refusals(stop=False):
            raise InputError(words)


def keep_policy(policy: Policy, preprocess: "Preprocess") -> None:
    """Save it under a name, use it in Train, copy it as JSON and as torchvision code, open another's JSON."""
    # Both remember that they are open: a pasted policy of other steps moves them, and they would close.
    with st.expander("Save, use in Train, copy, paste", on_change="rerun", key="keep policy"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name", key="policy name", placeholder="my-policy", max_chars=40)
            again = st.checkbox("Replace", key="policy replace", help="Overwrite a policy of that name.")
            save = st.button("Save", disabled=not name)
        if save:
            with refusals(stop=False):
                save_policy(policy, name, replace=again)
                _SAVED.set(name)
        if saved := _SAVED.get():
            st.caption(
                f"Saved as {escape_markdown(saved)}; it is now in the list of policies here and on the Train page."
            )
        unchanged = policy.name in (*POLICIES, *saved_policies()) and (
            policies.policy(policy.name).steps == policy.steps
        )
        usable = saved or (policy.name if unchanged else None)
        if (
            st.button(
                f"Use {usable} in Train" if usable else "Use in Train", disabled=usable is None, help="Save it first."
            )
            and usable
        ):
            AUGMENTATION.set(usable)
            go_to("pages/train/page.py")
        json, code, paste = st.tabs(["JSON", "torchvision", "Paste"], on_change="rerun", key="policy as")
        with paste:
            _paste()
        json.code(policy.as_json(), language="json")
        code.code(
            torchvision_code(
                policy,
                size=preprocess.size,
                stored_side=preprocess.stored_side,
                mean=preprocess.mean,
                deviation=preprocess.deviation,
            ),
            language="python",
        )


def warn_of_labels(policy: Policy, classes: tuple[str, ...]) -> None:
    """Where a step can change a class into another; what the user says is safe is left out."""
    doubtful = changes(policy)
    if not doubtful or not warning(policy, classes=classes):
        return
    safe = st.multiselect(
        "Label-preserving transforms",
        doubtful,
        **kept(LABEL_PRESERVING.key),
        format_func=lambda change: change.replace("-", " "),
        help="Confirm the changes that keep the class of your images, such as a mirrored or rotated image.",
    )
    message = warning(policy, classes=classes, safe=safe)
    if message:
        st.warning(escape_markdown(message[:1].upper() + message[1:]) + ".", icon=":material/warning:")
