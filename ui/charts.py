"""One way to show a figure: its own template, on the page's ground, with its text alternative."""

from collections.abc import Callable
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import streamlit as st

from clfcore.resolved_config import ResolvedConfig
from clfcore.training.schedules import curve, steps_of
from ui.session import FIGURE_FORMAT, SessionValue

if TYPE_CHECKING:
    from plotly.graph_objects import Figure
    from streamlit.elements.plotly_chart import PlotlyState


Place = list[Any]  # the `customdata` of a point: whatever its figure gave it


def dark() -> bool:
    """Whether the page is dark; figures ask for it."""
    return st.context.theme.type == "dark"


def chart(figure: "Figure", key: str) -> None:
    """A figure under a stable key, so that zoom and hidden lines are kept."""
    _show(figure, key)


def clicked(figure: "Figure", key: str) -> Place | None:
    """The same, and the `customdata` of the point that was clicked last; None before a click."""
    figure.update_layout(dragmode="zoom")  # under "select", a click selects nothing in Streamlit 1.67
    return _place(_show(figure, key, on_select="rerun", selection_mode="points"))


def on_click(figure: "Figure", key: str, then: Callable[[Place], None]) -> None:
    """The same; `then` is called once with the `customdata` of each point that is clicked, before the page is drawn."""
    figure.update_layout(dragmode="zoom")

    def selected() -> None:
        place = _place(SessionValue["PlotlyState"](key).get())
        if place is not None:
            then(place)

    _show(figure, key, on_select=selected, selection_mode="points")


def selected(figure: "Figure", key: str) -> list[Place]:
    """The same, and the `customdata` of the points that were clicked, boxed or lassoed; empty before that."""
    state = _show(figure, key, can_select=True, on_select="rerun", selection_mode=("points", "box", "lasso"))
    points = state["selection"]["points"] if state else ()
    return [_values(point["customdata"]) for point in points if point.get("customdata") is not None]


def _place(state: "PlotlyState | None") -> Place | None:
    points = state["selection"]["points"] if state else ()
    return _values(points[0]["customdata"]) if points else None


def _values(customdata: Any) -> Place:  # as Plotly's JSON has it
    return list(customdata.values()) if isinstance(customdata, dict) else list(customdata)  # a typed array is a dict


FORMATS = ("PNG", "SVG")


def choose_format() -> None:
    """Which kind of file the camera above each figure saves; the browser makes it, with no network."""
    st.segmented_control(
        "Save figures as", FORMATS, default=FORMATS[0], required=True, key=FIGURE_FORMAT.key, bind="query-params",
        help="Hover a figure and press the camera in its corner. SVG stays sharp at any size and can be edited; PNG "
        "has twice the pixels of the page. `report RUN --figures FOLDER` writes both.",
    )  # fmt: skip


def _show(
    figure: "Figure", key: str, *, can_select: bool = False, **selection: Any
) -> "PlotlyState":  # selection: of st.plotly_chart
    from clfcore.figures.theme import alternative, look

    figure.update_layout(paper_bgcolor=look(dark=dark()).paper)  # what is saved keeps its ground
    saved = {
        "format": (FIGURE_FORMAT.get() or FORMATS[0]).lower(),
        "filename": "-".join(takewhile(str.isalpha, key.split())) or "figure",  # what it is, without what it is of
        "scale": 2,
    }
    bar = {
        "displaylogo": False,
        "modeBarButtonsToRemove": ["autoScale2d"] if can_select else ["select2d", "lasso2d", "autoScale2d"],
        "toImageButtonOptions": saved,
    }
    return st.plotly_chart(figure, theme=None, key=key, alt=alternative(figure) or None, config=bar, **selection)


def learning_rate_chart(config: ResolvedConfig, *, images: int, now: int | None = None) -> None:
    """The learning rate over the run's steps, before launch; `now` marks the step that is reached."""
    from clfcore.figures.learning_rate import learning_rate_figure

    recipe = config.recipe
    if config.strategy == "feature-extraction" and config.head == "logistic":
        return  # L-BFGS finds its own steps
    steps = steps_of(recipe, max(1, -(-images // recipe.batch_size)))
    at, rates = curve(recipe, steps)
    chart(
        learning_rate_figure(at.tolist(), rates.tolist(), steps_per_epoch=steps, now=now, dark=dark()),
        "schedule" if now is None else "schedule now",
    )
    if now is None:
        st.caption(f"{steps:,} steps an epoch; each layer group has its own peak of the same shape.")
