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


def latency(choice: NetworkChoice) -> None:
    """Forward passes timed on this device, on a button."""
    st.caption("The network runs on this machine with random weights, which take the same time as trained ones.")
    if st.button("Measure on this device", key="measure"):
        _MEASURED.set(choice)
        _timing.clear(choice)
    if _MEASURED.get() != choice:
        return
    timed = result_of(_timing(choice), "Timing forward passes")
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
        alt="Latency by batch size",
    )
    st.caption(
        f"On {timed.device}, after warm-up, ten forward passes each. Other load on the machine makes them slower."
    )


@background(entries=8)
def _timing(progress: Progress, choice: NetworkChoice) -> "NetworkLatency":
    from clfcore.architectures.latency import time_network

    return time_network(choice.name, **choice.arguments, progress=progress)
