"""The picture itself, large: as it is, under its saliency map, or pixel by pixel."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Literal

import streamlit as st

from clfcore.data.image_file import image_size
from clfcore.data.item import ItemRecord
from clfcore.explain.whole_picture import overlay_whole
from ui.cards import Picture, picture
from ui.closeup.loaders import LARGEST, item_pixels, map_of_item, networks_loaded
from ui.closeup.sources import Entry, RunPictures, Source
from ui.formatting import shorten
from ui.jobs import result_in_fragment
from ui.loaders import classifier
from ui.messages import complain, escape_markdown, refusals
from ui.session import SessionValue

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from clfcore.evaluation.item_classes import ItemClass

PLAIN, MAP, ACTUAL = "picture", "map", "actual"
TOGGLES = {MAP: ("Show the map", "Hide the map", "m"), ACTUAL: ("Actual pixels", "Whole picture", "p")}
LARGE = 700  # pixels of the longer side from which a picture is shrunk to be seen whole
MOST = 4096  # pixels of the longer side that are sent at a picture's own size
MAP_SIDE = 1024  # pixels of the longer side under a map
CRISP = 300  # pixels below which a picture under a map is sent without loss
MAPS = 4  # classes that a map is offered for
VIEW = SessionValue[str]("closeup view")


@st.fragment
def stage(source: Source, entry: Entry, record: ItemRecord | None, *, classes: "Sequence[ItemClass]") -> None:
    """One item large, and the choice of how it is seen; a red line where it cannot be."""
    if record is None:
        complain(f"{entry.item} is no longer in the data: its file was removed, renamed or is unreadable")
        return
    with refusals(stop=False):
        width, height = _size(source, record)
        views = [PLAIN]
        if isinstance(source, RunPictures) and classes:
            views.append(MAP)
        if max(width, height) > LARGE:
            views.append(ACTUAL)
        view = _choose(views)
        place = st.empty()  # one picture at a time: what comes replaces what was there
        if view == MAP and isinstance(source, RunPictures):
            _map(place, source, record, classes=classes, about=entry.about)
            return
        side = MOST if view == ACTUAL else LARGEST
        still(picture(item_pixels(source, record, side=side), side=side), entry.item, place, actual=view == ACTUAL)
        st.caption(f"{width:,} × {height:,} pixels")


def still(shown: Picture, alt: str, place: "DeltaGenerator", *, actual: bool = False) -> None:
    """A picture as large as there is room, or at its own size within a frame that scrolls."""
    kind = "clf-stage clf-actual" if actual else "clf-stage"
    sharp = ' class="clf-sharp"' if shown.sharp else ""
    place.html(f'<figure class="{kind}" tabindex="0"><img{sharp} src="{shown.source}" alt="{escape(alt)}"></figure>')


def _choose(views: list[str]) -> str:
    """Buttons, each with its key: a segmented control would take the arrow keys that go to the next picture."""
    before = VIEW.get() or PLAIN
    view = before if before in views else PLAIN
    with st.container(horizontal=True, height=44, border=False):
        for other, (off, on, shortcut) in TOGGLES.items():
            if other in views:
                active = view == other
                goal = PLAIN if active else other
                st.button(
                    on if active else off, key=f"closeup {other}", shortcut=shortcut, on_click=VIEW.set, args=(goal,)
                )
    return view


def _map(
    place: "DeltaGenerator",
    source: RunPictures,
    record: ItemRecord,
    *,
    classes: "Sequence[ItemClass]",
    about: tuple[str, ...],
) -> None:
    """The map of a class over the whole picture; below it the classes to choose from, and what to read with it."""
    pixels = item_pixels(source, record, side=MAP_SIDE)
    ordered = sorted(classes, key=lambda one: (one.label not in about, not one.predicted, not one.true))
    offered = {one.label: one for one in ordered[:MAPS]}
    label = _choose_class(list(offered), record.id)
    if not networks_loaded().result:
        still(picture(pixels, side=MAP_SIDE), record.id, place)
    if not result_in_fragment(networks_loaded(), "Loading PyTorch, once after each start of the lab", key="map"):
        return
    path = str(source.run.path)
    model = classifier(path)
    levels = [level.name for level in model.task.levels]
    level = levels.index(source.level) if source.level in levels else -1
    column = model.task.slices[level].start + offered[label].index
    saliency = map_of_item(path, record.id, column=column, _dataset=source.dataset, index=record.index)
    overlay = overlay_whole(pixels, model.preprocess, saliency)
    shown = picture(overlay, side=MAP_SIDE, lossless=max(overlay.shape[:2]) < CRISP)
    still(shown, f"{record.id}: where the run looked for {label}", place)
    what = "Grad-CAM: how much each region supports the class. It shows where, not why."
    framed = model.preprocess.fit == "crop" and (
        pixels.shape[0] != pixels.shape[1] or model.preprocess.crop_fraction < 1
    )
    words = what if saliency.evidence else f"No evidence for {escape_markdown(label)}."
    st.caption(f"{words} The network sees what is in the frame." if framed else words)


def _choose_class(names: list[str], item: str) -> str:
    """The class that the map is for, a button each; the first until another is chosen for this item."""
    chosen = SessionValue[str](f"closeup map {item}")
    label = chosen.get()
    label = label if label in names else names[0]
    with st.container(horizontal=True):
        for name in names:
            kind: Literal["primary", "secondary"] = "primary" if name == label else "secondary"
            words = escape_markdown(shorten(name, 24))
            st.button(words, key=f"closeup map {name}", type=kind, on_click=chosen.set, args=(name,))
    return label


def _size(source: Source, record: ItemRecord) -> tuple[int, int]:
    if record.path is not None:
        return image_size(record.path)
    pixels = source.dataset.image(record.index)
    return pixels.shape[1], pixels.shape[0]
