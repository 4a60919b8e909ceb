"""The run in the address: its progress, curves and buttons, under its own name."""

import streamlit as st

from clfcore.runs.folder import Run
from ui.runs.monitor import watch


def show_run(run: Run) -> None:
    """The run's monitor, and the way back to a new configuration."""
    watch(run, as_title=True)
    if st.button("Train another"):
        del st.query_params["run"]
        st.rerun()
