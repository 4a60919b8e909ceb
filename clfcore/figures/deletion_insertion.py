"""Deletion and insertion curves: the probability as a map's most important pixels are removed and added."""

import plotly.graph_objects as go

from clfcore.explain.deletion_insertion import Curve
from clfcore.figures.theme import blank, colors, escape_html, short


def deletion_insertion_figure(
    deletion: Curve, insertion: Curve, *, name: str, dark: bool = False, height: int = 300
) -> go.Figure:
    """Deletion and insertion curves over the share of pixels; name: of the class."""
    description = (
        f"Probability of {name}: {deletion.probabilities[0]:.3f} with the whole picture; the area is "
        f"{deletion.area:.3f} as the most important pixels are removed and {insertion.area:.3f} as they are added."
    )
    figure = blank(description, dark=dark, height=height, keep=f"counterfactual {name}")
    inks = colors(2)
    named = (("deletion", deletion, "solid"), ("insertion", insertion, "dash"))
    for (label, curve, dash), ink in zip(named, inks, strict=True):
        figure.add_scatter(
            x=curve.shares,
            y=curve.probabilities,
            name=f"{label}, area {curve.area:.3f}",
            mode="lines+markers",
            line={"color": ink, "width": 2, "dash": dash},
            hovertemplate="%{x:.0%} of the pixels: %{y:.3f}<extra></extra>",
        )
    figure.update_xaxes(title_text="share of the pixels", range=[-0.01, 1.01], tickformat=".0%")
    return figure.update_yaxes(title_text=f"probability of {escape_html(short(name))}", rangemode="tozero")
