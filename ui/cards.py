"""Pictures on a page: square cards of one size, and what a network saw and said. HTML with pictures inside it.

Pictures travel inside the page (data URIs of at most 192 pixels), so that nothing is left in the server's media store.
Names come from folders and files of others: everything that is shown is escaped.
"""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from clfcore.data.bit_depth import shown, to_bytes
from clfcore.errors import InputError
from ui.formatting import count, percent, shorten

if TYPE_CHECKING:
    import numpy as np

    from clfcore.data.bit_depth import ValueRange
    from clfcore.data.dataset import ImageDataset
    from clfcore.evaluation.operating_point import OperatingPoint


THUMBNAIL = 192  # pixels; more is not seen in a card
SMALL = 96  # a picture smaller than this is enlarged without smoothing


@dataclass(frozen=True)
class Picture:
    """A picture ready for the page: its address, and whether it is enlarged without smoothing."""

    source: str
    sharp: bool = False


@dataclass(frozen=True)
class Card:
    """A picture with its truth, what was predicted, whether that is right, and the probabilities of both.

    name: what the picture is called, whole on hover. item: of an item of data its id, which stands on the card.
    whole_truth: the truth on hover, where the card shows a part of it: of a hierarchy the finest class.
    """

    picture: Picture
    name: str
    truth: str = ""
    predicted: str = ""
    right: bool | None = None
    probability: float | None = None
    truth_probability: float | None = None
    item: str = ""
    whole_truth: str = ""


def picture(pixels: "np.ndarray", *, side: int = THUMBNAIL, lossless: bool = False) -> Picture:
    """H x W x 3 or x 1, bytes or tones -> a picture of at most `side` pixels; a small one is enlarged unsmoothed."""
    pixels = to_bytes(pixels)
    image = Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
    sharp = max(image.size) < SMALL
    if max(image.size) > side:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    out, kind = io.BytesIO(), "png" if sharp or lossless else "jpeg"
    # A PNG of least effort is up to a fifth larger and takes a third of the time: 5 ms of an answer instead of 17.
    image.save(out, kind, **({"compress_level": 1} if kind == "png" else {"quality": 85}))
    return Picture(f"data:image/{kind};base64,{base64.b64encode(out.getvalue()).decode()}", sharp)


def cards(shown: Sequence[Card], *, side: int = 150) -> None:
    """A grid of square cards: truth above, prediction with its mark below, the probability as a thin bar."""
    card_grid(shown, side=side)


def card_grid(shown: Sequence[Card], *, side: int, grid: str | None = None) -> None:
    """The same; of a named grid each picture is a button that tells its place, for `ui.closeup.grid` to open."""
    body = "".join(_card(card, None if grid is None else at) for at, card in enumerate(shown))
    name = "" if grid is None else f' data-grid="{escape(grid)}"'
    st.html(f'<div class="clf-cards" style="--side: {side}px"{name}>{body}</div>')


def _card(card: Card, at: int | None = None) -> str:
    above = _line(card.truth, "clf-truth", card.whole_truth) if card.truth else ""
    alt = f"{card.name}: {card.truth}" + (f", predicted {card.predicted}" if card.predicted else "")
    below = ""
    if card.predicted:
        mark = {True: '<b class="clf-right">✓ right</b>', False: '<b class="clf-wrong">✗ wrong</b>', None: ""}[
            card.right
        ]
        below = _line(card.predicted, "clf-guess") + bar(card.probability) + f'<div class="clf-note">{mark}'
        below += f"<span>{percent(card.probability)}</span></div>"
        if card.truth_probability is not None:
            below += f'<div class="clf-note"><span>true class: {percent(card.truth_probability)}</span></div>'
    framed = square(card.picture, alt)
    if at is not None:
        label = escape(f"Open {alt}")
        framed = f'<button type="button" class="clf-open" data-at="{at}" aria-label="{label}">{framed}</button>'
    if card.item:
        below += _line(card.item, "clf-name")
    return f'<figure class="clf-card" title="{escape(card.name)}">{above}{framed}{below}</figure>'


def square(shown: Picture, alt: str) -> str:
    """HTML of one picture in its square frame."""
    sharp = ' class="clf-sharp"' if shown.sharp else ""
    return f'<div class="clf-square"><img{sharp} src="{shown.source}" alt="{escape(alt)}"></div>'


def bar(share: float | None) -> str:
    """HTML of a thin bar filled to a share from 0 to 1."""
    return f'<div class="clf-bar"><i style="width: {100 * (share or 0):.1f}%"></i></div>'


def top_bars(top: Sequence[tuple[str, float]], level: str = "") -> str:
    """HTML of the likeliest classes, each with its bar and its probability; `level` stands above them."""
    rows = "".join(
        f'<li title="{escape(label)}"><span>{escape(shorten(label, 34))}</span><em>{percent(p)}</em>{bar(p)}</li>'
        for label, p in top
    )
    heading = f'<li class="clf-level">{escape(level)}</li>' if level else ""
    return f'<ol class="clf-top">{heading}{rows}</ol>'


def bars(top: Sequence[tuple[str, float]]) -> None:
    """The likeliest classes by themselves."""
    st.html(f'<div class="clf-verdict">{top_bars(top)}</div>')


PANELS = 24  # at once; a table shows all labels


def count_panels(points: "Sequence[OperatingPoint]") -> None:
    """The 2 x 2 counts of each label at its threshold: a small table, shaded by share of the row, amber for errors."""
    st.html(f'<div class="clf-panels">{"".join(_panel(point) for point in points[:PANELS])}</div>')
    if len(points) > PANELS:
        st.caption(f"The first {PANELS} of {count(len(points), 'label')}; the table has all of them.")


def _panel(point: "OperatingPoint") -> str:
    positive = point.true_positives + point.false_negatives
    negative = point.false_positives + point.true_negatives
    rows = (
        ("present", positive, (point.true_positives, "true positive"), (point.false_negatives, "false negative")),
        ("absent", negative, (point.false_positives, "false positive"), (point.true_negatives, "true negative")),
    )
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(_cell(*cell, of) for cell in cells)}</tr>'
        for name, of, *cells in rows
    )
    head = '<tr><td></td><th scope="col">predicted</th><th scope="col">not predicted</th></tr>'
    title = f'<caption title="{escape(point.name)}">{escape(shorten(point.name, 26))}</caption>'
    return f'<table class="clf-panel" title="{escape(point.describe())}">{title}{head}{body}</table>'


def _cell(items: int, kind: str, of: int) -> str:
    share = items / of if of else 0.0
    style = "clf-wrong" if kind.startswith("false") else "clf-right"
    title = f"{kind}s: {count(items)} of {count(of)}" + (f", {percent(share)}" if of else "")
    return (
        f'<td title="{title}" style="--share: {100 * share:.0f}%" class="{style}">'
        f"<b>{count(items)}</b><span>{kind}{'' if items == 1 else 's'}</span></td>"
    )


def _line(text: str, kind: str, whole: str = "") -> str:
    return f'<figcaption class="{kind}" title="{escape(whole or text)}">{escape(shorten(text))}</figcaption>'


def item_picture(dataset: "ImageDataset", index: int | None, value_range: "Callable[[], ValueRange | None]") -> Picture:
    """The thumbnail of an item, or an empty square where it is not there or cannot be read.

    value_range: what counts as black and white in the dataset's pictures; asked for only where one is deep.
    """
    if index is None:
        return picture(np.full((8, 8, 3), 128, np.uint8))
    try:
        pixels = dataset.image(index, least_side=THUMBNAIL)
        return picture(shown(pixels, None if pixels.dtype == np.uint8 else value_range()))
    except InputError:
        return picture(np.full((8, 8, 3), 128, np.uint8))
