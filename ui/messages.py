"""What a page says when something is missing or wrong, and its headline numbers."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import streamlit as st

from clfcore.errors import Failure, InputError
from ui.session import go_to


@contextlib.contextmanager
def refusals(*, stop: bool = True) -> Iterator[None]:
    """An InputError or Failure inside becomes one red line here, beside its cause; then the page stops, or goes on."""
    try:
        yield
    except (InputError, Failure) as error:
        complain(str(error))
        if stop:
            st.stop()


def complain(sentence: str) -> None:
    """One red line."""
    st.error(escape_markdown(sentence), icon=":material/error:")


def escape_markdown(text: str) -> str:
    """Text of others (names, paths) that Markdown shall show as it is."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()<>#+!|$~:" else sign for sign in text)


def empty(sentence: str, action: str, page: str) -> None:
    """What belongs here, and the one click that fills it; the page stops."""
    with st.container(border=True):
        st.write(sentence)
        if st.button(action, type="primary"):
            go_to(page)
    st.stop()


@dataclass(frozen=True)
class Number:
    """A headline number: its label, the value in words, what it is of, and the help bubble of a term."""

    label: str
    value: str
    of: str = ""
    help: str | None = None


def metric_row(numbers: Sequence[Number], *, least: int = 110) -> None:
    """Headline numbers side by side, each at least so many pixels wide; narrow windows stack them."""
    row = st.grid(len(numbers), min_column_width=least)
    for number in numbers:
        with row.cell(), st.container(gap=None):
            st.metric(number.label, number.value, help=number.help)
            if number.of:
                st.caption(number.of)
