"""What a pretrained network recognizes in the photos of the tab, at once, and the ways to look closer."""

import streamlit as st

from clfcore.photos import Photo
from ui.cards import square, top_bars
from ui.entry import wait_for_networks
from ui.formatting import count, shorten
from ui.loaders import photo_prediction
from ui.messages import escape_markdown, refusals
from ui.photos.tab import tab_photos
from ui.photos.unlike import unlike_html, unlike_of
from ui.pickers import load_classifier

NETWORK = "efficientnet_lite0"
SHOWN = 4
GO = ":material/arrow_forward:"


def first_answers() -> None:
    """The first photos with their likeliest classes; nothing where there is no photo."""
    photos = tab_photos()
    if not photos:
        return
    st.subheader("Predictions", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link("pages/predict/page.py", label="Predict: where it looked, other classifiers", icon=GO)
        st.page_link("pages/explain/page.py", label="Explain: maps by many methods", icon=GO)
    wait_for_networks()
    row = st.grid(2, min_column_width=400)
    for photo in photos[:SHOWN]:
        with row.cell():
            _answer(photo)
    if len(photos) > SHOWN:
        st.caption(f"{count(len(photos) - SHOWN)} more on Predict.")
    st.caption(f"By {NETWORK}, which knows the 1,000 ImageNet classes and nothing else: train your own for yours.")


def _answer(photo: Photo) -> None:
    st.markdown(f"**{escape_markdown(shorten(photo.name, 48))}**")
    place = st.empty()
    with refusals(stop=False):
        load_classifier(NETWORK, place)
        answer = photo_prediction(NETWORK, photo)
        seen = square(answer.square, f"{photo.name} as {NETWORK} sees it")
        before = unlike_html(unlike_of(photo, NETWORK))
        place.html(f'<div class="clf-verdict">{before}<div class="clf-first">{seen}</div>{top_bars(answer.top)}</div>')
        if answer.seen is not None and answer.seen.sentence:
            st.caption(answer.seen.sentence)
