"""Navigation between pages, and session state under typed keys: nothing else reads or writes st.session_state.

A key whose value is a type of one page stands in that page's module, as a SessionValue too.
"""

import copy
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, NoReturn, TypedDict, TypeVar

import streamlit as st

if TYPE_CHECKING:
    from clfcore.augment.label_safety import Change


def go_to(page: str, address: Mapping[str, str | Sequence[str]] | None = None) -> NoReturn:
    """Open a page, as `pages/train/page.py`, with this address and nothing of the one before. Ends the script.

    Always with an address, be it empty: Streamlit refuses to clear one that a widget is bound to, and only a page whose
    every choice is the default has none. (Seen in 1.67: st.switch_page without query_params.)
    """
    in_address(DATA.key).set([])  # without data in its address, it keeps the session's
    st.switch_page(page, query_params=dict(address or {}))


def selected_rows(table: str) -> list[int]:
    """The rows that are selected in the table (st.dataframe) of this key."""
    rows: list[int] = st.session_state[table]["selection"]["rows"]
    return rows


def in_address(name: str) -> "SessionValue[list[str]]":
    """What a page last wrote into the address under `name`: anything else there came from a link or a reload."""
    return SessionValue(f"{name} in address")


T = TypeVar("T")


@dataclass(frozen=True)
class SessionValue(Generic[T]):
    """A value of st.session_state under its key; a widget of that key shows it."""

    key: str

    @property
    def exists(self) -> bool:
        """Whether it was set, be it to None."""
        return self.key in st.session_state

    def get(self) -> T | None:
        value: T | None = st.session_state.get(self.key)
        return value

    def set(self, value: T) -> None:
        st.session_state[self.key] = value

    def forget(self) -> None:
        """Remove the value from the session."""
        st.session_state.pop(self.key, None)

    def take(self) -> T | None:
        """The value, removed from the session."""
        value: T | None = st.session_state.pop(self.key, None)
        return value


class Kept(TypedDict):
    """Arguments of a widget whose value is kept."""

    key: str
    persist_state: Literal["session"]


@dataclass(frozen=True)
class TabState:
    """Widgets of a tab by key: what each showed first, and what those hold that were changed since."""

    first: dict[str, object] = field(default_factory=dict)
    changed: dict[str, object] = field(default_factory=dict)


MOST_TABS = 256
_UNKNOWN = object()  # what a widget showed first, where nothing could note it: its value is kept whatever it is
TAB = "tab"  # of the address: the token under which the tab's widgets are kept
TAB_TOKEN = SessionValue[str]("tab token")
_KEPT = SessionValue[set[str]]("widgets kept")
_FIRST = SessionValue[dict[str, object]]("widgets first")


def kept(key: str) -> Kept:
    """Of a widget that stands in no address: its key; its value outlives page changes and a reload of the tab."""
    _KEPT.set({*(_KEPT.get() or ()), key})
    return {"key": key, "persist_state": "session"}


class KeptInAddress(Kept):
    """Arguments of a widget whose value is kept and stands in the address."""

    bind: Literal["query-params"]


def kept_in_address(key: str) -> KeptInAddress:
    """Of a widget that stands in the address: Back leads to one without it, for Streamlit clears what a page wrote."""
    return {**kept(key), "bind": "query-params"}


@st.cache_resource
def _tabs() -> "OrderedDict[str, TabState]":
    return OrderedDict()


def restore_widgets() -> None:
    """At the start of a session: what its address says that a tab held. Copied: no other tab changes it."""
    if _FIRST.exists:
        return
    state = _tabs().get(st.query_params.get(TAB, ""), TabState())
    _FIRST.set(dict(state.first))
    for key, value in state.changed.items():
        if key not in st.query_params:  # a link says more
            SessionValue[object](key).set(copy.deepcopy(value))
    _KEPT.set(set(state.first))


def keep_widgets() -> bool:
    """Before a page or a fragment is drawn: keep what the person changed. True where the tab has its token anew."""
    first = _FIRST.get() or {}
    for key in _KEPT.get() or ():
        first.setdefault(key, _UNKNOWN)  # of a page that stopped early
    _FIRST.set(first)
    # What another page holds, or a hidden widget, Streamlit has put aside: it stays as it was last kept.
    changed = dict(_tabs().get(TAB_TOKEN.get() or "", TabState()).changed)
    changed |= {key: copy.deepcopy(value.get()) for key in first if (value := SessionValue[object](key)).exists}
    changed = {key: value for key, value in changed.items() if value != first[key]}
    anew = bool(changed) and not TAB_TOKEN.exists
    if anew:
        TAB_TOKEN.set(secrets.token_hex(12))
    if token := TAB_TOKEN.get():
        tabs = _tabs()
        tabs[token] = TabState(dict(first), changed)
        tabs.move_to_end(token)
        while len(tabs) > MOST_TABS:
            tabs.popitem(last=False)
    return anew


def note_widgets() -> None:
    """After a page or a fragment was drawn: what its widgets showed first. After st.stop, nothing can be read."""
    first = _FIRST.get() or {}
    for key in _KEPT.get() or ():
        value = SessionValue[object](key)
        if key not in first and value.exists:
            first[key] = copy.deepcopy(value.get())
    _FIRST.set(first)


@dataclass(frozen=True)
class InitialRun:
    """The run whose weights the next one starts from."""

    path: str
    architecture: str
    name: str


_PAGES = SessionValue[tuple[str, str]]("pages drawn")


def note_page(name: str) -> None:
    """Before a page is drawn: remember it, and the one that was drawn before."""
    _PAGES.set(((_PAGES.get() or ("", ""))[1], name))


def opened_anew() -> bool:
    """Whether the page was not the last one that was drawn before."""
    before, now = _PAGES.get() or ("", "")
    return before != now


def take_address(name: str, chosen: SessionValue[str]) -> None:
    """Before its widget: take over a choice that a link, a reload or Back brought; without one it is open again.

    A page that is opened anew without it in its address keeps the session's choice.
    """
    linked, written = st.query_params.get(name), in_address(name).get()
    if linked is not None and [linked] != written:
        chosen.set(linked)
    elif linked is None and written and not opened_anew():
        chosen.forget()


def write_address(name: str, chosen: str | None) -> None:
    """After its widget: write the choice into the address, or remove it where none was made."""
    words = [chosen] if chosen else []
    if st.query_params.get_all(name) != words:
        st.query_params[name] = words
    in_address(name).set(words)


@dataclass(frozen=True)
class FailedRun:
    """A run whose configuration is being changed: what it is called, and why it failed."""

    name: str
    message: str


FAILED_RUN = SessionValue[FailedRun]("failed run")
DATA = SessionValue[str]("data")
RECENT_DATA = SessionValue[list[str]]("data brought")
ARCHITECTURE = SessionValue[str]("architecture")
NEXT_ARCHITECTURE = SessionValue[str]("next architecture")  # a widget's own key cannot be set once it is drawn
INITIAL_RUN = SessionValue[InitialRun]("trained further")
LABEL_PRESERVING = SessionValue[list["Change"]]("policy safe")
PROCESSES = SessionValue[int]("processes")
STRATEGY = SessionValue[str]("strategy")
AUGMENTATION = SessionValue[str]("field recipe.augmentation")
LEARNING_RATE = SessionValue[float]("field recipe.learning_rate")
MIXUP = SessionValue[float]("field recipe.mixup")
CUTMIX = SessionValue[float]("field recipe.cutmix")
CALIBRATED = SessionValue[bool]("calibrated")
AVERAGED_VIEWS = SessionValue[str]("views averaged")
RECENT_CHOICE = SessionValue[str]("data recent")
FIGURE_FORMAT = SessionValue[str]("figure format")
STOP_BELOW_CONFIDENCE = SessionValue[float]("sure")
EXPLAINED_ERRORS_OF = SessionValue[str]("explain errors of")
PICTURE_RESIZING = SessionValue[str]("fit")
BATCH_SIZE_OF_MEMORY = SessionValue[int]("memory batch")
COMPARED_ARCHITECTURE = SessionValue[str]("beside")
AVERAGING_REQUESTED = SessionValue[tuple[str, str, str]]("views asked")
MAPS_CHECKED = SessionValue[tuple[str, int, bool]]("maps checked")
TRIAL_REQUESTED = SessionValue[str]("trial")
THRESHOLDS_MESSAGE = SessionValue[str]("thresholds message")
COMPARED_RUNS = SessionValue[list[str]]("runs")
MEASURED_RUNS = SessionValue[tuple[str, ...]]("measuring")
MEASUREMENT_ERRORS = SessionValue[dict[str, str]]("not measured")
SWEEP_OPEN = SessionValue[bool]("together")
SWEEP_QUEUED = SessionValue[bool]("together done")
