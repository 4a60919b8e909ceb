"""Where each of several runs looked at one picture on which they differ."""

from collections.abc import Sequence

import streamlit as st

from clfcore.errors import InputError
from clfcore.runs.folder import open_run
from pages.compare.selection import Side
from pages.explain.map_loaders import MapRequest, OverlayStyle, overlaid_map
from pages.explain.question import photo_of
from ui.cards import Card, cards
from ui.loaders import Photo, run_dataset
from ui.messages import refusals
from ui.pickers import answer_of

CHOICE = 24


def maps_of_disagreement(sides: Sequence[Side], items: Sequence[str]) -> None:
    """One of the pictures, chosen by name: Grad-CAM of each run for what it says, beside what that is."""
    item = st.selectbox(
        "Where did each run look", list(items)[:CHOICE], None, key="looked at", placeholder="Choose a picture",
        help="Grad-CAM of each run, for its own likeliest class (Selvaraju and others, 2017). It shows where, not why.",
    )  # fmt: skip
    if item is None:
        return
    with refusals(stop=False), st.spinner("Looking where they looked"):
        photo, truth = _photo(str(sides[0].run.path), item)
        shown = []
        for side in sides:
            label, probability = answer_of(side.run.id, photo).top[0]
            found = overlaid_map(MapRequest(side.run.id, photo, "gradcam"), OverlayStyle())
            above = side.name if found.evidence else f"{side.name}: no positive evidence"
            right = None if ";" in truth else label == truth.split(" / ")[-1]
            name = f"Grad-CAM of {side.name} for {label}; truth: {truth}"
            shown.append(Card(found.picture, name, above, label, right, probability))
        cards(shown, side=180)
        where = {"model": [side.run.id for side in sides[:4]]}
        st.page_link("pages/explain/page.py", label="Explain these runs by more methods", query_params=where)


@st.cache_data(show_spinner=False, max_entries=64)
def _photo(path: str, item: str) -> tuple[Photo, str]:
    """An item of a dataset as a photo, and its truth. Raises InputError where it is gone."""
    dataset = run_dataset(open_run(path))
    if item not in dataset.ids:
        raise InputError(f"{item} is no longer in the data: choose another picture")
    index = dataset.ids.index(item)
    return photo_of(dataset, index, dataset.label(index)), dataset.label(index)
