"""Sunburst of a hierarchy: a ring for each level, a class as wide as its items, colored by accuracy."""

from collections.abc import Sequence

import plotly.graph_objects as go

from clfcore.evaluation.class_tree import Branch
from clfcore.figures.theme import OKABE_ITO, Look, blank, escape_html, look, scale_of


def sunburst_figure(
    branches: Sequence[Branch], *, words: str, judged: bool = True, dark: bool = False, height: int = 480
) -> go.Figure:
    """Sunburst of a hierarchy. words: the text alternative; judged: colored by accuracy, else by the outermost class.

    A click opens a class; classes without items have no width.
    """
    page = look(dark=dark)
    figure = blank(words, dark=dark, height=height, keep="sunburst")
    occupied = [branch for branch in branches if branch.items]
    figure.add_sunburst(
        ids=["/".join(escape_html(name) for name in branch.path) for branch in occupied],
        labels=[escape_html(branch.path[-1]) for branch in occupied],
        parents=["/".join(escape_html(name) for name in branch.path[:-1]) for branch in occupied],
        values=[branch.items for branch in occupied],
        branchvalues="total",
        marker={"line": {"color": page.paper, "width": 1}, **(_by_accuracy(occupied, page) if judged else {})},
        customdata=[[branch.right, branch.items, branch.accuracy] for branch in occupied],
        hovertemplate="%{id}<br>%{customdata[0]:,} of %{customdata[1]:,} right (%{customdata[2]:.1%})<extra></extra>"
        if judged
        else "%{id}<br>%{value:,} pictures<extra></extra>",
        insidetextorientation="auto",
    )
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 8, "b": 8}, sunburstcolorway=list(OKABE_ITO))


def _by_accuracy(branches: Sequence[Branch], page: Look) -> dict[str, object]:
    return {
        "colors": [branch.accuracy for branch in branches],
        "colorscale": scale_of(page),
        "cmin": 0,
        "cmax": 1,
        "showscale": True,
        "colorbar": {"thickness": 10, "outlinewidth": 0, "tickformat": ".0%", "title": {"text": "accuracy"}},
    }
