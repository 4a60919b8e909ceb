"""The queue and all runs: open, stop, resume, delete; chosen ones side by side."""

import streamlit as st

from pages.runs.pull import pull_button
from pages.runs.table import choose_runs, compare_button, side_by_side
from ui.messages import refusals
from ui.runs.monitor import show_queue, watch

st.title("Runs")
st.caption(
    "What has been trained? The queue, and every run with its state; a run is a self-contained folder on this machine."
)

show_queue()
pull_button()  # before the table: a machine without runs may want one from elsewhere
chosen = choose_runs()

if not chosen:
    st.caption(
        "Select a run to open, resume or delete it; select several to compare them. "
        "By keyboard: arrow keys move to a row, Shift+Space selects it."
    )
elif len(chosen) == 1:
    watch(chosen[0])
else:
    compare_button(chosen)
    with refusals():
        side_by_side(chosen)
