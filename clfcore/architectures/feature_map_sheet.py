"""What a network makes of an image, as one picture: the square it sees, a row of maps a stage, the first filters."""

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:  # it imports torch
    from clfcore.architectures.feature_maps import NetworkFeatures

SIDE, FILTER, GAP, LINE = 112, 40, 8, 26  # pixels: a map, a filter, between them, a row's title
_PAPER, _INK = (252, 251, 248), (29, 35, 38)


def sheet(features: "NetworkFeatures") -> np.ndarray:
    """H x W x 3 uint8. Maps are enlarged without smoothing, for a pixel is a value."""
    columns = max(len(stage.strongest) for stage in features.stages) if features.stages else 1
    width = GAP + max(columns, 8) * (SIDE + GAP)
    rows = [("what it sees", [features.square], SIDE)]
    for stage in features.stages:
        shown = [pixels for _, pixels in stage.strongest]
        numbers = ", ".join(str(number) for number, _ in stage.strongest)
        title = (
            f"{stage.stage.replace('_', ' ')} · {stage.layer} · {stage.maps:,} maps, those that vary most: {numbers}"
        )
        rows.append((title, shown, SIDE))
    title = f"first layer's filters · {len(features.filters)} of {features.filter_count}; gray is a weight of nothing"
    rows.append((title, list(features.filters), FILTER))
    return _drawn(rows, width)


def _drawn(rows: list[tuple[str, list[np.ndarray], int]], width: int) -> np.ndarray:
    heights = [LINE + -(-len(shown) // _fit(width, side)) * (side + GAP) for _, shown, side in rows]
    page = Image.new("RGB", (width, GAP + sum(heights)), _PAPER)
    draw, font, top = ImageDraw.Draw(page), ImageFont.load_default(13), GAP
    for (title, shown, side), height in zip(rows, heights, strict=True):
        draw.text((GAP, top + 4), title, _INK, font)
        for number, pixels in enumerate(shown):
            line, place = divmod(number, _fit(width, side))
            corner = (GAP + place * (side + GAP), top + LINE + line * (side + GAP))
            page.paste(_enlarged(pixels, side), corner)
        top += height
    return np.asarray(page)


def _fit(width: int, side: int) -> int:
    return max(1, (width - GAP) // (side + GAP))


def _enlarged(pixels: np.ndarray, side: int) -> Image.Image:
    """The longer side becomes `side`; H x W, H x W x 1 or H x W x 3 uint8."""
    image = Image.fromarray(pixels.squeeze(-1) if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels).convert("RGB")
    scale = side / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS)
