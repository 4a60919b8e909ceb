"""Robustness: accuracy against the strength of each corruption, a small panel each, a line a run."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from clfcore.figures.theme import blank, colors, escape_html, look, short
from clfcore.quality.corruptions import CORRUPTIONS, STRENGTHS
from clfcore.quality.robustness import RunRobustness

COLUMNS = 4


def robustness_figure(
    runs: Sequence[RunRobustness], *, names: Mapping[str, str], dark: bool = False, height: int = 620
) -> go.Figure:
    """Curves with 95% intervals, clean at strength 0. names: run id -> what it is called."""
    means = "; ".join(
        f"{names[one.run.id]}: {one.right('', 0) / one.items:.1%} clean, {one.per_item.mean():.1%} under corruption"
        for one in runs
    )
    figure = blank(f"Robustness on {runs[0].items} test images. {means}.", dark=dark, height=height, keep="robustness")
    rows = -(-len(CORRUPTIONS) // COLUMNS)
    panels = make_subplots(
        rows,
        COLUMNS,
        shared_xaxes=True,
        shared_yaxes=True,
        subplot_titles=[one.title for one in CORRUPTIONS.values()],
        vertical_spacing=0.09,
        horizontal_spacing=0.025,
        figure=figure,
    )
    inks = colors(len(runs)) if len(runs) > 1 else (look(dark=dark).accent,)
    for ink, one in zip(inks, runs, strict=False):
        for place, kind in enumerate(CORRUPTIONS):
            _add_curve(panels, one, kind, ink=ink, name=names[one.run.id], place=place)
    panels.update_yaxes(tickformat=".0%", range=[-0.02, 1.02])
    panels.update_xaxes(tickvals=[0, *STRENGTHS], ticktext=["clean", *map(str, STRENGTHS)], range=[-0.2, 3.2])
    panels.update_annotations(font_size=12)
    return panels.update_layout(showlegend=len(runs) > 1, margin={"t": 50})


def _add_curve(figure: go.Figure, robustness: RunRobustness, kind: str, *, ink: str, name: str, place: int) -> None:
    strengths = (0, *STRENGTHS)
    shares = [robustness.right(kind, s) / robustness.items for s in strengths]
    ends = [robustness.interval(kind, s) or (share, share) for s, share in zip(strengths, shares, strict=True)]
    figure.add_scatter(
        x=list(strengths),
        y=shares,
        mode="lines+markers",
        name=short(name, 40),
        legendgroup=robustness.run.id,
        showlegend=place == 0,
        line={"color": ink, "width": 2},
        marker={"size": 5, "color": ink},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [high - share for (_, high), share in zip(ends, shares, strict=True)],
            "arrayminus": [share - low for (low, _), share in zip(ends, shares, strict=True)],
            "thickness": 1,
            "width": 2,
            "color": ink,
        },
        hovertemplate=f"{escape_html(name)}<br>strength %{{x}}: %{{y:.1%}}<extra></extra>",
        row=place // COLUMNS + 1,
        col=place % COLUMNS + 1,
    )
