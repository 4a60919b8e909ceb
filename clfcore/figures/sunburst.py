"""A hierarchy as a sunburst: a ring a level, a class as wide as it has items, coloured by how often it is right."""

from collections.abc import Sequence

import plotly.graph_objects as go

from clfcore.evaluation.class_tree import Branch
from clfcore.figures.theme import OKABE_ITO, Look, blank, look, plain, scale_of


def sunburst_figure(
    branches: Sequence[Branch], *, words: str, judged: bool = True, dark: bool = False, height: int = 480
) -> go.Figure:
    """words: the text alternative; judged: coloured by accuracy, else by the outermost class.

    A click opens a class; classes without items have no width.
    """
    page = look(dark=dark)
    figure = blank(words, dark=dark, height=height, keep="sunburst")
    there = [branch for branch in branches if branch.items]
    figure.add_sunburst(
        ids=["/".join(plain(name) for name in branch.path) for branch in there],
        labels=[plain(branch.path[-1]) for branch in there],
        parents=["/".join(plain(name) for name in branch.path[:-1]) for branch in there],
        values=[branch.items for branch in there],
        branchvalues="total",
        marker={"line": {"color": page.paper, "width": 1}, **(_by_accuracy(there, page) if judged else {})},
        customdata=[[branch.right, branch.items, branch.accuracy] for branch in there],
        hovertemplate="%{id}<br>%{customdata[0]:,} of %{customdata[1]:,} right (%{customdata[2]:.1%})<extra></extra>"
        if judged
        else "%{id}<br>%{value:,} pictures<extra></extra>",
        insidetextorientation="auto",
    )
    return figure.update_layout(margin={"l": 0, "r": 0, "t": 8, "b": 8}, sunburstcolorway=list(OKABE_ITO))


def _by_accuracy(branches: Sequence[Branch], page: Look) -> dict:
    return {
        "colors": [branch.accuracy for branch in branches],
        "colorscale": scale_of(page),
        "cmin": 0,
        "cmax": 1,
        "showscale": True,
        "colorbar": {"thickness": 10, "outlinewidth": 0, "tickformat": ".0%", "title": {"text": "accuracy"}},
    }
