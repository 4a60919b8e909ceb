"""What one can do here, and the way there."""

import streamlit as st

from pages.home.sections import newest_runs, sample_strip, ways

st.title("A lab for image classification")
st.markdown(
    "See what a network recognizes in a photo, train your own, and get an honest measure of how good it is. "
    "Nothing leaves this machine: no account, no telemetry, no download you did not ask for."
)
st.subheader("Start with a photo", anchor=False)
sample_strip()
st.subheader("What would you like to do?", anchor=False)
ways()
newest_runs()
