"""The Timeline tab: ImageNet accuracy of published weights by year and cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import streamlit as st

from ui.charts import clicked, dark
from ui.session import CLICKED_ARCHITECTURE, NEXT_ARCHITECTURE

if TYPE_CHECKING:
    from clfcore.architectures.published_accuracy import Published

AXES: Sequence[Literal["parameters", "multiply_adds"]] = ("parameters", "multiply_adds")


def timeline(name: str) -> None:
    """ImageNet top-1 against cost, from the weights' metadata; a click chooses the network."""
    from clfcore.figures import networks

    against = st.segmented_control(
        "Horizontal axis",
        AXES,
        format_func=lambda axis: axis.replace("_", "-").capitalize(),
        default="parameters",
        required=True,
        key="against",
        bind="query-params",
    )
    picked = clicked(
        networks.timeline(_published_accuracy(), against=against, chosen=name, dark=dark()), f"timeline {against}"
    )
    if picked and picked[0] != CLICKED_ARCHITECTURE.get():
        CLICKED_ARCHITECTURE.set(picked[0])
        if picked[0] != name:
            NEXT_ARCHITECTURE.set(picked[0])
            st.rerun()
    st.caption(
        "Each network with its first published weights, from torchvision's metadata; networks that only clflab or timm "
        "provide are missing. Each was trained with the recipe of its time, so not every difference is due to the "
        "architecture. Click a point to choose its network."
    )


@st.cache_data(show_spinner="Reading the weights' metadata")
def _published_accuracy() -> "tuple[Published, ...]":
    from clfcore.architectures import published_accuracy

    return published_accuracy.timeline()
