"""Is the label right? Doubtful pictures one after another, by keyboard; then a corrected version, and what it gains."""

import streamlit as st

from pages.review.queue import queue_view
from pages.review.retrain import retrain_view
from pages.review.sources import choose_queue
from pages.review.versions import make_view, versions_view
from ui.data_picker import choose_data, read_data

st.title("Review")
st.caption(
    "Decide on doubtful pictures one after another, by keyboard. Your decisions become a corrected version of the "
    "dataset; no file of yours is changed."
)

spec = choose_data()
dataset = read_data(spec)
review = choose_queue(dataset, spec)
if review is not None:
    queue_view(review)
else:
    make_view(spec)
versions_view(spec)
retrain_view(spec)
