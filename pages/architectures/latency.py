"""The Latency tab: forward passes timed on this device."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.progress import Progress
from pages.architectures.network import NetworkChoice
from ui.jobs import background, result_of
from ui.session import SessionValue

if TYPE_CHECKING:
    from clfcore.architectures.latency import NetworkLatency

_MEASURED = SessionValue[NetworkChoice]("measured")


def latency(wanted: NetworkChoice) -> None:
    """Forward passes timed on this device, on a button."""
    st.caption("The network is built with random weights, which take the same time, and run on this machine.")
    if st.button("Measure on this device", key="measure"):
        _MEASURED.set(wanted)
        _timing.clear(wanted)
    if _MEASURED.get() != wanted:
        return
    timed = result_of(_timing(wanted), "Timing forward passes")
    st.dataframe(
        [
            {
                "batch": row.batch_size,
                "median (ms)": round(1e3 * row.median, 2),
                "10th–90th percentile (ms)": f"{1e3 * row.low:.2f} to {1e3 * row.high:.2f}",
                "images per second": round(row.images_per_second, 1),
            }
            for row in timed.batches
        ],
        hide_index=True,
        alt="Latency",
    )
    st.caption(f"On {timed.device}, after warm-up, ten passes each. Other load on the machine slows it down.")


@background(entries=8)
def _timing(progress: Progress, wanted: NetworkChoice) -> "NetworkLatency":
    from clfcore.architectures.latency import time_network

    return time_network(wanted.name, **wanted.arguments, progress=progress)
