"""The confusion matrix as a picture whose cells can be clicked."""

import math

import numpy as np
import plotly.graph_objects as go

from clfcore.evaluation.confusion import Confusion, Norm
from clfcore.figures.theme import blank, look, percent, plain, scale_of, short

NUMBERED = 15  # classes up to which each cell shows its number
NAMED = 50  # names along an axis; of more classes every second, third, … is written


def confusion(
    matrix: Confusion,
    *,
    norm: Norm = "counts",
    errors_only: bool = False,
    dark: bool = False,
    height: int | None = None,
) -> go.Figure:
    """True classes down, predicted classes across; cells without items stay empty.

    The colours are a heatmap; over it lies a square marker for each cell with items, for heatmaps give Streamlit no
    selection. A marker's customdata is [true index, predicted index] in the task's classes, items, share of the truth.
    """
    c = len(matrix.classes)
    page = look(dark=dark)
    height = height or min(760, max(320, 150 + 34 * c))
    figure = blank(matrix.describe(), dark=dark, height=height, keep=f"confusion {c}")
    values = matrix.values(norm, errors_only=errors_only)
    shown = np.where(values > 0, values, np.nan).astype(np.float32)
    counted = norm == "counts"
    figure.add_heatmap(
        z=shown,
        zmin=0,
        zmax=max(float(values.max(initial=0)), 1e-9),
        colorscale=scale_of(page),
        xgap=1 if c <= NAMED else 0,
        ygap=1 if c <= NAMED else 0,
        hoverinfo="skip",
        texttemplate=("%{z:d}" if counted else "%{z:.0%}") if c <= NUMBERED else None,
        showscale=c > NUMBERED,
        colorbar={
            "thickness": 10,
            "outlinewidth": 0,
            "tickformat": ",d" if counted else ".0%",
            "tickfont": {"color": page.quiet, "size": 11},
        },
    )
    _cells(figure, matrix, values, amber=page.amber, side=max(3.0, (height - 130) / max(c, 1)))
    places = list(range(0, c, math.ceil(c / NAMED) or 1))
    names = {"tickvals": places, "ticktext": [short(matrix.classes[i], 18) for i in places], "showgrid": False}
    figure.update_xaxes(
        title_text="predicted", side="bottom", constrain="domain", range=[-0.5, c - 0.5], tickangle=-45, **names
    )
    figure.update_yaxes(title_text="true", scaleanchor="x", constrain="domain", range=[c - 0.5, -0.5], **names)
    # Streamlit takes clicks for selections only while dragging neither selects nor lassoes
    return figure.update_layout(dragmode="pan" if c <= NAMED else "zoom", showlegend=False)


def _cells(figure: go.Figure, matrix: Confusion, values: np.ndarray, *, amber: str, side: float) -> None:
    rows, columns = np.nonzero(values)
    items, of = matrix.counts[rows, columns], matrix.support[rows]
    names = [plain(name) for name in matrix.classes]
    figure.add_scatter(
        x=columns,
        y=rows,
        mode="markers",
        marker={"symbol": "square-open", "size": side, "opacity": 0, "color": amber, "line": {"width": 2}},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0}},
        customdata=np.stack([matrix.indices[rows], matrix.indices[columns], items, of], axis=1).tolist(),
        text=[
            f"{names[r]} taken for {names[k]}<br>{n:,} of {all_:,} ({percent(n / all_)})"
            if r != k
            else f"{names[r]}, right<br>{n:,} of {all_:,} ({percent(n / all_)})"
            for r, k, n, all_ in zip(rows, columns, items.tolist(), of.tolist(), strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
    )
