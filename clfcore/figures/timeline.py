"""Timeline of architectures: each at the year of its paper, and their published accuracy against cost."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

import plotly.graph_objects as go

from clfcore.architectures.families import FAMILIES
from clfcore.figures.theme import blank, colors, escape_html, faded, look, percent

if TYPE_CHECKING:
    from clfcore.architectures.catalogue import Architecture
    from clfcore.architectures.published_accuracy import Published  # it imports torch

SHAPES = ("circle", "square", "diamond")
ROW = 19  # pixels of a name's row
LETTER = 0.5  # years that a letter of a name takes where the figure is 460 pixels wide, as in a window of 820


class _Place(NamedTuple):
    row: "Architecture"
    year: int
    line: int


def years(rows: "Sequence[Architecture]", *, chosen: str | None = None, dark: bool = False) -> go.Figure:
    """Architectures over the years of their papers: a point and its name each, a color and shape for each family.

    rows without a year are left out. A point's `customdata` is the architecture's name; `chosen` is ringed. Height has
    no meaning: names are stacked so that none covers another.
    """
    page = look(dark=dark)
    places = _stacked([row for row in rows if row.year is not None])
    first, last = places[0].year, places[-1].year
    text = f"{len(places)} architectures by year, from {places[0].row.name}, {first}, to {places[-1].row.name}, {last}."
    lines = 1 + max(place.line for place in places)
    figure = blank(text, dark=dark, height=110 + ROW * lines, keep="years")
    for number, (family, members) in enumerate(_by_family(places)):
        ink, shape = _mark(number)
        figure.add_scatter(
            x=[place.year for place in members],
            y=[place.line for place in members],
            mode="markers+text",
            name=_title(family),
            marker={"color": ink, "size": 10, "symbol": shape},
            text=[f" {escape_html(place.row.name)}" for place in members],
            textposition="middle right",
            textfont={"color": page.ink, "size": 12},
            customdata=[[place.row.name] for place in members],
            hovertext=[_facts(place.row) for place in members],
            hovertemplate="%{hovertext}<extra></extra>",
            cliponaxis=False,
        )
    _ring(figure, [(p.year, p.line) for p in places if p.row.name == chosen], ink=page.ink)
    figure.update_xaxes(
        title_text="year of the paper", range=[first - 1, max(_end(p.year, p.row.name) for p in places)],
        tickvals=list(range(first, last + 1, 2)), showgrid=True,
    )  # fmt: skip
    figure.update_yaxes(visible=False, range=[lines - 0.3, -0.8], fixedrange=True)
    return figure.update_layout(legend={"itemsizing": "constant"})


def _stacked(rows: "Sequence[Architecture]") -> list[_Place]:
    """Rows by year, then family, those of a family in a year below each other, where no earlier name reaches."""
    ordered = sorted(rows, key=lambda row: (row.year or 0, row.family))
    reached: list[float] = []  # of each line, the year up to which it is taken
    places: list[_Place] = []
    for (year, _), group in groupby(ordered, key=lambda row: (row.year or 0, row.family)):
        members = list(group)
        start = next(
            line for line in range(len(reached) + 1) if all(end < year for end in reached[line : line + len(members)])
        )
        for line, row in enumerate(members, start):
            reached.extend([0.0] * (line + 1 - len(reached)))
            reached[line] = _end(year, row.name)
            places.append(_Place(row, year, line))
    return places


def _end(year: int, name: str) -> float:
    """Year up to which a name reaches that stands beside its point."""
    return year + 0.8 + LETTER * len(name)


def _by_family(places: Sequence[_Place]) -> list[tuple[str, list[_Place]]]:
    names = dict.fromkeys(place.row.family for place in places)
    return [(name, [place for place in places if place.row.family == name]) for name in names]


def _facts(row: "Architecture") -> str:
    size = "" if row.parameters is None else f"<br>{row.parameters:,} parameters"
    title = row.paper.title
    paper = f"<br>{escape_html(title)}" if title else ""
    return f"<b>{escape_html(row.name)}</b>, {escape_html(_title(row.family))} {row.year}{paper}{size}"


def _title(family: str) -> str:
    known = FAMILIES.get(family)
    return known.title if known else family


def _mark(number: int) -> tuple[str, str]:
    """Color and shape of the nth family; the palette's eighth color is weak on paper."""
    return colors(8)[number % 7], SHAPES[number // 7 % len(SHAPES)]


def _ring(figure: go.Figure, points: Sequence[tuple[float, float]], *, ink: str, names: Sequence[str] = ()) -> None:
    """Ring around the chosen network's point, with its name where it has none."""
    if points:
        figure.add_scatter(
            x=[x for x, _ in points],
            y=[y for _, y in points],
            mode="markers+text" if names else "markers",
            marker={"symbol": "circle-open", "size": 20, "color": ink, "line": {"width": 2}},
            text=list(names) or None,
            textposition="bottom center",
            showlegend=False,
            hoverinfo="skip",
            cliponaxis=False,
        )


def accuracy_against_cost(
    points: "Sequence[Published]",
    *,
    against: Literal["parameters", "multiply_adds"] = "parameters",
    chosen: str | None = None,
    dark: bool = False,
) -> go.Figure:
    """ImageNet top-1 as published against parameters or multiply-adds (log scale), a line for each family.

    A point's `customdata` is the network's name; `chosen` is ringed.
    """
    page = look(dark=dark)
    best = max(points, key=lambda point: point.top1)
    words = f"{len(points)} networks; the most accurate is {best.name} with {percent(best.top1)} top-1."
    figure = blank(words, dark=dark, height=460, keep=f"timeline {against}")
    for number, family in enumerate(dict.fromkeys(point.family for point in points)):
        members = sorted((p for p in points if p.family == family), key=lambda p: _cost(p, against))
        ink, shape = _mark(number)
        figure.add_scatter(
            x=[_cost(p, against) for p in members],
            y=[p.top1 for p in members],
            mode="lines+markers",
            name=f"{_title(family)} {members[0].year or ''}",
            line={"color": faded(ink, 0.5), "width": 1},
            marker={"color": ink, "size": 11, "symbol": shape},
            customdata=[[p.name] for p in members],
            hovertext=[_hover_text(p) for p in members],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    ringed = [p for p in points if p.name == chosen]
    places = [(_cost(p, against), p.top1) for p in ringed]
    _ring(figure, places, ink=page.ink, names=[escape_html(p.name) for p in ringed])
    figure.update_xaxes(
        type="log", title_text=f"{against.replace('_', '-')} (log scale)", dtick="D2", exponentformat="SI"
    )
    return figure.update_yaxes(title_text="ImageNet top-1, as published", tickformat=".0%")


def _cost(point: "Published", against: Literal["parameters", "multiply_adds"]) -> float:
    return point.parameters if against == "parameters" else point.multiply_adds


def _hover_text(point: "Published") -> str:
    return (
        f"<b>{escape_html(point.name)}</b>, {point.year}<br>{percent(point.top1)} top-1, {percent(point.top5)} top-5"
        f"<br>{point.parameters:,} parameters<br>{point.multiply_adds / 1e6:,.0f} million multiply-adds at "
        f"{point.image_size} px"
    )
