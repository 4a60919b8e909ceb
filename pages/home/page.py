"""What one can do here, and the way there."""

import streamlit as st

from pages.home.sections import newest_runs, sample_strip, ways

st.title("A lab for image classification")
st.markdown(
    "See what a network makes of a picture, train your own, and learn honestly how good it is. "
    "Nothing leaves this machine: no account, no telemetry, no download that you did not ask for."
)
st.subheader("Begin with a photo", anchor=False)
sample_strip()
st.subheader("Or go where you want", anchor=False)
ways()
newest_runs()
