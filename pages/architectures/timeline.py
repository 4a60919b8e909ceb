"""The Timeline tab: ImageNet accuracy of published weights by year and cost."""

from typing import Any

import streamlit as st

from ui.charts import clicked, dark
from ui.session import CLICKED_ARCHITECTURE, NEXT_ARCHITECTURE


def timeline(name: str) -> None:
    """ImageNet top-1 against cost, from the weights' metadata; a click chooses the network."""
    from clfcore.figures import networks

    against = st.segmented_control(
        "Against",
        ["parameters", "multiply_adds"],
        format_func=lambda word: word.replace("_", "-").capitalize(),
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
        "Each network with its first published weights, from torchvision's metadata; networks that only clflab "
        "or timm provide have no point. Networks were trained with the recipes of their time: not every difference is "
        "due to the architecture. Click a point to choose its network."
    )


@st.cache_data(show_spinner="Reading the weights' metadata")
def _published_accuracy() -> Any:
    from clfcore.architectures.published_accuracy import timeline as years

    return years()
