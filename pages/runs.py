"""The queue and all runs: open, stop, resume, delete; chosen ones side by side."""

import streamlit as st

import ui

st.title("What has been trained?")
st.caption("The queue, and every run with its state. A run is a folder on this machine that describes itself.")

ui.queue()
chosen = ui.choose_runs()

if not chosen:
    st.caption("Tick a run to open, resume or delete it; tick several to lay them side by side.")
elif len(chosen) == 1:
    ui.watch(chosen[0])
else:
    with ui.refusals():
        ui.side_by_side(chosen)
