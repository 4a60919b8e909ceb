"""Where did a network look, and can the map be believed?"""

import streamlit as st

from pages.explain.examples import examples_view
from pages.explain.faithfulness import can_and_cannot, check_view, removed_view
from pages.explain.layers import layers_view
from pages.explain.maps import maps_view
from pages.explain.question import choose_pictures, choose_question
from ui.entry import wait_for_networks
from ui.messages import refusals
from ui.pickers import choose_models

st.title("Where did it look, and can the map be believed?")
st.caption("Maps of the places that speak for a class, by several methods and models side by side, and their checks.")

left, right = st.columns([13, 7], gap="medium")
with left, refusals():
    photos = choose_pictures()
with right, refusals():
    models = choose_models()

answer = st.container()  # filled last, so that long work in it hides nothing below
can_and_cannot()
with answer:
    if not photos:
        st.write("No picture yet: click one of the samples, drop in your own, or take one of a dataset.")
        st.stop()
    if not models:
        st.write("No classifier is chosen: efficientnet_lite0 knows 1,000 classes and needs no download.")
        st.stop()
    wait_for_networks()
    with refusals():
        methods, wanted, look, layers = choose_question(models)
    names = ["Methods", "Layer by layer", "Remove and add pixels", "Examples", "Can they be believed?"]
    maps, stages, removed, examples, believed = st.tabs(names, key="maps view", on_change="rerun", bind="query-params")
    if maps.open:
        with maps, refusals(stop=False):
            maps_view(photos, models, methods, wanted, layers=layers, look=look)
    if stages.open:
        with stages, refusals(stop=False):
            layers_view(photos, models, wanted, look=look)
    if removed.open:
        with removed, refusals(stop=False):
            removed_view(photos, models, methods, wanted, layers=layers)
    if examples.open:
        with examples, refusals(stop=False):
            examples_view(photos, models)
    if believed.open:
        with believed, refusals(stop=False):
            check_view(models)
