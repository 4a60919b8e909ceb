"""Square matrices: agreement of runs, difference of two confusion matrices, co-occurrence of labels."""

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from clfcore.evaluation.differences import ConfusionDifference
from clfcore.evaluation.ensembles import Agreement
from clfcore.evaluation.multilabel import CoOccurrence
from clfcore.figures.theme import Look, blank, escape_html, look, scale_of, short

NUMBERED = 15  # rows and columns up to which each cell shows its number
NAMED = 50  # names along an axis; of more every second, third, … is written


def agreement_figure(agreement: Agreement, *, dark: bool = False) -> go.Figure:
    """Agreement matrix: the share of items for which two runs predict the same."""
    page, k = look(dark=dark), len(agreement.runs)
    figure = blank(agreement.describe(), dark=dark, height=min(640, 170 + 44 * k), keep="agreement")
    _squares(figure, agreement.same, agreement.runs, scale=scale_of(page), low=0.0, high=1.0, form=".1%")
    return figure


def confusion_difference_figure(difference: ConfusionDifference, *, dark: bool = False) -> go.Figure:
    """Difference of two confusion matrices: more items in teal, fewer in amber; unchanged cells stay empty."""
    page, c = look(dark=dark), len(difference.classes)
    figure = blank(difference.describe(), dark=dark, height=min(760, max(320, 150 + 34 * c)), keep=f"moved {c}")
    most = max(1.0, float(np.abs(difference.counts).max(initial=0)))
    shown = np.where(difference.counts != 0, difference.counts, np.nan)
    _squares(figure, shown, difference.classes, scale=_diverging(page), low=-most, high=most, form="+d")
    figure.update_xaxes(title_text="predicted")
    return figure.update_yaxes(title_text="true")


def co_occurrence_figure(counts: CoOccurrence, *, predicted: bool = False, dark: bool = False) -> go.Figure:
    """Co-occurrence matrix: items with both labels, true or predicted; on the diagonal, items with the label."""
    page, c = look(dark=dark), len(counts.classes)
    figure = blank(counts.describe(), dark=dark, height=min(760, max(320, 150 + 34 * c)), keep=f"together {c}")
    values = counts.predicted if predicted else counts.truth
    most = max(1.0, float(values.max(initial=0)))
    shown = np.where(values > 0, values, np.nan)
    _squares(figure, shown, counts.classes, scale=scale_of(page), low=0.0, high=most, form=",d")
    return figure


def _squares(
    figure: go.Figure,
    values: np.ndarray,
    names: Sequence[str],
    *,
    scale: list[tuple[float, str]],
    low: float,
    high: float,
    form: str,
) -> None:
    """A square heatmap, the first row on top, with its numbers where there is room for them."""
    n = len(names)
    figure.add_heatmap(
        z=values,
        zmin=low,
        zmax=high,
        colorscale=scale,
        xgap=1 if n <= NAMED else 0,
        ygap=1 if n <= NAMED else 0,
        texttemplate=f"%{{z:{form}}}" if n <= NUMBERED else None,
        showscale=n > NUMBERED,
        customdata=[[f"{escape_html(row)}, {escape_html(column)}" for column in names] for row in names]
        if n <= NAMED
        else None,
        hovertemplate=f"%{{customdata}}<br>%{{z:{form}}}<extra></extra>" if n <= NAMED else None,
        hoverongaps=False,
        colorbar={"thickness": 10, "outlinewidth": 0, "tickformat": form},
    )
    places = list(range(0, n, math.ceil(n / NAMED) or 1))
    axis = {"tickvals": places, "ticktext": [short(names[i], 18) for i in places], "showgrid": False}
    figure.update_xaxes(constrain="domain", range=[-0.5, n - 0.5], tickangle=-45, **axis)
    figure.update_yaxes(scaleanchor="x", constrain="domain", range=[n - 0.5, -0.5], **axis)


def _diverging(page: Look) -> list[tuple[float, str]]:
    return [(0.0, page.amber), (0.5, page.paper), (1.0, page.accent)]
