"""The dialog of one picture: full size, truth and predictions, map, neighbors, and the ways on from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from shlex import quote
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.item import ItemRecord
from clfcore.data.library.specs import address_spec
from clfcore.errors import Failure, InputError
from ui.cards import bars, top_bars
from ui.closeup.neighbors import neighbors
from ui.closeup.sources import Entry, RunPictures, Source, classes_of, place_of
from ui.closeup.stage import stage, still
from ui.data_picker import open_data
from ui.formatting import count, shorten
from ui.messages import complain, refusals
from ui.session import SessionValue, go_to

if TYPE_CHECKING:
    from clfcore.evaluation.item_classes import ItemClass

PLACE = SessionValue[int]("closeup place")  # in the list that is open
LIKE = "like"  # in the address of the Data page: the item whose similar images are searched
SEARCH = "Search by picture"  # the Data page's tab that does


@dataclass(frozen=True, eq=False)
class PictureList:
    """The pictures to go through, in order, and what they are items of; None: of nothing."""

    entries: Sequence[Entry]
    source: Source | None = None


Opened = Callable[[PictureList, int], None]


def show(pictures: PictureList, *, opened: Opened, closed: Callable[[], None]) -> None:
    """Open the dialog at PLACE of the list. opened: called with each picture that is shown."""
    st.dialog("Picture", width="large", on_dismiss=closed)(_content)(pictures, opened)


def _content(pictures: PictureList, opened: Opened) -> None:
    place = min(max(PLACE.get() or 0, 0), len(pictures.entries) - 1)
    opened(pictures, place)
    entry = pictures.entries[place]
    _heading(entry, place, len(pictures.entries))
    if pictures.source is None:
        _as_it_is(entry)
    else:
        _item(pictures.source, entry)


def _heading(entry: Entry, place: int, of: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        name = st.container(width="stretch")
        st.caption(f"{place + 1:,} of {count(of)}", width="content")
        st.button(
            "Previous", key="closeup previous", shortcut="Left", disabled=place == 0, on_click=_go, args=(place - 1,)
        )
        st.button(
            "Next", key="closeup next", shortcut="Right", disabled=place == of - 1, on_click=_go, args=(place + 1,)
        )
    # After the buttons: who sees the next name has keys that go on from there.
    name.html(f'<p class="clf-title" title="{escape(entry.item)}">{escape(shorten(entry.item, 80))}</p>')


def _go(place: int) -> None:
    PLACE.set(place)


def _as_it_is(entry: Entry) -> None:
    """A picture that is no item: what its card says, enlarged."""
    card = entry.card
    if card is None:
        return
    still(card.picture, card.name, st.empty())
    if card.truth:
        st.html(f'<p class="clf-title">{escape(card.truth)}</p>')
    if card.predicted:
        bars([(card.predicted, card.probability or 0.0)])


def _item(source: Source, entry: Entry) -> None:
    left, right = st.columns([3, 2], gap="medium")
    record: ItemRecord | None = None
    classes: tuple[ItemClass, ...] = ()
    with right:
        facts = st.empty()
        answers = st.container()
        ways = st.container()
    with left:
        picture = st.container()
    try:
        place, record = place_of(source, entry.item)
        truth = record.truth if record else ""
        if isinstance(source, RunPictures):
            with refusals(stop=False):
                classes, anew = classes_of(source, entry.item)
                with answers:
                    _predictions(classes, anew=anew)
        truth = truth or "; ".join(one.label for one in classes if one.true)
        facts.html(_facts(place.text, truth, entry.note))
    except (InputError, Failure) as error:
        with answers:
            complain(str(error))
    with ways:
        _ways(source, entry.item, record)
    with picture:
        stage(source, entry, record, classes=classes)
    if record is not None:
        neighbors(source, record)
        if isinstance(source, RunPictures):
            _as_command(source, record)


def _as_command(source: RunPictures, record: ItemRecord) -> None:
    level = f" --level {quote(source.level)}" if source.level else ""
    with st.expander("As a command"):
        st.code(
            f"clflab inspect {quote(source.run.id)} {quote(record.id)}{level} --out map.png",
            language="bash",
            wrap_lines=True,
        )


def _facts(place: str, truth: str, note: str) -> str:
    rows = [("Place", place), ("Truth", truth), ("Note", note)]
    body = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)
    return f'<dl class="clf-facts">{body}</dl>'


def _predictions(classes: "Sequence[ItemClass]", *, anew: bool) -> None:
    rows = [(_marked(one), one.probability) for one in classes]
    title = "Predicted now: the run stores no prediction of it" if anew else "Predicted"
    st.html(f'<div class="clf-verdict">{top_bars(rows, title)}</div>')


def _marked(item_class: "ItemClass") -> str:
    mark = {(True, True): " ✓ right", (True, False): " ✗ wrong", (False, True): " (true)"}.get(
        (item_class.predicted, item_class.true), ""
    )
    return f"{item_class.label}{mark}"


def _ways(source: Source, item: str, record: ItemRecord | None) -> None:
    """Its path to copy, and the pages that go on with it."""
    if record is not None and record.path is not None:
        st.code(str(record.path), language=None, wrap_lines=True)
    elif record is not None:
        st.caption("The data is an array in memory: this picture has no file.")
    if record is None:
        return
    spec = source.run.config.data if isinstance(source, RunPictures) else source.spec
    named = address_spec(spec)  # data without a name is what the box of this session holds
    data = {"item": item} if named is None else {"data": named, "item": item}
    explain = {"pictures of": "A dataset", **data}
    if isinstance(source, RunPictures):
        explain = {"pictures of": "A run's errors", "run": source.run.id, "model": source.run.id, "item": item}
    with st.container(horizontal=True):
        if st.button("Open in Explain", key="closeup explain"):
            go_to("pages/explain/page.py", explain)
        if st.button("Find similar images", key="closeup similar"):
            open_data(spec)
            go_to("pages/data/page.py", {key: value for key, value in data.items() if key == "data"} | {LIKE: item})
        if isinstance(source, RunPictures) and st.button("Open in Data", key="closeup data"):
            open_data(spec)
            go_to("pages/data/page.py", data)
