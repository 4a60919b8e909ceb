"""Confusion matrix whose cells, rows and columns can be clicked."""

import math

import numpy as np
import plotly.graph_objects as go

from clfcore.evaluation.confusion import Blocks, Confusion, Norm
from clfcore.figures.theme import Look, blank, escape_html, look, percent, scale_of, short

NUMBERED = 15  # classes up to which each cell shows its number
NAMED = 50  # names along an axis; of more classes every second, third, … is written
ANY = -1  # in the customdata of a total: any class


def confusion_figure(
    matrix: Confusion,
    *,
    norm: Norm = "counts",
    errors_only: bool = False,
    totals: bool = False,
    dark: bool = False,
    height: int | None = None,
) -> go.Figure:
    """Confusion matrix: true classes down, predicted classes across; cells without items stay empty.

    The colors are a heatmap; over it is a square marker for each cell with items, for heatmaps give Streamlit no
    selection. A marker's customdata is [true index, predicted index, items, items of the true class]; indices are those
    of the task's classes. totals: beyond the last column a marker for each row, below the last row one for each column,
    where ANY stands for the other class.
    """
    c = len(matrix.classes)
    page = look(dark=dark)
    height = height or min(760, max(320, 150 + 34 * (c + totals)))
    figure = blank(matrix.describe(), dark=dark, height=height, keep=f"confusion {c}")
    values = matrix.values(norm, errors_only=errors_only)
    side = max(3.0, (height - 130) / max(c + totals, 1))
    _heat(figure, values, page, form=",d" if norm == "counts" else ".0%")
    _cells(figure, matrix, values, amber=page.amber, side=side)
    ends = c - 0.5
    if totals and c:
        _totals(figure, matrix, page, errors_only=errors_only, side=side)
        ends = c + 0.5
    places = list(range(0, c, math.ceil(c / NAMED) or 1))
    names = [short(matrix.classes[i], 18) for i in places]
    more = ([c], ["all"]) if totals and c else ([], [])
    axis = {"tickvals": places + more[0], "ticktext": names + more[1], "showgrid": False, "constrain": "domain"}
    small = {"tickfont": {"size": 10}} if c > 30 else {}
    figure.update_xaxes(title_text="predicted", side="bottom", range=[-0.5, ends], tickangle=-45, **axis, **small)
    figure.update_yaxes(title_text="true", scaleanchor="x", range=[ends, -0.5], **axis, **small)
    # Streamlit takes clicks for selections only while dragging neither selects nor lassoes
    return figure.update_layout(dragmode="pan" if c <= NAMED else "zoom", showlegend=False)


def confusion_blocks_figure(blocks: Blocks, *, dark: bool = False, height: int = 640) -> go.Figure:
    """Confusion matrix of many classes in blocks; each with items can be clicked: customdata is [down, across]."""
    page, k = look(dark=dark), len(blocks.starts)
    figure = blank(blocks.describe(), dark=dark, height=height, keep=f"blocks {k}")
    _heat(figure, blocks.counts.astype(np.float64), page, form=",d")
    down, across = np.nonzero(blocks.counts)
    names = [escape_html(blocks.name(i)) for i in range(k)]
    items = blocks.counts[down, across].tolist()
    cells = zip(down.tolist(), across.tolist(), items, strict=True)
    _markers(
        figure,
        x=across,
        y=down,
        side=max(3.0, (height - 130) / max(k, 1)),
        amber=page.amber,
        data=np.stack([down, across], axis=1).tolist(),
        text=[f"{names[i]}<br>predicted as {names[j]}<br>{n:,} items" for i, j, n in cells],
    )
    places = list(range(0, k, math.ceil(k / 25) or 1))
    ticks = [short(blocks.matrix.classes[blocks.starts[i]], 16) for i in places]
    axis = {"tickvals": places, "ticktext": ticks, "showgrid": False, "constrain": "domain"}
    figure.update_xaxes(title_text="predicted, from", range=[-0.5, k - 0.5], tickangle=-45, **axis)
    figure.update_yaxes(title_text="true, from", scaleanchor="x", range=[k - 0.5, -0.5], **axis)
    return figure.update_layout(dragmode="zoom", showlegend=False)


def _heat(figure: go.Figure, values: np.ndarray, page: Look, *, form: str) -> None:
    c = len(values)
    counted = form == ",d"
    figure.add_heatmap(
        z=np.where(values > 0, values, np.nan).astype(np.float32),
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
            "tickformat": form,
            "tickfont": {"color": page.quiet, "size": 11},
        },
    )


def _cells(figure: go.Figure, matrix: Confusion, values: np.ndarray, *, amber: str, side: float) -> None:
    rows, columns = np.nonzero(values)
    items, of = matrix.counts[rows, columns], matrix.support[rows]
    names = [escape_html(name) for name in matrix.classes]
    _markers(
        figure,
        x=columns,
        y=rows,
        side=side,
        amber=amber,
        data=np.stack([matrix.indices[rows], matrix.indices[columns], items, of], axis=1).tolist(),
        text=[
            f"{names[r]} predicted as {names[k]}<br>{n:,} of {all_:,} ({percent(n / all_)})"
            if r != k
            else f"{names[r]}, right<br>{n:,} of {all_:,} ({percent(n / all_)})"
            for r, k, n, all_ in zip(rows, columns, items.tolist(), of.tolist(), strict=True)
        ],
    )


def _markers(
    figure: go.Figure, *, x: np.ndarray, y: np.ndarray, side: float, amber: str, data: list[list[int]], text: list[str]
) -> None:
    """Squares that show only once they were clicked."""
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"symbol": "square-open", "size": side, "opacity": 0, "color": amber, "line": {"width": 2}},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0}},
        customdata=data,
        text=text,
        hovertemplate="%{text}<extra></extra>",
    )


def _totals(figure: go.Figure, matrix: Confusion, page: Look, *, errors_only: bool, side: float) -> None:
    """Totals of each row and column, of all classes; of errors only, how many of their items are wrong."""
    c, right = len(matrix.classes), np.diagonal(matrix.counts)
    what = "wrong" if errors_only else "in all"
    for total, side_name, across in ((matrix.support, "true", False), (matrix.predicted_counts, "predicted", True)):
        shown = total - right if errors_only else total
        occupied = np.flatnonzero(shown)
        places, beyond = occupied, np.full(len(occupied), c)
        index, any_ = matrix.indices[occupied], np.full(len(occupied), ANY)
        words = "predicted as {}" if side_name == "predicted" else "of {}"
        size = min(12, max(8, side * 0.36))
        figure.add_scatter(
            x=places if across else beyond,
            y=beyond if across else places,
            mode="markers+text" if c <= NUMBERED else "markers",
            marker={
                "symbol": "square",
                "size": max(4.0, side - 5),
                "color": page.faint,
                "line": {"width": 1, "color": page.accent},
            },
            text=[f"{n:,}" for n in shown[occupied].tolist()],
            textfont={"size": size, "color": page.ink},
            selected={"marker": {"opacity": 1, "color": page.accent}, "textfont": {"color": page.paper}},
            unselected={"marker": {"opacity": 1, "color": page.faint}, "textfont": {"color": page.ink}},
            customdata=np.stack(
                [any_, index, shown[occupied]] if across else [index, any_, shown[occupied]], axis=1
            ).tolist(),
            hovertext=[
                f"{n:,} {what} {words.format(escape_html(matrix.classes[i]))}"
                for i, n in zip(occupied.tolist(), shown[occupied].tolist(), strict=True)
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
