"""What does a network make of a picture, and where did it look?"""

import streamlit as st

from pages.predict.answers import answers_view, choose_certainty, predictions_csv
from ui.messages import refusals
from ui.pickers import choose_calibrated, choose_models, choose_photos, choose_views

st.title("What does a network make of it?")
st.caption(
    "Drop in photos, use the camera or click a sample: what the network says, the square it sees, and where it looked."
)

left, right = st.columns([13, 7], gap="medium")
with left:
    photos = choose_photos()
with right, refusals():
    models = choose_models()
    choose_certainty(models)
    choose_calibrated(models)
    choose_views()

if not photos:
    st.write("No photo yet: click one of the samples, or drop in your own.")
    st.stop()
if not models:
    st.write("No classifier is chosen: efficientnet_lite0 knows the 1,000 classes of ImageNet and needs no download.")
    st.stop()

PER_PAGE = 4
pages = -(-len(photos) // PER_PAGE)
page = st.pagination(pages, key="photos page") if pages > 1 else 1
for photo in photos[(page - 1) * PER_PAGE : page * PER_PAGE]:
    answers_view(photo, models)

st.caption(
    "The map is Grad-CAM: how much each part of the picture speaks for the first class; of a run with an attention "
    "head it is what that head weighed the places by. It shows where, not why.",
    help="Selvaraju and others, 2017: feature maps weighted by the mean gradient of the class, kept where positive. "
    "Coarse by nature: one cell of the map covers some 32 pixels.",
)
st.download_button(
    "Download the predictions (CSV)",
    data=lambda: predictions_csv(photos, models),
    file_name="predictions.csv",
    mime="text/csv",
    on_click="ignore",
)
