"""The queue and all runs: open, stop, resume, delete; chosen ones side by side."""

import streamlit as st

from pages.runs.table import choose_runs, side_by_side
from ui.messages import refusals
from ui.run_monitor import watch
from ui.run_queue import show_queue

st.title("What has been trained?")
st.caption("The queue, and every run with its state. A run is a folder on this machine that describes itself.")

show_queue()
chosen = choose_runs()

if not chosen:
    st.caption("Tick a run to open, resume or delete it; tick several to lay them side by side.")
elif len(chosen) == 1:
    watch(chosen[0])
else:
    with refusals():
        side_by_side(chosen)
