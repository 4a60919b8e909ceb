"""The Timeline tab: every architecture at its year, or the accuracy of published weights against cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import streamlit as st

from clfcore.architectures.catalogue import architecture, architectures, without_published_accuracy
from ui.charts import Place, dark, on_click
from ui.formatting import count
from ui.session import ARCHITECTURE, NEXT_ARCHITECTURE, SessionValue

if TYPE_CHECKING:
    from clfcore.architectures.published_accuracy import Published

AXES: Sequence[Literal["parameters", "multiply_adds"]] = ("parameters", "multiply_adds")
YEARS, ACCURACY = "By year", "Accuracy against cost"
_VIEW = SessionValue[str]("timeline")


def timeline(name: str) -> None:
    """Architectures by year, or ImageNet top-1 against cost; a click on a point chooses its network."""
    if "against" in st.query_params and "timeline" not in st.query_params and not _VIEW.exists:
        _VIEW.set(ACCURACY)  # a link from before there were years
    view = st.segmented_control(
        "Show", (YEARS, ACCURACY), default=YEARS, required=True, key=_VIEW.key, bind="query-params"
    )
    if view == YEARS:
        _years(name)
    else:
        _accuracy(name)


def _years(name: str) -> None:
    from clfcore.figures.timeline import years

    rows = list(architectures())
    chosen = architecture(name)
    undated = chosen.year is None
    if chosen not in rows and not undated:
        rows.append(chosen)
    on_click(years(rows, chosen=name, dark=dark()), "timeline years", _choose)
    st.caption(
        "The year is that of the paper that introduced the architecture; names that end in _small are forms for small "
        "images. Click a point to choose its network."
        + (f" {name} is missing: timm names no paper and so no year for it." if undated else "")
    )


def _accuracy(name: str) -> None:
    from clfcore.figures.timeline import accuracy_against_cost

    against = st.segmented_control(
        "Horizontal axis",
        AXES,
        format_func=lambda axis: axis.replace("_", "-").capitalize(),
        default="parameters",
        required=True,
        key="against",
        bind="query-params",
    )
    figure = accuracy_against_cost(_published_accuracy(), against=against, chosen=name, dark=dark())
    on_click(figure, f"timeline {against}", _choose)
    missing = [row.name for row in without_published_accuracy()]
    st.caption(
        "Each network with its first published weights, from torchvision's metadata. Each was trained with the recipe "
        "of its time, so not every difference is due to the architecture. Click a point to choose its network."
    )
    st.caption(
        f"Left out, as no ImageNet accuracy is published with their weights: {', '.join(missing)}"
        f" ({count(len(missing), 'architecture')}), and timm's networks."
    )


def _choose(place: Place) -> None:
    if place[0] != ARCHITECTURE.get():
        NEXT_ARCHITECTURE.set(place[0])


@st.cache_data(show_spinner="Reading the weights' metadata")
def _published_accuracy() -> "tuple[Published, ...]":
    from clfcore.architectures import published_accuracy

    return published_accuracy.timeline()
