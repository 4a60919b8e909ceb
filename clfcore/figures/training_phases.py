"""Training phases: which layer group trains in which epoch, at which rate; weight changes; learning curves."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from clfcore.figures.theme import blank, colors, faded, look, percent
from clfcore.numerals import decimal


def groups(names: Sequence[str], phases: Sequence[tuple[int, int, Sequence[str]]], *, dark: bool = False) -> go.Figure:
    """Layer groups over epochs, head on top: filled where a group trains, pale where it is frozen.

    names: stem first; phases: first epoch, last epoch and the groups that train.
    """
    page, last = look(dark=dark), phases[-1][1]
    freed = {name: next((first for first, _, free in phases if name in free), None) for name in names}
    parts = [f"{name} from epoch {first}" if first else f"{name} never" for name, first in reversed(freed.items())]
    figure = blank(f"Trained: {', '.join(parts)}.", dark=dark, height=70 + 24 * len(names), keep="groups")
    for training, ink, label in ((True, page.accent, "trains"), (False, faded(page.quiet, 0.25), "frozen")):
        rows = []
        for name, first in freed.items():
            start, end = (first, last + 1) if training and first else (1, first or last + 1)
            if (first or not training) and end > start:
                rows.append((name, start, end))
        figure.add_bar(
            y=[name for name, _, _ in rows],
            x=[end - start for _, start, end in rows],
            base=[start - 0.5 for _, start, _ in rows],
            orientation="h",
            width=0.7,
            marker={"color": ink, "line": {"width": 0}},
            name=label,
            customdata=[f"epochs {start} to {end - 1}" for _, start, end in rows],
            hovertemplate=f"%{{y}} {label}, %{{customdata}}<extra></extra>",
        )
    figure.update_yaxes(categoryorder="array", categoryarray=list(names), showgrid=False, ticks="")
    figure.update_xaxes(title_text="epoch", range=[0.5, last + 0.5], tickformat="d", dtick=1 if last <= 12 else None)
    return figure.update_layout(barmode="overlay", bargap=0.2)


def group_rates(
    steps: Sequence[int],
    rates: Mapping[str, Sequence[float | None]],
    *,
    steps_per_epoch: int,
    dark: bool = False,
) -> go.Figure:
    """Learning rate of each layer group over the run, on a logarithmic axis; groups that never train are left out."""
    shown = {name: values for name, values in rates.items() if any(value for value in values)}
    peaks = ", ".join(f"{name} {decimal(max(v or 0 for v in values))}" for name, values in shown.items())
    figure = blank(f"Peak learning rates: {peaks}.", dark=dark, height=260, keep="group rates")
    for ink, (name, values) in zip(colors(len(shown)), reversed(shown.items()), strict=True):
        figure.add_scatter(
            x=[step / steps_per_epoch for step in steps],
            y=[value or None for value in values],
            name=name,
            mode="lines",
            line={"color": ink, "width": 2},
            hovertemplate=f"{name} %{{y:,.3~r}}<extra></extra>",
        )
    figure.update_yaxes(type="log", title_text="learning rate", exponentformat="power", dtick=1)
    figure.update_xaxes(title_text="epochs done")
    return figure.update_layout(hovermode="x unified")


def weight_change(shares: Mapping[str, float], *, dark: bool = False) -> go.Figure:
    """Weight change of each layer group from its initial weights, as a share of their norm, without the head."""
    page = look(dark=dark)
    description = "Weight change: " + ", ".join(f"{n} {percent(v)}" for n, v in shares.items()) + "."
    figure = blank(description, dark=dark, height=50 + 26 * len(shares), keep="weight change")
    figure.add_bar(
        x=list(shares.values()),
        y=list(shares),
        orientation="h",
        width=0.62,
        marker={"color": page.accent},
        text=[percent(value) for value in shares.values()],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.4f}<extra></extra>",
    )
    figure.update_xaxes(range=[0, 1.2 * max([*shares.values(), 1e-6])], visible=False)  # room for the last number
    return figure.update_yaxes(showgrid=False, ticks="").update_layout(margin={"t": 4, "b": 4})


def rate_search(
    rates: Sequence[float], losses: Sequence[float], suggestion: float | None, *, dark: bool = False
) -> go.Figure:
    """Learning rate range test: the smoothed loss over the rising rate; the suggestion is marked."""
    page = look(dark=dark)
    result = "no rate is suggested" if suggestion is None else f"suggested: {decimal(suggestion)}"
    description = f"Loss over learning rates from {decimal(min(rates))} to {decimal(max(rates))}; {result}."
    figure = blank(description, dark=dark, height=280, keep="rate search")
    figure.add_scatter(
        x=list(rates),
        y=list(losses),
        mode="lines",
        line={"color": page.accent, "width": 2},
        hovertemplate="rate %{x:,.3~r}<br>loss %{y:.3f}<extra></extra>",
        showlegend=False,
    )
    if suggestion is not None:
        figure.add_vline(x=suggestion, line={"color": page.amber, "width": 2, "dash": "dot"})
    figure.update_xaxes(type="log", title_text="learning rate", exponentformat="power", dtick=1)
    return figure.update_yaxes(title_text="loss (smoothed)")


def learning_curve(points: Sequence[tuple[int, float, tuple[float, float]]], *, dark: bool = False) -> go.Figure:
    """Learning curve: validation score over training images, with 95% intervals. points: items, score, interval."""
    page = look(dark=dark)
    description = ", ".join(f"{percent(score)} with {items:,}" for items, score, _ in points)
    figure = blank(f"Validation score by training images: {description}.", dark=dark, height=280, keep="learning curve")
    figure.add_scatter(
        x=[items for items, _, _ in points],
        y=[score for _, score, _ in points],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [high - score for _, score, (_, high) in points],
            "arrayminus": [score - low for _, score, (low, _) in points],
            "color": page.quiet,
            "thickness": 1.5,
        },
        mode="lines+markers",
        line={"color": page.accent, "width": 2},
        marker={"size": 8},
        hovertemplate="%{x:,} images: %{y:.1%}<extra></extra>",
        showlegend=False,
    )
    ticks = [items for items, _, _ in points]
    figure.update_xaxes(type="log", title_text="training images", tickvals=ticks, tickformat=",d")
    return figure.update_yaxes(title_text="validation score", tickformat=".0%")
