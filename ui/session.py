"""Navigation between pages, and the typed values of the session that one page leaves for another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

import streamlit as st


def go_to(page: str, address: Mapping[str, str] | None = None) -> NoReturn:
    """Open a page, as `pages/train/page.py`, with this address and nothing of the one before. Ends the script.

    Always with an address, be it empty: Streamlit refuses to clear one that a widget is bound to, and only a page whose
    every choice is the default has none. (Seen in 1.67: st.switch_page without query_params.)
    """
    st.switch_page(page, query_params=dict(address or {}))


T = TypeVar("T")


@dataclass(frozen=True)
class SessionValue(Generic[T]):
    """A value of st.session_state under its key; a widget of that key shows it."""

    key: str

    def get(self) -> T | None:
        value: T | None = st.session_state.get(self.key)
        return value

    def set(self, value: T) -> None:
        st.session_state[self.key] = value

    def take(self) -> T | None:
        """The value, removed from the session."""
        value: T | None = st.session_state.pop(self.key, None)
        return value


@dataclass(frozen=True)
class InitialRun:
    """The run whose weights the next one starts from."""

    path: str
    architecture: str
    name: str


DATA = SessionValue[str]("data")
RECENT_DATA = SessionValue[list[str]]("data brought")
ARCHITECTURE = SessionValue[str]("architecture")
NEXT_ARCHITECTURE = SessionValue[str]("next architecture")  # a widget's own key cannot be set once it is drawn
INITIAL_RUN = SessionValue[InitialRun]("trained further")
LABEL_PRESERVING = SessionValue[list[str]]("policy safe")
AUGMENTATION = SessionValue[str]("field recipe.augmentation")
LEARNING_RATE = SessionValue[float]("field recipe.learning_rate")
MIXUP = SessionValue[float]("field recipe.mixup")
CUTMIX = SessionValue[float]("field recipe.cutmix")
CALIBRATED = SessionValue[bool]("calibrated")
AVERAGED_VIEWS = SessionValue[str]("views averaged")
