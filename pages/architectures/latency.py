"""The Latency tab: forward passes timed on this device."""

from typing import Any

import streamlit as st

from pages.architectures.network import NetworkChoice
from ui.jobs import Job, result_of


def latency(wanted: NetworkChoice) -> None:
    """Forward passes timed on this device, on a button."""
    st.caption("The network is built with random weights, which take the same time, and run on this machine.")
    if st.button("Measure on this device", key="measure"):
        st.session_state["measured"] = wanted
        _timing.clear(wanted)
    if st.session_state.get("measured") != wanted:
        return
    device, rows = result_of(_timing(wanted), "Timing forward passes", forget=lambda: _timing.clear(wanted))
    st.dataframe(
        [
            {
                "batch": row.batch_size,
                "median (ms)": round(1e3 * row.median, 2),
                "10th–90th percentile (ms)": f"{1e3 * row.low:.2f} to {1e3 * row.high:.2f}",
                "images per second": round(row.images_per_second, 1),
            }
            for row in rows
        ],
        hide_index=True,
        alt="Latency",
    )
    st.caption(f"On {device}, after warm-up, ten passes each. Other load on the machine slows it down.")


@st.cache_resource(show_spinner=False, max_entries=8)
def _timing(wanted: NetworkChoice) -> Job:
    def work(progress: Any) -> Any:
        from clfcore.architectures.latency import time_network

        return time_network(wanted.name, **wanted.arguments, progress=progress)

    return Job(work)
