"""How the probability falls as a map's most important pixels go, and rises as they come."""

import plotly.graph_objects as go

from clfcore.explain.deletion_insertion import Curve
from clfcore.figures.theme import blank, colours, plain, short


def deletion_insertion_figure(
    gone: Curve, come: Curve, *, name: str, dark: bool = False, height: int = 300
) -> go.Figure:
    """Both curves over the share of pixels; name: of the class."""
    words = (
        f"Probability of {name}: {gone.probabilities[0]:.3f} with the whole picture; the area is {gone.area:.3f} as "
        f"the most important pixels are removed and {come.area:.3f} as they are added."
    )
    figure = blank(words, dark=dark, height=height, keep=f"counterfactual {name}")
    inks = colours(2)
    named = (("deletion", gone, "solid"), ("insertion", come, "dash"))
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
    return figure.update_yaxes(title_text=f"probability of {plain(short(name))}", rangemode="tozero")
