"""Paired comparison of runs: differences with their intervals, recall of each class, accuracy against cost."""

from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from clfcore.evaluation.compare import Difference
from clfcore.evaluation.differences import ClassDifference, CostEfficiency
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.figures.theme import blank, escape_html, look, percent, short


def differences_figure(pairs: Sequence[Difference], *, dark: bool = False) -> go.Figure:
    """Paired differences of one metric, second run less first, as points with 95% intervals; the line is at 0.

    Significant differences are filled, the others hollow; shares in points, log-loss in nats.
    """
    page = look(dark=dark)
    description = " ".join(pair.describe() for pair in pairs)
    figure = blank(description, dark=dark, height=90 + 40 * max(len(pairs), 1), keep="differences")
    rows, places = list(pairs), list(range(len(pairs)))
    metric = METRICS[rows[0].metric if rows else "accuracy"]
    nats = metric.in_nats
    scale = 1 if nats else 100
    significant = [pair.better is not None for pair in rows]
    figure.add_vline(x=0, line={"color": page.quiet, "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=[scale * pair.difference for pair in rows],
        y=places,
        mode="markers",
        marker={
            "size": 11,
            "color": page.accent,
            "symbol": ["circle" if one else "circle-open" for one in significant],
            "line": {"width": 2, "color": page.accent},
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [scale * (pair.interval.high - pair.difference) for pair in rows],
            "arrayminus": [scale * (pair.difference - pair.interval.low) for pair in rows],
            "color": page.accent,
            "thickness": 1.5,
            "width": 5,
        },
        customdata=[escape_html(pair.describe()) for pair in rows],
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )
    unit = "nats" if nats else "points"
    figure.update_xaxes(title_text=f"difference in {metric.in_text} ({unit})", tickformat="+~r" if nats else "+~g")
    names = [f"{short(pair.b, 18)} − {short(pair.a, 18)}" for pair in rows]
    figure.update_yaxes(tickvals=places, ticktext=names, range=[len(rows) - 0.5, -0.5], showgrid=False, ticks="")
    return figure


class _Recalls(NamedTuple):
    """Recall of one class in two runs, where it is defined in both."""

    name: str
    support: int
    a: float
    b: float
    difference: float


def per_class_figure(rows: Sequence[ClassDifference], *, a: str, b: str, dark: bool = False) -> go.Figure:
    """Recall of each class in two runs, the largest gain on top; a line joins the two."""
    page = look(dark=dark)
    recalls = [
        _Recalls(row.name, row.support, row.recall_a, row.recall_b, row.difference)
        for row in rows
        if row.recall_a is not None and row.recall_b is not None and row.difference is not None
    ]
    recalls.sort(key=lambda row: -row.difference)
    description = "Recall by class: " + ", ".join(
        f"{row.name} {percent(row.a)} to {percent(row.b)}" for row in recalls[:8]
    )
    figure = blank(description + ".", dark=dark, height=100 + 26 * max(len(recalls), 1), keep="per class")
    places = list(range(len(recalls)))
    joined = [(x, y) for y, row in enumerate(recalls) for x in (row.a, row.b, None)]
    figure.add_scatter(
        x=[x for x, _ in joined],
        y=[y for _, y in joined],
        mode="lines",
        line={"color": page.line, "width": 3},
        hoverinfo="skip",
        showlegend=False,
    )
    for name, key, ink, symbol in ((a, "a", page.amber, "circle-open"), (b, "b", page.accent, "circle")):
        figure.add_scatter(
            x=[getattr(row, key) for row in recalls],
            y=places,
            name=short(name),
            mode="markers",
            marker={"size": 9, "color": ink, "symbol": symbol, "line": {"width": 2, "color": ink}},
            customdata=[f"{escape_html(row.name)}, {row.support:,} items" for row in recalls],
            hovertemplate=f"%{{customdata}}<br>{short(name)} %{{x:.1%}}<extra></extra>",
        )
    figure.update_xaxes(title_text="recall", tickformat=".0%", range=[-0.02, 1.02])
    names = [short(row.name) for row in recalls]
    return figure.update_yaxes(tickvals=places, ticktext=names, range=[len(recalls) - 0.5, -0.5], ticks="")


def cost_figure(runs: Sequence[CostEfficiency], *, axis: str, dark: bool = False, height: int = 420) -> go.Figure:
    """Accuracy with its interval against cost on a logarithmic axis; the Pareto front is joined and filled.

    axis: what the cost is, with its unit.
    """
    page = look(dark=dark)
    front = [run for run in runs if run.on_front]
    listed = ", ".join(f"{run.run} {percent(run.accuracy)}" for run in front)
    description = (
        f"Accuracy against {axis}. No run is both better and cheaper than {listed}." if front else "No run yet."
    )
    figure = blank(description, dark=dark, height=height, keep=f"cost {axis}")
    figure.add_scatter(
        x=[run.cost for run in front],
        y=[run.accuracy for run in front],
        mode="lines",
        line={"color": page.line, "width": 2, "shape": "hv"},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=[run.cost for run in runs],
        y=[run.accuracy for run in runs],
        mode="markers+text",
        text=[short(run.run, 20) for run in runs],
        textposition="top center",
        textfont={"size": 11, "color": page.quiet},
        cliponaxis=False,
        marker={
            "size": 10,
            "color": page.accent,
            "symbol": ["circle" if run.on_front else "circle-open" for run in runs],
            "line": {"width": 2, "color": page.accent},
        },
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [run.interval.high - run.accuracy for run in runs],
            "arrayminus": [run.accuracy - run.interval.low for run in runs],
            "color": page.line,
            "thickness": 1.5,
            "width": 4,
        },
        customdata=[escape_html(run.run) for run in runs],
        hovertemplate=f"%{{customdata}}<br>accuracy %{{y:.1%}}<br>{axis} %{{x:.3s}}<extra></extra>",
        showlegend=False,
    )
    positive = all(run.cost > 0 for run in runs)
    figure.update_xaxes(title_text=axis, type="log" if positive else "linear", tickformat="~s")
    if positive:
        figure.update_xaxes(dtick="D2")  # 1, 2 and 5, written in full
    return figure.update_yaxes(title_text="accuracy", tickformat=".0%")
