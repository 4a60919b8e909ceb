"""Patches and tokens: a picture cut into its patches, with the tokens that stand before them."""

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from clfcore.data.bit_depth import to_bytes
from clfcore.figures.theme import blank, faded, look

if TYPE_CHECKING:
    from clfcore.explain.tokens import TokenView  # it imports torch

HEIGHT = 330  # pixels
ABOVE = 1.9  # rows that the prefix tokens take


def tokens(view: "TokenView", *, query: int, dark: bool = False) -> go.Figure:
    """Picture cut into patches, prefix tokens above it, the query outlined; a point's `customdata` is its token."""
    page, prefix = look(dark=dark), len(view.prefix)
    text = (
        f"{view.rows} × {view.columns} patches of {view.patch} × {view.patch} pixels"
        f"{' after ' + ', '.join(view.prefix) if prefix else ''}; the query is the {view.name(query)}."
    )
    figure = blank(text, dark=dark, height=HEIGHT, keep="tokens")
    top = ABOVE * view.rows / 14 if prefix else 0.0
    figure.add_layout_image(
        source=_address(view.square), xref="x", yref="y", x=0, y=0, sizex=view.columns, sizey=view.rows,
        sizing="stretch", layer="below",
    )  # fmt: skip
    cut = {"color": page.paper, "width": 2 if view.rows <= 20 else 1}
    for column in range(view.columns + 1):
        figure.add_shape(type="line", x0=column, x1=column, y0=0, y1=view.rows, line=cut)
    for row in range(view.rows + 1):
        figure.add_shape(type="line", x0=0, x1=view.columns, y0=row, y1=row, line=cut)
    side = (HEIGHT - 16) / (view.rows + top)  # pixels of a patch
    xs, ys = _places(view, top)
    figure.add_scatter(
        x=xs[prefix:],
        y=ys[prefix:],
        mode="markers",
        marker={"symbol": "square", "size": side, "color": faded(page.accent, 0.001)},
        customdata=[[token] for token in range(prefix, view.tokens)],
        hovertext=[f"{view.name(token)}: token {token} of {view.tokens:,}" for token in range(prefix, view.tokens)],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    if prefix:
        figure.add_scatter(
            x=xs[:prefix],
            y=ys[:prefix],
            mode="markers+text",
            marker={"symbol": "square", "size": max(12, side * 0.9), "color": page.accent},
            text=[f" {name}" for name in view.prefix] if prefix == 1 else None,
            textposition="middle right",
            customdata=[[token] for token in range(prefix)],
            hovertext=[f"{name}: token {token} of {view.tokens:,}" for token, name in enumerate(view.prefix)],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    figure.add_scatter(
        x=[xs[query]],
        y=[ys[query]],
        mode="markers",
        marker={"symbol": "square-open", "size": max(14, side), "color": page.amber, "line": {"width": 3}},
        hoverinfo="skip",
    )
    figure.update_xaxes(visible=False, range=[0, view.columns], fixedrange=True)
    figure.update_yaxes(visible=False, range=[view.rows, -top], fixedrange=True, scaleanchor="x", constrain="domain")
    return figure.update_layout(showlegend=False, margin={"l": 0, "r": 0, "t": 8, "b": 8})


def _places(view: "TokenView", top: float) -> tuple[list[float], list[float]]:
    """Middle of every token in patches: prefix tokens in a row above, patches row by row."""
    prefix = len(view.prefix)
    apart = max(1.0, view.columns / 14) * 1.3
    xs = [0.5 + token * apart for token in range(prefix)]
    ys = [-top / 2] * prefix
    for row in range(view.rows):
        for column in range(view.columns):
            xs.append(column + 0.5)
            ys.append(row + 0.5)
    return xs, ys


def _address(square: np.ndarray) -> str:
    pixels = to_bytes(square)
    out = io.BytesIO()
    image = Image.fromarray(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels)
    if image.width < 224:  # the browser would smooth it
        image = image.resize((image.width * -(-224 // image.width),) * 2, Image.Resampling.NEAREST)
    image.save(out, "png")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"
