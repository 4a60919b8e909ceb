"""Where did a network look, and can the map be believed?"""

import streamlit as st

import ui

st.title("Where did it look, and can the map be believed?")
st.caption("Maps of the places that speak for a class, by several methods and models side by side, and their checks.")

left, right = st.columns([13, 7], gap="medium")
with left, ui.refusals():
    photos = ui.choose_pictures()
with right, ui.refusals():
    models = ui.choose_models()

answer = st.container()  # filled last, so that long work in it hides nothing below
ui.can_and_cannot()
with answer:
    if not photos:
        st.write("No picture yet: click one of the samples, drop in your own, or take one of a dataset.")
        st.stop()
    if not models:
        st.write("No classifier is chosen: efficientnet_lite0 knows 1,000 classes and needs no download.")
        st.stop()
    ui.wait_for_networks()
    with ui.refusals():
        methods, wanted, look, layers = ui.choose_question(models)
    names = ["Methods", "Layer by layer", "Remove and add pixels", "Examples", "Can they be believed?"]
    maps, stages, removed, examples, believed = st.tabs(names, key="maps view", on_change="rerun", bind="query-params")
    if maps.open:
        with maps, ui.refusals(stop=False):
            ui.maps_view(photos, models, methods, wanted, layers=layers, look=look)
    if stages.open:
        with stages, ui.refusals(stop=False):
            ui.layers_view(photos, models, wanted, look=look)
    if removed.open:
        with removed, ui.refusals(stop=False):
            ui.removed_view(photos, models, methods, wanted, layers=layers)
    if examples.open:
        with examples, ui.refusals(stop=False):
            ui.examples_view(photos, models)
    if believed.open:
        with believed, ui.refusals(stop=False):
            ui.check_view(models)
