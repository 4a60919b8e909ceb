"""The Architectures page's measurements: speed on this device, gradients of plain and residual networks."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.charts import chart, dark
from ui.feedback import complain, plain
from ui.jobs import Job, result_of
from ui.networks import Wanted, giga

if TYPE_CHECKING:
    from clfcore.architectures.inspect import Table

LARGEST = 4 << 30  # bytes of weights that are built for a measurement


def latency(wanted: Wanted, found: "Table") -> None:
    """Forward passes timed on this device, on a button."""
    st.caption("The network is built with random weights, which cost the same, and run on this machine.")
    if 4 * found.parameters > LARGEST:
        complain(f"{found.architecture.name} has {giga(found.parameters)} weights: too many to build them here.")
        return
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
                "median, ms": round(1e3 * row.median, 2),
                "10th to 90th of 100, ms": f"{1e3 * row.low:.2f} to {1e3 * row.high:.2f}",
                "images a second": round(row.images_per_second, 1),
            }
            for row in rows
        ],
        hide_index=True,
        alt="Latency",
    )
    st.caption(f"On {device}, warm, ten passes each. Other work on the machine makes it slower.")


@st.cache_resource(show_spinner=False, max_entries=8)
def _timing(wanted: Wanted) -> Job:
    def work(progress: Any) -> Any:
        from clfcore.architectures.measure import time_network

        return time_network(
            wanted.name,
            options=dict(wanted.options),
            image_size=wanted.image_size,
            channels=wanted.channels,
            classes=wanted.classes,
            progress=progress,
        )

    return Job(work)


def gradients() -> None:
    """Plain 34 layers against residual 34: how large each layer's gradient is."""
    from clfcore.architectures.degradation import record
    from clfcore.figures import networks

    st.write(
        "The same 34 layers with their additions and without, on the same images and from the same seed: the norm of "
        "the loss's gradient in each layer's weights."
    )
    st.caption(
        f"Trained, as last measured here: {plain(record().describe())}",
        help="benchmarks/plain_vs_residual.py trains both kinds with 20 and 56 layers; He et al. (2015) report the "
        "same experiment on CIFAR-10. What is said here is what that script stored.",
    )
    normalised = st.toggle("With batch normalisation, as published", value=True, key="normalised")
    if not st.button("Compute the gradients", key="gradients") and not st.session_state.get("gradients asked"):
        st.caption("Takes some seconds: two networks, four forward and backward passes of 24 drawn images each.")
        return
    st.session_state["gradients asked"] = True
    words = "Computing gradients of both networks"
    found = result_of(_reaching(normalised), words, forget=lambda: _reaching.clear(normalised))
    left, right = st.columns(2, gap="medium")
    for column, after, title in ((left, False, "At initialisation"), (right, True, "After three steps")):
        with column:
            st.markdown(f"**{title}**")
            chart(networks.gradients(found, after=after, dark=dark()), f"gradients {normalised} {after}")
    residual, bare = found
    said = [
        f"{one.name}: {one.norms[0].before:.2g} in the first layer, {one.norms[-1].before:.2g} in the last, "
        f"a ratio of {one.share():.2g}"
        for one in (residual, bare)
    ]
    st.caption(
        f"At initialisation, {said[0]}; {said[1]}. "
        + (
            "With batch normalisation the plain network's gradients do not vanish: they are uneven, largest where the "
            "layers are earliest. He et al. (2015) too found healthy gradients, and left the reason open."
            if normalised
            else "Without batch normalisation little of the gradient arrives at any layer of the plain network, "
            "while the additions let it through: the vanishing gradient."
        )
    )


@st.cache_resource(show_spinner=False)
def _reaching(normalised: bool) -> Job:  # noqa: FBT001 - the cache's key
    def work(progress: Any) -> Any:
        from clfcore.architectures.gradients import plain_against_residual

        return plain_against_residual(normalised=normalised, progress=progress)

    return Job(work)
