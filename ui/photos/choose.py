"""Choosing photos on a page: the tab's own, from a file or the camera, or a sample that suits the classifiers."""

from collections.abc import Sequence

import streamlit as st

from clfcore.photos import Photo
from ui.formatting import shorten
from ui.messages import escape_markdown
from ui.photos.held import show_held
from ui.photos.samples import ShownSample, photographs, samples_for
from ui.photos.tab import PRIVATE, SAMPLE, address_is_behind, camera, tab_photos, take_uploaded, uploader_key
from ui.session import in_address, take_address


def choose_photos(models: Sequence[str]) -> list[Photo]:
    """The sample in the address, then the photos of the tab; samples that suit the classifiers, and the uploader."""
    if address_is_behind():
        st.rerun()
    key = uploader_key("photo files")
    st.file_uploader(
        "Photos",
        accept_multiple_files=True,
        max_upload_size=64,
        key=key,
        help=PRIVATE,
        on_change=take_uploaded,
        args=(key,),
    )
    show_held()
    offered = samples_for(models)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        _choose_sample(offered)
        camera()
    take_address(SAMPLE.key, SAMPLE)  # goes along to the other pages that ask for photos
    in_address(SAMPLE.key).set(st.query_params.get_all(SAMPLE.key))
    name = SAMPLE.get() or ""
    chosen = offered.get(name) or photographs().get(name)
    return [*([chosen.photo] if chosen else []), *tab_photos()]


def _choose_sample(offered: "dict[str, ShownSample]") -> None:
    for name, sample in offered.items():
        title = escape_markdown(shorten(sample.title, 20))
        if st.button(f"![{title}]({sample.small.source}) {title}", key=f"sample {name}"):
            st.query_params["sample"] = name
