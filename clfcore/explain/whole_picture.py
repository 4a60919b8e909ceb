"""A saliency map over the whole picture: which part of it the network sees, and the map laid over that part."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from clfcore.data.bit_depth import to_bytes
from clfcore.data.pixels import Preprocess
from clfcore.explain.saliency_map import SaliencyMap, overlay_image


@dataclass(frozen=True)
class Box:
    """A part of a picture, in its pixels; right and bottom are the first beyond it."""

    left: int
    top: int
    right: int
    bottom: int


def visible_box(preprocess: Preprocess, *, width: int, height: int) -> Box:
    """The part of a picture of this size that evaluation sees: the central square of `crop`, all of it else."""
    if preprocess.fit != "crop":
        return Box(0, 0, width, height)
    side = min(width, height) * preprocess.size / preprocess.stored_side
    left, top = round((width - side) / 2), round((height - side) / 2)
    side = max(1, round(side))
    return Box(left, top, min(width, left + side), min(height, top + side))


def overlay_whole(
    pixels: np.ndarray, preprocess: Preprocess, saliency: SaliencyMap, *, opacity: float = 0.5
) -> np.ndarray:
    """A map over a whole picture, H x W x 3 uint8; what the network does not see stays as it is, outside a frame.

    pixels: H x W x 1 or 3, bytes or tones, of the picture's own proportions. A small picture is enlarged without
    smoothing to at least the map's side, so that the map keeps its detail.
    """
    pixels = to_bytes(pixels)
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    times = -(-preprocess.size // min(pixels.shape[:2]))
    if times > 1:
        pixels = pixels.repeat(times, axis=0).repeat(times, axis=1)
    height, width = pixels.shape[:2]
    box = visible_box(preprocess, width=width, height=height)
    part = pixels[box.top : box.bottom, box.left : box.right]
    values = _stretched(
        _unpadded(saliency.values, preprocess, width=width, height=height), part.shape[1], part.shape[0]
    )
    out = pixels.copy()
    out[box.top : box.bottom, box.left : box.right] = overlay_image(
        np.ascontiguousarray(part), replace(saliency, values=values), opacity=opacity
    )
    if (box.right - box.left, box.bottom - box.top) != (width, height):
        _frame(out, box, thickness=max(1, round(min(width, height) / 200)))
    return out


def _unpadded(values: np.ndarray, preprocess: Preprocess, *, width: int, height: int) -> np.ndarray:
    """The map of the picture itself, without what `pad` put around it."""
    if preprocess.fit != "pad":
        return values
    side = values.shape[0]
    scale = side / max(width, height)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (side - across) // 2, (side - down) // 2
    return values[top : top + down, left : left + across]


def _stretched(values: np.ndarray, width: int, height: int) -> np.ndarray:
    image = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.clip(np.asarray(image.resize((width, height), Image.Resampling.BILINEAR)), 0, 1)


def _frame(pixels: np.ndarray, box: Box, *, thickness: int) -> None:
    """Draw a white frame with a dark edge around the box, in place: it shows on light and dark pictures."""
    for inset, shade in ((0, 255), (thickness, 32)):
        top, bottom, left, right = box.top + inset, box.bottom - inset, box.left + inset, box.right - inset
        pixels[top : top + thickness, left:right] = shade
        pixels[bottom - thickness : bottom, left:right] = shade
        pixels[top:bottom, left : left + thickness] = shade
        pixels[top:bottom, right - thickness : right] = shade
