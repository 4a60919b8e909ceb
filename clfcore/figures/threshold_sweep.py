"""Threshold sweep: precision, recall and F1 of one label against its threshold."""

import numpy as np
import plotly.graph_objects as go

from clfcore.evaluation.threshold_sweep import ThresholdCurve
from clfcore.figures.theme import blank, colors, look


def threshold_curve_figure(
    curve: ThresholdCurve, *, threshold: float, dark: bool = False, height: int = 340
) -> go.Figure:
    """Threshold sweep of one label; the vertical line is the threshold in use."""
    page = look(dark=dark)
    figure = blank(curve.describe(), dark=dark, height=height, keep=f"threshold {curve.name}")
    inks = colors(3)
    named = (("precision", curve.precision), ("recall", curve.recall), ("F1", curve.f1))
    for (name, values), ink, dash in zip(named, inks, ("solid", "dash", "dot"), strict=True):
        figure.add_scatter(
            x=curve.thresholds,
            y=np.asarray(values),
            name=name,
            mode="lines",
            line={"color": ink, "width": 2, "dash": dash},
            hovertemplate=f"{name} %{{y:.3f}}<extra></extra>",
        )
    figure.add_vline(
        x=threshold,
        line={"color": page.amber, "width": 2},
        annotation={"text": f"{threshold:.2f}", "font": {"color": page.amber}},
    )
    figure.update_xaxes(title_text="threshold", range=[-0.01, 1.01])
    figure.update_yaxes(range=[-0.01, 1.03])
    return figure.update_layout(hovermode="x unified")
