"""The photos that the tab holds, as thumbnails that a click removes."""

import io

import streamlit as st

from clfcore.data.bit_depth import shown
from clfcore.data.pixels import read_image
from clfcore.errors import InputError
from clfcore.photos import MOST_PHOTOS, Photo
from ui.cards import THUMBNAIL, Picture, picture
from ui.formatting import count, shorten
from ui.messages import complain, escape_markdown
from ui.photos.tab import REFUSED_PHOTOS, hold, tab_photos

LISTED = 12  # photos with a thumbnail and a button of their own


def show_held() -> None:
    """The photos of the tab, each with a thumbnail and a click that removes it; and what was refused."""
    if refused := REFUSED_PHOTOS.get():  # until more is brought or something removed
        complain(refused)
    photos = tab_photos()
    if not photos:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="held"):
        for i, photo in enumerate(photos[:LISTED]):
            small = thumbnail(photo)
            name = escape_markdown(shorten(photo.name, 24))
            label = f"![]({small.source}) {name} :material/close:" if small else f"{name} :material/close:"
            tip = f"Remove {escape_markdown(photo.name)}"
            st.button(label, key=f"held {i}", help=tip, on_click=_remove, args=(photo,))
        if len(photos) > LISTED:
            st.caption(f"and {count(len(photos) - LISTED)} more", width="content")
        if len(photos) > 1:
            st.button("Remove all", key="held none", type="tertiary", on_click=hold, args=((),))


def _remove(photo: Photo) -> None:
    REFUSED_PHOTOS.forget()
    hold([held for held in tab_photos() if held != photo])


@st.cache_data(show_spinner=False, max_entries=2 * MOST_PHOTOS)
def thumbnail(photo: Photo) -> Picture | None:
    """A photo's thumbnail; None where it cannot be read."""
    file = io.BytesIO(photo.data)
    file.name = photo.name
    try:
        pixels = read_image(file, least_side=THUMBNAIL // 2)
        return picture(shown(pixels, None), side=THUMBNAIL // 2)
    except InputError:
        return None
