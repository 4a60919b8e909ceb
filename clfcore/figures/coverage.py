"""Coverage of prediction sets: measured against asked for, and how many classes the sets have."""

from collections.abc import Sequence

import plotly.graph_objects as go

from clfcore.evaluation.conformal import SetQuality
from clfcore.figures.theme import blank, look


def coverage_figure(
    coverages: Sequence[float], qualities: Sequence[SetQuality], *, chosen: float, dark: bool = False
) -> go.Figure:
    """Coverage on a split, with its 95% intervals, at each coverage that was asked for; the diagonal is the promise."""
    page = look(dark=dark)
    shares = [quality.share for quality in qualities]
    ends = [quality.interval or (share, share) for quality, share in zip(qualities, shares, strict=True)]
    summary = "; ".join(f"{100 * a:g}% asked, {100 * s:.1f}% measured" for a, s in zip(coverages, shares, strict=True))
    figure = blank(f"Coverage of prediction sets. {summary}.", dark=dark, height=320, keep="coverage")
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": page.quiet, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(
        x=list(coverages),
        y=shares,
        mode="lines+markers",
        line={"color": page.accent, "width": 2},
        marker={"size": [13 if a == chosen else 8 for a in coverages], "color": page.accent},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [high - share for (_, high), share in zip(ends, shares, strict=True)],
            "arrayminus": [share - low for (low, _), share in zip(ends, shares, strict=True)],
            "color": page.accent,
            "thickness": 1,
        },
        customdata=[quality.mean_size for quality in qualities],
        hovertemplate="asked %{x:.0%}<br>measured %{y:.1%}<br>%{customdata:.2f} classes on average<extra></extra>",
        showlegend=False,
    )
    least = min([*coverages, *(low for low, _ in ends)])
    figure.update_xaxes(title_text="coverage asked for", tickformat=".0%", range=[min(coverages) - 0.02, 1.01])
    figure.update_yaxes(title_text="coverage measured", tickformat=".0%", range=[max(0.0, least - 0.03), 1.01])
    return figure


def set_sizes_figure(quality: SetQuality, *, dark: bool = False) -> go.Figure:
    """How many sets have how many classes."""
    page = look(dark=dark)
    sizes = sorted(quality.sizes)
    summary = "; ".join(f"{quality.sizes[size]:,} sets of {size}" for size in sizes)
    figure = blank(f"Sizes of prediction sets: {summary}.", dark=dark, height=320, keep="set sizes")
    figure.add_bar(
        x=sizes,
        y=[quality.sizes[size] for size in sizes],
        marker={"color": page.accent},
        customdata=[quality.sizes[size] / quality.items for size in sizes],
        hovertemplate="%{x} classes: %{y:,} images, %{customdata:.1%}<extra></extra>",
    )
    figure.update_xaxes(title_text="classes in the set", tickformat="d", dtick=1 if len(sizes) <= 20 else None)
    figure.update_yaxes(title_text="images", tickformat=",d")
    return figure.update_layout(bargap=0.3, showlegend=False)
