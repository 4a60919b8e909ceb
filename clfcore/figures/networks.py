"""Networks: a diagram of stem, stages and head, gradient flow and training loss."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import plotly.graph_objects as go

from clfcore.architectures.degradation_study import SHALLOW, kind_name
from clfcore.figures.theme import blank, colors, escape_html, faded, look
from clfcore.numerals import decimal

if TYPE_CHECKING:  # they import torch
    from clfcore.architectures.degradation_study import Record
    from clfcore.architectures.gradient_flow import GradientReach
    from clfcore.architectures.summary import Summary, Table

TILT = 0.32  # how far a block's depth leans to the right and up, of its height
GAP = 0.5
LOWEST = 0.035  # of the image's height: a single pixel is still seen
TITLES = {"stem": "stem", "neck": "neck", "head": "head"}


class _Image(NamedTuple):
    """Input image, drawn as a block of its own."""

    output_shape: tuple[int, ...]
    name: str = "image"
    parameters: int = 0
    multiply_adds: int = 0
    layers: int = 0


def diagram(network: "Table", *, dark: bool = False, side: int | None = None) -> go.Figure:
    """Diagram of a network, image, stem, stages and head: blocks as high as their maps, as thick as they are many.

    Height follows the square root of the side, thickness the logarithm of the number of maps; `side` is the image side
    that fills the height (None: the network's own), so that two networks can be drawn to one scale.
    """
    page, most = look(dark=dark), side or network.image_size
    name = network.architecture.name
    blocks: list[Summary | _Image] = [
        _Image((network.channels, network.image_size, network.image_size)),
        *network.groups,
    ]
    description = f"{name}: " + ", ".join(f"{_title(block)} {_shape(block)}" for block in blocks) + "."
    figure = blank(description, dark=dark, height=290, keep=f"diagram {name}")
    place = 0.0
    ticks: list[float] = []
    dense = len(blocks) > 9  # labels would meet: each second one stands lower
    for number, block in enumerate(blocks):
        height, thick = _height(block, most), _thickness(block)
        color = page.quiet if block.name == "image" else page.amber if block.name == "head" else page.accent
        _box(figure, block, left=place, height=height, thick=thick, color=color, edge=page.paper)
        middle = place + thick / 2
        label = f"{_title(block)}<br>{_stacked(block)}" if not dense else _title(block, short=True)
        low = -0.1 if not dense or number % 2 == 0 else -0.19
        size = {"size": 12, "color": page.ink} if not dense else {"size": 11, "color": page.ink}
        figure.add_annotation(x=middle, y=low, text=label, showarrow=False, yanchor="top", font=size)
        ticks.append(middle)
        place += thick + GAP + TILT * height
    for (left, a), (right, b) in pairwise(zip(ticks, blocks, strict=True)):
        ends = (left + _thickness(a) / 2 + TILT * _height(a, most) * 0.5, right - _thickness(b) / 2)
        if ends[1] - ends[0] > 0.1:
            figure.add_scatter(
                x=ends, y=[-0.04, -0.04], mode="lines", line={"color": page.line, "width": 1}, hoverinfo="skip"
            )
    figure.update_xaxes(visible=False, range=[-0.45, place], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-0.42, 1 + 0.6 * TILT], fixedrange=True)
    return figure.update_layout(showlegend=False, margin={"l": 0, "r": 0, "t": 4, "b": 4}, dragmode=False)


def _title(block: "Summary | _Image", *, short: bool = False) -> str:
    number = block.name.removeprefix("stage_")
    if number != block.name:
        return number if short else f"stage {number}"
    return TITLES.get(block.name, block.name)


def _shape(block: "Summary | _Image") -> str:
    return " × ".join(str(length) for length in block.output_shape)


def _stacked(block: "Summary | _Image") -> str:
    """The shape in two lines, so that labels of neighbors do not meet."""
    first, _, rest = _shape(block).partition(" × ")
    return f"{first} ×<br>{rest}" if rest else first


def _side(block: "Summary | _Image") -> float:
    """Pixels along the maps: of tokens, the side of the square they would fill; of a vector, one."""
    if len(block.output_shape) == 3:
        return max(_spatial(block.output_shape))
    return math.sqrt(block.output_shape[0]) if len(block.output_shape) == 2 else 1.0


def _spatial(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width: the two equal lengths of C x H x W, or of H x W x C."""
    return (shape[0], shape[1]) if shape[0] == shape[1] != shape[2] else (shape[1], shape[2])


def _maps(block: "Summary | _Image") -> int:
    shape = block.output_shape
    if len(shape) == 3:
        return shape[2] if shape[0] == shape[1] != shape[2] else shape[0]
    return shape[-1] if shape else 1


def _height(block: "Summary | _Image", most: int) -> float:
    return max(LOWEST, math.sqrt(_side(block) / most))


def _thickness(block: "Summary | _Image") -> float:
    return 0.06 * (1 + math.log2(max(1, _maps(block))))


def _box(
    figure: go.Figure,
    block: "Summary | _Image",
    *,
    left: float,
    height: float,
    thick: float,
    color: str,
    edge: str,
) -> None:
    """A slab seen from the left: its edge in front, its face leaning back."""
    lean, rise, right = TILT * height, TILT * height * 0.6, left + thick
    faces = (
        ([left, right, right, left], [0, 0, height, height], 0.85),
        ([left, right, right + lean, left + lean], [height, height, height + rise, height + rise], 0.35),
        ([right, right + lean, right + lean, right], [0, rise, height + rise, height], 0.55),
    )
    work = f"{block.parameters:,} parameters<br>{_giga(block.multiply_adds)} multiply-adds<br>{block.layers:,} layers"
    hover = f"<b>{escape_html(_title(block))}</b><br>{_shape(block)}<br>{'' if block.name == 'image' else work}"
    for x, y, strength in faces:
        figure.add_scatter(
            x=[*x, x[0]],
            y=[*y, y[0]],
            mode="lines",
            fill="toself",
            fillcolor=faded(color, strength),
            line={"color": edge, "width": 1},
            hoveron="fills",
            text=hover,
            hoverinfo="text",
        )


def _giga(count: float) -> str:
    """A count as 1.81 G or 320 M."""
    return f"{count / 1e9:.2f} G" if count >= 1e9 else f"{count / 1e6:,.1f} M"


def gradients(reaches: "Sequence[GradientReach]", *, after: bool = False, dark: bool = False) -> go.Figure:
    """Gradient norms of each layer, first to last, on a log scale, a line for each network."""
    inks = colors(8)
    parts = [
        f"{one.name} {decimal(_norm(one, 0, after=after), digits=3)} in the first layer, "
        f"{decimal(_norm(one, -1, after=after), digits=3)} in the last"
        for one in reaches
    ]
    figure = blank("Gradient norms: " + "; ".join(parts) + ".", dark=dark, height=340, keep=f"gradients {after}")
    for ink, mark, one in zip((inks[0], inks[5]), ("circle", "x"), reaches, strict=False):
        norms = [norm.after if after else norm.before for norm in one.norms]
        figure.add_scatter(
            x=list(range(1, len(norms) + 1)),
            y=norms,
            mode="lines+markers",
            name=one.name,
            line={"color": ink, "width": 1.5},
            marker={"color": ink, "size": 6, "symbol": mark},
            customdata=[[escape_html(norm.layer)] for norm in one.norms],
            hovertemplate="%{customdata[0]}<br>%{y:,.3~r}<extra></extra>",
        )
    figure.update_xaxes(title_text="layer with weights, first to last")
    return figure.update_yaxes(type="log", title_text="norm of the gradient", exponentformat="power")


def losses(record: "Record", *, dark: bool = False) -> go.Figure:
    """Training loss by epoch, log scale: a line for each trained network whose epochs were kept."""
    inks = {False: colors(8)[5], True: colors(8)[0]}
    listed: set[str] = set()
    figure = blank(record.describe(), dark=dark, height=320, keep="degradation")
    for one in sorted(record.trained, key=lambda one: (one.residual, one.layers, one.seed)):
        name = kind_name(one.layers, residual=one.residual)
        if not one.losses:
            continue
        figure.add_scatter(
            x=list(range(1, len(one.losses) + 1)),
            y=list(one.losses),
            mode="lines",
            name=name,
            legendgroup=name,
            showlegend=name not in listed,
            line={"color": inks[one.residual], "width": 2, "dash": "dot" if one.layers == SHALLOW else "solid"},
            hovertemplate=f"{name}, seed {one.seed}, epoch %{{x}}: %{{y:,.3~r}}<extra></extra>",
        )
        listed.add(name)
    figure.update_xaxes(title_text="epoch")
    return figure.update_yaxes(type="log", title_text="training loss", exponentformat="power", dtick=1)


def _norm(reach: "GradientReach", place: int, *, after: bool) -> float:
    norm = reach.norms[place]
    return norm.after if after else norm.before
