"""Density of lambda, a picture's share in a mixture, under an alpha."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from clfcore.figures.theme import blank, colors, escape_html


def mixup_lambda_figure(
    densities: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, dark: bool = False, height: int = 200
) -> go.Figure:
    """Density of lambda. densities: a name such as `Mixup, alpha 0.2` -> lambdas and their density."""
    description = f"Density of lambda under {', '.join(densities)}." if densities else "Nothing is mixed."
    figure = blank(description, dark=dark, height=height, keep="mixing")
    for (name, (shares, dense)), color in zip(densities.items(), colors(max(1, len(densities))), strict=False):
        figure.add_scatter(
            x=list(shares),
            y=list(dense),
            name=escape_html(name),
            mode="lines",
            line={"color": color, "width": 2},
            hovertemplate="lambda %{x:.2f}: density %{y:.2f}<extra></extra>",
            showlegend=True,
        )
    figure.update_xaxes(title_text="lambda: the picture's own share", range=[0, 1])
    figure.update_yaxes(title_text="density", rangemode="tozero")
    return figure.update_layout(dragmode="pan")
