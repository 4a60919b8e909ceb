"""One way to show a figure: its own template, on the page's ground, with its text alternative."""

from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def dark() -> bool:
    """Whether the page is dark; figures ask for it."""
    return st.context.theme.type == "dark"


def chart(figure: "Figure", key: str) -> None:
    """A figure under a stable key, so that zoom and hidden lines are kept."""
    _show(figure, key)


def clicked(figure: "Figure", key: str) -> list[Any] | None:
    """The same, and the `customdata` of the point that was clicked last; None before a click."""
    figure.update_layout(dragmode="zoom")  # under "select", a click selects nothing in Streamlit 1.67
    points = _show(figure, key, on_select="rerun", selection_mode="points")["selection"]["points"]
    if not points:
        return None
    found = points[0]["customdata"]
    return list(found.values()) if isinstance(found, dict) else list(found)  # a typed array arrives as a dict


def _show(figure: "Figure", key: str, **selection: Any) -> Any:
    from clfcore.figures import alternative

    bar = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}
    return st.plotly_chart(figure, theme=None, key=key, alt=alternative(figure) or None, config=bar, **selection)
