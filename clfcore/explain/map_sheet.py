"""Contact sheet of saliency maps: a row a model, the picture first, each with its name above it."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from clfcore.data.bit_depth import to_bytes

_GAP, _LINE = 10, 18  # pixels between two pictures, and of a name


@dataclass(frozen=True, eq=False)
class TitledImage:
    """H x W x C bytes or tones, C 1 or 3, with the name that stands above them."""

    title: str
    pixels: np.ndarray


def map_sheet(rows: Sequence[Sequence[TitledImage]], *, side: int) -> bytes:
    """A PNG of all rows, every picture scaled to side x side pixels; a small one is enlarged unsmoothed."""
    across = max((len(row) for row in rows), default=1) or 1
    size = (_GAP + across * (side + _GAP), _GAP + len(rows) * (side + _LINE + _GAP))
    paper = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(12)
    for y, row in enumerate(rows):
        for x, titled in enumerate(row):
            left, top = _GAP + x * (side + _GAP), _GAP + y * (side + _LINE + _GAP)
            pen.text((left, top), titled.title[:36], "black", font)
            pixels = to_bytes(titled.pixels)
            image = Image.fromarray(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels)
            smoothing = Image.Resampling.NEAREST if image.width < side / 2 else Image.Resampling.LANCZOS
            paper.paste(image.resize((side, side), smoothing), (left, top + _LINE))
    out = io.BytesIO()
    paper.save(out, "png")
    return out.getvalue()
