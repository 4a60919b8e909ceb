"""Explain: where a network looked, and whether the map can be trusted."""

import streamlit as st

from pages.explain.examples import examples_view
from pages.explain.faithfulness import can_and_cannot, deletion_insertion_view, faithfulness_view
from pages.explain.layers import layers_view
from pages.explain.maps import maps_view
from pages.explain.question import MOST, PHOTOS, choose_items, choose_question, choose_source
from ui.entry import wait_for_networks
from ui.messages import refusals
from ui.photos.choose import choose_photos
from ui.pickers import choose_models, tabs

st.title("Explain")
st.caption(
    "Where did it look, and can you trust the map? Saliency maps by several methods and models side by side, and tests "
    "of their faithfulness."
)

left, right = st.columns([13, 7], gap="medium")
with left, refusals():
    source = choose_source()
if source == PHOTOS:  # the samples suit the classifiers
    with right, refusals():
        models = choose_models()
    with left, refusals():
        photos = choose_photos(models)[:MOST]
else:  # a run's errors are explained by that run
    with left, refusals():
        photos = choose_items(source)
    with right, refusals():
        models = choose_models()

answer = st.container()  # filled last, so that long work in it hides nothing below
can_and_cannot()
with answer:
    if not photos:
        st.write("No image yet: click one of the samples, drop in your own, or choose one from a dataset.")
        st.stop()
    if not models:
        st.write("Choose a classifier: efficientnet_lite0 knows the 1,000 ImageNet classes and needs no download.")
        st.stop()
    wait_for_networks()
    with refusals():
        methods, target, style, layers = choose_question(models)
    tabs(
        {
            "Maps": lambda: maps_view(photos, models, methods=methods, target=target, layers=layers, look=style),
            "Layers": lambda: layers_view(photos, models, target, look=style),
            "Deletion and insertion": lambda: deletion_insertion_view(
                photos, models, methods=methods, target=target, layers=layers
            ),
            "Examples": lambda: examples_view(photos, models),
            "Faithfulness": lambda: faithfulness_view(models),
        },
        key="maps view",
        renamed={
            "Methods": "Maps",
            "Layer by layer": "Layers",
            "Remove and add pixels": "Deletion and insertion",
            "Can they be believed?": "Faithfulness",
        },
    )
