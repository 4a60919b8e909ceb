"""Learning rate schedule: the rate over the steps of a run, before it is launched and while it runs."""

from collections.abc import Sequence

import plotly.graph_objects as go

from clfcore.figures.theme import blank, look
from clfcore.numerals import decimal


def learning_rate_figure(
    steps: Sequence[int],
    rates: Sequence[float],
    *,
    steps_per_epoch: int,
    now: int | None = None,
    dark: bool = False,
    height: int = 220,
) -> go.Figure:
    """Learning rate at each step (from 0), drawn over epochs. now: the step that the run has reached, marked."""
    page = look(dark=dark)
    epochs = [step / steps_per_epoch for step in steps]
    top = max(range(len(rates)), key=lambda i: rates[i])
    description = (
        f"Learning rate over {epochs[-1]:.0f} epochs: {decimal(rates[0])} at first, at most {decimal(rates[top])} in "
        f"epoch {int(epochs[top]) + 1}, {decimal(rates[-1])} at the end."
    )
    figure = blank(description, dark=dark, height=height, keep="schedule")
    figure.add_scatter(
        x=epochs,
        y=list(rates),
        mode="lines",
        line={"color": page.accent, "width": 2},
        hovertemplate="epoch %{x:.2f}: %{y:,.3~r}<extra></extra>",
        showlegend=False,
    )
    if now is not None:
        nearest = min(range(len(steps)), key=lambda i: abs(steps[i] - now))
        figure.add_scatter(
            x=[now / steps_per_epoch],
            y=[rates[nearest]],
            mode="markers",
            marker={"color": page.amber, "size": 10, "symbol": "diamond"},
            hovertemplate=f"now, step {now:,}: %{{y:,.3~r}}<extra></extra>",
            showlegend=False,
        )
    figure.update_xaxes(title_text="epochs done", rangemode="tozero")
    figure.update_yaxes(title_text="learning rate", rangemode="tozero", exponentformat="power")
    return figure.update_layout(dragmode="pan", margin={"t": 12})
