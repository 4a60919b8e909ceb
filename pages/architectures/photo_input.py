"""Which weights a picture is sent through, and which picture: a sample that suits them, or an upload."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.architectures.catalogue import weights_at_hand
from clfcore.photos import Photo
from clfcore.runs.index import finished_runs
from ui.photos.samples import samples_for
from ui.photos.tab import KINDS
from ui.pickers import listed_name

if TYPE_CHECKING:
    from clfcore.architectures.catalogue import Architecture
    from pages.architectures.network import NetworkChoice


def choose_weights_and_photo(row: "Architecture", choice: "NetworkChoice", *, key: str) -> tuple[str, Photo]:
    """The classifier's name (empty: random weights), and the picture that is sent through it."""
    names = {"": "random weights"}
    if weights_at_hand(row.name) and not choice.options:
        names = {row.name: "ImageNet weights", **names}
    names |= {
        entry.id: listed_name(entry)
        for entry in finished_runs()
        if entry.config is not None and entry.config.architecture == row.name
    }
    left, right = st.columns([3, 2], gap="medium")
    with right:
        upload = st.file_uploader("Upload an image", KINDS, key=f"{key} image", max_upload_size=64)
    with left:
        model = st.selectbox("Weights", list(names), format_func=names.__getitem__, key=f"{key} of {row.name}")
        offered = samples_for([model or row.name], channels=None if model else choice.channels)
        sample = st.segmented_control(
            "Sample",
            list(offered),
            format_func=lambda name: offered[name].title,
            default=next(iter(offered)),
            required=True,
            key=f"{key} sample {model or row.name} {choice.channels}",
        )
    photo = Photo(upload.name, upload.getvalue()) if upload else offered[sample].photo
    if not model:
        st.caption(
            "Untrained: these weights are random, and nothing here was learned. Train the network, or download its "
            "weights, to see what it learns."
        )
    return model, photo
