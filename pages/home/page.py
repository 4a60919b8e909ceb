"""What one can do here, and the way there."""

import streamlit as st

from pages.home.drop import drop_zone

st.title("A lab for image classification")
st.markdown(
    "See what a network recognizes in a photo, train your own, and get an honest measure of how good it is. "
    "Nothing leaves this machine: no account, no telemetry, no download you did not ask for."
)
drop_zone()

# Here and not above: on a new server these take most of a second, in which the browser paints what stands above.
from pages.home.answers import first_answers  # noqa: E402
from pages.home.dropped import dropped_dataset, take_dropped  # noqa: E402
from pages.home.first import first_classifier  # noqa: E402
from pages.home.sections import newest_runs, sample_strip, ways  # noqa: E402
from ui.messages import refusals  # noqa: E402

take_dropped()
answer = st.container()  # filled last, so that long work in it hides nothing below
st.subheader("Or try a sample", anchor=False)
sample_strip()
st.subheader("What would you like to do?", anchor=False)
ways()
newest_runs()
with answer, refusals():
    spec = dropped_dataset()
    if spec is not None:
        first_classifier(spec)
    first_answers()
