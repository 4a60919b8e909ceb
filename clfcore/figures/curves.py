"""ROC and precision-recall curves, with an operating point where one was chosen."""

import numpy as np
import plotly.graph_objects as go

from clfcore.evaluation.curves import Curve, Curves
from clfcore.evaluation.operating_point import OperatingPoint
from clfcore.figures.theme import blank, colors, look, short
from clfcore.numerals import decimal


def roc_figure(
    curves: Curves, *, point: OperatingPoint | None = None, dark: bool = False, height: int = 420
) -> go.Figure:
    """ROC curves: true against false positive rate; the dotted diagonal is chance, hovering shows the threshold."""
    figure = _draw(curves, point, dark=dark, height=height)
    line = {"color": look(dark=dark).quiet, "width": 1, "dash": "dot"}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, hoverinfo="skip", showlegend=False)
    figure.update_xaxes(title_text="false positive rate", range=[-0.01, 1.01])
    return figure.update_yaxes(title_text="true positive rate (sensitivity)", range=[-0.01, 1.01])


def precision_recall_figure(
    curves: Curves, *, point: OperatingPoint | None = None, dark: bool = False, height: int = 420
) -> go.Figure:
    """Precision-recall curves, as steps; with one curve a dotted line is what guessing reaches."""
    figure = _draw(curves, point, dark=dark, height=height)
    if len(curves.curves) == 1 and curves.curves[0].items:
        share = curves.curves[0].positives / curves.curves[0].items
        line = {"color": look(dark=dark).quiet, "width": 1, "dash": "dot"}
        figure.add_scatter(x=[0, 1], y=[share, share], mode="lines", line=line, hoverinfo="skip", showlegend=False)
    figure.update_xaxes(title_text="recall (sensitivity)", range=[-0.01, 1.01])
    return figure.update_yaxes(title_text="precision", range=[-0.01, 1.01])


def _draw(curves: Curves, point: OperatingPoint | None, *, dark: bool, height: int) -> go.Figure:
    page = look(dark=dark)
    figure = blank(curves.describe(), dark=dark, height=height, keep=curves.kind)
    one = len(curves.curves) == 1 and curves.macro is None
    inks = [page.accent] if one else colors(len(curves.curves))
    for ink, curve in zip(inks, curves.curves, strict=True):
        _add(figure, curves, curve, line={"color": ink, "width": 2})
    for average, dash in ((curves.micro, "dash"), (curves.macro, "solid")):
        if average is not None:
            _add(figure, curves, average, line={"color": page.ink, "width": 2, "dash": dash})
    if point is not None:
        _add_point(figure, curves, point, color=page.amber)
    figure.update_layout(
        hovermode="closest", legend={"orientation": "v", "x": 1.02, "y": 1, "xanchor": "left", "yanchor": "top"}
    )
    return figure


def _add(figure: go.Figure, curves: Curves, curve: Curve, *, line: dict[str, object]) -> None:
    roc_like = curves.kind == "roc"
    names = ("false positive rate", "true positive rate") if roc_like else ("recall", "precision")
    known = np.isfinite(curve.thresholds)
    figure.add_scatter(
        x=curve.x,
        y=curve.y,
        name=f"{short(curve.name)}: {'AUC' if roc_like else 'AP'} {curve.area:.3f}",
        mode="lines",
        line=line | {"shape": "linear" if roc_like or curve.name == "macro average" else "vh"},
        text=[
            "" if not k else f"<br>threshold {decimal(t, digits=3)}"
            for k, t in zip(known, curve.thresholds, strict=True)
        ],
        hovertemplate=f"{short(curve.name)}<br>{names[0]} %{{x:.3f}}<br>{names[1]} %{{y:.3f}}%{{text}}<extra></extra>",
    )


def _add_point(figure: go.Figure, curves: Curves, point: OperatingPoint, *, color: str) -> None:
    if curves.kind == "roc":
        x, y = None if point.specificity is None else 1 - point.specificity, point.sensitivity
    else:
        x, y = point.sensitivity, point.precision
    figure.add_scatter(
        x=[x],
        y=[y],
        name=f"threshold {decimal(point.threshold, digits=3)}",
        mode="markers",
        marker={"size": 12, "symbol": "diamond", "color": color},
        hovertemplate=f"threshold {decimal(point.threshold, digits=3)}<extra></extra>",
    )
