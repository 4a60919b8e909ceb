"""Reliability diagram: accuracy against confidence."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from clfcore.evaluation.calibration import Reliability
from clfcore.figures.theme import blank, escape_html, faded, look


def reliability_figure(
    reliability: Reliability | Mapping[str, Reliability], *, dark: bool = False, height: int = 420
) -> go.Figure:
    """Reliability diagram: accuracy against confidence above, items of each bin below; the diagonal is calibration.

    Several (before and after a temperature) are drawn as named lines, the last one in the accent color.
    """
    several = {"": reliability} if isinstance(reliability, Reliability) else dict(reliability)
    page = look(dark=dark)
    description = " ".join(f"{name}: {one.describe()}" if name else one.describe() for name, one in several.items())
    figure = blank(description, dark=dark, height=height, keep="reliability")
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": page.quiet, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    for i, (name, one) in enumerate(several.items()):
        ink = page.accent if i == len(several) - 1 else page.amber
        _add(figure, name, one, ink=ink, dashed=i < len(several) - 1)
    figure.update_layout(
        xaxis={"range": [-0.01, 1.01], "anchor": "y2", "tickformat": ".0%", "title": {"text": _axis(several)}},
        yaxis={"domain": [0.3, 1], "range": [-0.02, 1.02], "tickformat": ".0%", "title": {"text": "accuracy"}},
        yaxis2={"domain": [0, 0.2], "title": {"text": "items"}, "tickformat": ",d", "nticks": 3, "anchor": "x"},
        barmode="overlay",
        showlegend=len(several) > 1,
        hovermode="closest",
    )
    return figure


def _add(figure: go.Figure, name: str, reliability: Reliability, *, ink: str, dashed: bool) -> None:
    occupied = reliability.items > 0
    low, high = reliability.edges[:-1], reliability.edges[1:]
    big = max(1, int(reliability.items.max(initial=0)))  # a point's area is proportional to its items
    span = [f"{100 * a:.0f} to {100 * b:.0f}%" for a, b in zip(low, high, strict=True)]
    figure.add_scatter(
        x=reliability.confidence[occupied],
        y=reliability.right[occupied],
        name=escape_html(name),
        mode="lines+markers",
        line={"color": ink, "width": 2, "dash": "dash" if dashed else "solid"},
        marker={
            "size": reliability.items[occupied],
            "sizemode": "area",
            "sizeref": big / 14**2,
            "sizemin": 3,
            "color": ink,
        },
        customdata=np.column_stack([np.array(span)[occupied], reliability.items[occupied].astype(str)]),
        hovertemplate=(
            f"{escape_html(name) + '<br>' if name else ''}confidence %{{customdata[0]}}: on average %{{x:.1%}}"
            "<br>right %{y:.1%} of %{customdata[1]} items<extra></extra>"
        ),
    )
    figure.add_bar(
        x=(low + high) / 2,
        y=reliability.items,
        width=(high - low) * 0.92,
        marker={"color": faded(ink, 0.55), "line": {"width": 0}},
        yaxis="y2",
        showlegend=False,
        customdata=span,
        hovertemplate="confidence %{customdata}<br>%{y:,} items<extra></extra>",
    )


def _axis(several: Mapping[str, Reliability]) -> str:
    per_label = any(one.per_label for one in several.values())
    return "probability of the label" if per_label else "confidence (probability of the predicted class)"
