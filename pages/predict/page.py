"""Predict: what one or several networks see in a photo, and where they looked."""

import streamlit as st

from pages.predict.answers import choose_certainty, predictions_csv
from pages.predict.many import many_photos
from pages.predict.photos import photos_view
from pages.predict.prediction_sets import choose_coverage
from ui.messages import refusals
from ui.photos.choose import choose_photos
from ui.pickers import choose_calibrated, choose_models, choose_views

st.title("Predict")
st.caption(
    "What's in this photo? Drop in photos, use the camera or click a sample: see the predictions, the network's input "
    "and where it looked."
)

left, right = st.columns([13, 7], gap="medium")
with right, refusals():
    models = choose_models()
    choose_certainty(models)
    choose_calibrated(models)
    choose_views()
    choose_coverage(models)
with left:
    photos = choose_photos(models)

several = many_photos(models)
if not photos and several:
    st.stop()
if not photos:
    st.write("No photo yet: click one of the samples, or drop in your own.")
    st.stop()
if not models:
    st.write("Choose a classifier: efficientnet_lite0 knows the 1,000 ImageNet classes and needs no download.")
    st.stop()

photos_view(photos, models)
st.download_button(
    "Download predictions (CSV)",
    data=lambda: predictions_csv(photos, models),
    file_name="predictions.csv",
    mime="text/csv",
    on_click="ignore",
)
