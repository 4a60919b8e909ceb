"""Cards that open: a grid of pictures, each a button that opens it to full size, among exactly this list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

import streamlit as st

from ui.cards import Card, card_grid
from ui.closeup.dialog import PLACE, PictureList, show
from ui.closeup.sources import Entry, Source, entries_of
from ui.session import SessionValue

ADDRESS = "item"  # the opened picture's id in the address

# Cards are HTML, which Streamlit cannot click: this listens to a grid's buttons, and says which was pressed.
_LISTENER = """
export default function({ data, setTriggerValue }) {
  const press = (event) => {
    const button = event.target.closest?.("button[data-at]");
    const grid = button?.closest("[data-grid]");
    if (grid?.dataset.grid === data.grid) setTriggerValue("opened", Number(button.dataset.at));
  };
  document.addEventListener("click", press);
  return () => document.removeEventListener("click", press);
}
"""


@dataclass(frozen=True)
class Opened:
    """The picture that is open: of which page and grid, and its id."""

    page: str
    grid: str
    item: str


OPENED = SessionValue[Opened]("closeup opened")


def open_cards(
    shown: Sequence[Card],
    *,
    key: str,
    side: int = 150,
    source: Source | None = None,
    entries: Sequence[Entry] | None = None,
    first: int = 0,
) -> None:
    """A grid of cards, each of which opens.

    source: what the pictures are items of; None: they are no items, and open as they are. entries: the whole list,
    where the grid is one page of it, and `first` the place of its first card there; None: the cards themselves.
    """
    listed = tuple(entries) if entries is not None else entries_of(shown)
    st.fragment(_grid)(tuple(shown), key, PictureList(listed, source), side=side, first=first)


T = TypeVar("T")
A_PAGE = 24  # cards


def open_pages(
    items: Sequence[T],
    *,
    key: str,
    card: Callable[[Sequence[T]], Sequence[Card]],
    entry: Callable[[T], Entry],
    source: Source,
    side: int = 112,
) -> None:
    """A long list a page at a time; what opens goes on through all of it. card: the cards of a page of the list."""
    pages = -(-len(items) // A_PAGE)
    page = min(pages, st.pagination(pages, key=f"page {key}")) if pages > 1 else 1
    first = (page - 1) * A_PAGE
    shown = card(items[first : first + A_PAGE])
    open_cards(shown, key=key, side=side, source=source, entries=[entry(one) for one in items], first=first)


def _grid(shown: tuple[Card, ...], key: str, pictures: PictureList, *, side: int, first: int) -> None:
    with st.container(gap=None):
        card_grid(shown, side=side, grid=key)
        listener = st.components.v2.component("clf_open", js=_LISTENER)
        pressed = listener(key=f"open {key}", data={"grid": key}, on_opened_change=lambda: None).opened
    if isinstance(pressed, int | float) and 0 <= pressed < len(shown):
        PLACE.set(first + int(pressed))
    elif pictures.source is None or not _is_linked(key, pictures):
        return
    show(pictures, opened=partial(_moved, key), closed=_closed)


def _is_linked(key: str, pictures: PictureList) -> bool:
    """Whether the address names a picture of this list, and no other grid of the page has opened it."""
    item, before = st.query_params.get(ADDRESS), OPENED.get()
    if not item:
        return False
    if before is not None and before.page == _page() and before.item == item:
        return before.grid == key  # open already: where it is in the list, the dialog knows
    place = next((i for i, entry in enumerate(pictures.entries) if entry.item == item), None)
    if place is not None:
        PLACE.set(place)
    return place is not None


def linked_item() -> str | None:
    """The item that a link to this page names, until its picture is open."""
    item, before = st.query_params.get(ADDRESS), OPENED.get()
    return None if before is not None and before.page == _page() and before.item == item else item or None


def _moved(grid: str, pictures: PictureList, place: int) -> None:
    """A picture of the list is looked at: the address follows."""
    item = pictures.entries[place].item
    OPENED.set(Opened(_page(), grid, item))
    if pictures.source is not None and st.query_params.get(ADDRESS) != item:
        st.query_params[ADDRESS] = item


def _closed() -> None:
    OPENED.forget()
    st.query_params.pop(ADDRESS, None)


def _page() -> str:
    return urlsplit(st.context.url or "").path
