"""Map of a dataset: a point an item, colored by what is known of it; points can be clicked, boxed and lassoed."""

from collections import Counter
from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from clfcore.figures.theme import OKABE_ITO, blank, colors, escape_html, look, scale_of, short
from clfcore.quality.dataset_map import Coloring, MapPoint

NAMED = 20  # classes with a color of their own, the most frequent ones
SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "triangle-down", "star")
MANY = 2_000  # points from which they are drawn smaller


def dataset_map_figure(
    points: Sequence[MapPoint],
    color: Coloring = "class",
    *,
    photo: tuple[float, float] | None = None,
    dark: bool = False,
    height: int = 560,
) -> go.Figure:
    """Map of items; a point's customdata is [item]. photo: where a picture that is no item would lie.

    Axes have no numbers: only nearness means something. Classes differ by sign as well as by color.
    """
    words = f"Map of {len(points):,} images, colored by {color}"
    figure = blank(words, dark=dark, height=height, keep="dataset map")
    size = 5 if len(points) > MANY else 7
    if color in ("confidence", "suspicion"):
        _by_value(figure, points, color, dark=dark, size=size)
    else:
        _by_name(figure, points, color, dark=dark, size=size)
    if photo is not None:
        ring = {"size": 18, "symbol": "star", "color": look(dark=dark).red, "line": {"width": 2, "color": "#FFFFFF"}}
        figure.add_scatter(x=[photo[0]], y=[photo[1]], mode="markers", marker=ring, name="your photo")
    axis = {"showticklabels": False, "ticks": "", "showgrid": False, "showline": False, "title": None}
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis, scaleanchor="x")
    return figure.update_layout(
        dragmode="lasso", showlegend=True, legend={"itemsizing": "constant", "y": -0.02, "yanchor": "top"}
    )


def _by_name(figure: go.Figure, points: Sequence[MapPoint], color: Coloring, *, dark: bool, size: int) -> None:
    """A trace a class, split or outcome."""
    page = look(dark=dark)
    name_of: Callable[[MapPoint], str]
    if color == "split":
        name_of = lambda point: point.split or "no split"  # noqa: E731 - one of three
    elif color == "error":
        name_of = lambda point: {True: "wrong", False: "right", None: "not predicted"}[point.error]  # noqa: E731
    else:
        frequent = {name for name, _ in Counter(point.label for point in points).most_common(NAMED)}
        name_of = lambda point: point.label if point.label in frequent else "other classes"  # noqa: E731
    members: dict[str, list[MapPoint]] = {}
    for point in points:
        members.setdefault(name_of(point), []).append(point)
    names = sorted(members, key=lambda name: (name in ("other classes", "no split", "not predicted"), name))
    shades = dict(zip(names, colors(len(names)), strict=True))
    shades |= {"wrong": page.red, "right": OKABE_ITO[0], "not predicted": page.quiet, "other classes": page.quiet}
    for number, name in enumerate(names):
        marker = {"size": size, "color": shades[name], "symbol": SYMBOLS[number % len(SYMBOLS)], "opacity": 0.8}
        if name == "wrong":
            marker |= {"symbol": "x", "size": size + 2, "opacity": 1}
        _scatter(figure, members[name], short(name), marker=marker)


def _by_value(figure: go.Figure, points: Sequence[MapPoint], color: Coloring, *, dark: bool, size: int) -> None:
    """The items of which the value is known, and the rest in gray."""
    page = look(dark=dark)
    known = sorted((p for p in points if getattr(p, color) is not None), key=lambda p: float(getattr(p, color)))
    unknown = [point for point in points if getattr(point, color) is None]
    if unknown:
        _scatter(figure, unknown, f"no {color}", marker={"size": size, "color": page.quiet, "opacity": 0.4})
    marker = {
        "size": size,
        "color": [getattr(point, color) for point in known],
        "cmin": 0,
        "cmax": 1,
        "colorscale": scale_of(page),
        "colorbar": {"title": {"text": color}, "thickness": 12, "tickformat": ".1f"},
        "line": {"width": 0.5, "color": page.line},
    }
    _scatter(figure, known, color, marker=marker)


def _scatter(figure: go.Figure, points: Sequence[MapPoint], name: str, *, marker: dict[str, object]) -> None:
    figure.add_trace(
        go.Scattergl(
            x=[point.x for point in points],
            y=[point.y for point in points],
            customdata=[[point.item] for point in points],
            text=[_hover(point) for point in points],
            hovertemplate="%{text}<extra></extra>",
            mode="markers",
            marker=marker,
            name=name,
        )
    )


def _hover(point: MapPoint) -> str:
    lines = [escape_html(point.item[-60:]), f"{escape_html(point.label)}, {point.split or 'no split'}"]
    if point.confidence is not None:
        lines.append(f"predicted {'wrong' if point.error else 'right'}, probability {point.confidence:.3f}")
    if point.suspicion is not None:
        lines.append(f"suspicion {point.suspicion:.3f}")
    return "<br>".join(lines)
