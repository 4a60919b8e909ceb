"""The confusion matrix of one class against the rest at an operating point."""

import numpy as np
import plotly.graph_objects as go

from clfcore.evaluation.operating_point import OperatingPoint
from clfcore.figures.theme import blank, look, scale_of, short

SIZE = 320  # pixels high


def binary_confusion_figure(point: OperatingPoint, *, dark: bool = False) -> go.Figure:
    """Confusion matrix, 2 x 2: true positives and false negatives above; counts, colored by their share of the row."""
    page = look(dark=dark)
    figure = blank(point.describe(), dark=dark, height=SIZE, keep="two by two")
    counts = np.array(
        [[point.true_positives, point.false_negatives], [point.false_positives, point.true_negatives]], np.int64
    )
    rows = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, rows, out=np.zeros((2, 2)), where=rows > 0)
    names = (("true positives", "false negatives"), ("false positives", "true negatives"))
    figure.add_heatmap(
        z=shares,
        zmin=0,
        zmax=1,
        colorscale=scale_of(page),
        xgap=2,
        ygap=2,
        showscale=False,
        text=[[f"{n:,}<br>{name}" for n, name in zip(*row, strict=True)] for row in zip(counts, names, strict=True)],
        texttemplate="%{text}",
        hovertemplate="%{text}: %{z:.1%} of the row<extra></extra>",
    )
    label = short(point.name, 14)
    figure.update_xaxes(
        tickvals=[0, 1], ticktext=[label, "other"], title_text="predicted", showgrid=False, constrain="domain"
    )
    figure.update_yaxes(
        tickvals=[0, 1], ticktext=[label, "other"], title_text="true", showgrid=False, constrain="domain",
        scaleanchor="x", range=[1.5, -0.5],
    )  # fmt: skip
    return figure
