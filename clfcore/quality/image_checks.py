"""Image checks: pictures that are dark, bright, blurry, low in contrast, of an odd shape, tiny or gray among colors.

The limits are fixed, so that a finding means the same on every dataset. Letters: N items.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from clfcore.data.dataset import ImageDataset
from clfcore.data.image_file import image_size
from clfcore.errors import InputError
from clfcore.quality.picture_pass import PictureMeasures
from clfcore.results import Result

ImageKind = Literal["dark", "bright", "blurry", "low-contrast", "odd-shape", "tiny", "grey"]

DARK = 0.3  # the 99th percentile of luminance, 0 to 1, below which nothing of a picture is bright
BRIGHT = 0.85  # the 1st percentile of luminance from which nothing of it is dark
CONTRAST = 0.15  # the distance of both percentiles below which a picture is almost flat
SHARPNESS = 0.11  # the strongest edges (Laplacian) as a share of that distance; below, no edge is sharp
SHARP_FROM = 160  # pixels of the shorter side; enlarging a smaller picture blurs it
SHAPE = 4.0  # the longer side over the shorter one
TINY, SMALL = 4, 32  # a shorter side of less than a fourth of the usual, or than 32 pixels and half the usual
GRAY, COLORED = 4 / 255, 0.5  # the largest difference of two channels; the share of colored pictures in the dataset


@dataclass(frozen=True)
class ImageFlaw(Result):
    """A picture beyond a limit.

    value: of `dark` the 99th and of `bright` the 1st percentile of luminance (0 to 1), of `low-contrast` their
    distance, of `blurry` the sharpness (0 to 1), of `odd-shape` the longer side over the shorter, of `tiny` the shorter
    side in pixels, of `grey` the largest difference of two channels (0 to 1).
    """

    item: str
    kind: ImageKind
    value: float


def check_images(dataset: ImageDataset, measures: PictureMeasures) -> tuple[ImageFlaw, ...]:
    """Every picture beyond a limit, those farthest beyond it first; a picture with two flaws stands there twice."""
    sizes = header_sizes(dataset)
    flaws = [*_of_shape(dataset.ids, sizes), *_of_pixels(dataset.ids, measures, _enlarged(sizes))]
    flaws.sort(key=lambda flaw: (-flaw[0], flaw[1].item, flaw[1].kind))
    return tuple(flaw for _, flaw in flaws)


def header_sizes(dataset: ImageDataset) -> np.ndarray:
    """Width and height of each picture as its file says, N x 2; 0 where a file has gone."""
    if dataset.pixels is not None:
        height, width = dataset.pixels.shape[1:3]
        return np.tile(np.array([width, height], np.int64), (len(dataset), 1))
    sizes = np.zeros((len(dataset), 2), np.int64)
    for i, path in enumerate(dataset.files):
        try:
            sizes[i] = image_size(path)
        except InputError:  # what has gone since it was decoded is no flaw of the picture
            continue
    return sizes


def _enlarged(sizes: np.ndarray) -> np.ndarray:
    """Which pictures are too small for an edge to be sharp at the side that networks see, N bool."""
    return sizes.min(axis=1) < SHARP_FROM


def _of_shape(ids: tuple[str, ...], sizes: np.ndarray) -> list[tuple[float, ImageFlaw]]:
    """How far beyond its limit, 0 to 1, and the flaw."""
    shorter, longer = sizes.min(axis=1), sizes.max(axis=1)
    known = shorter > 0
    usual = float(np.median(shorter[known])) if known.any() else 0.0
    least = max(usual / TINY, min(SMALL, usual / 2))
    flaws: list[tuple[float, ImageFlaw]] = []
    for i in np.flatnonzero(known):
        ratio = float(longer[i] / shorter[i])
        if ratio >= SHAPE:
            flaws.append((1 - SHAPE / ratio, ImageFlaw(ids[i], "odd-shape", round(ratio, 3))))
        if shorter[i] < least:
            flaws.append((1 - shorter[i] / least, ImageFlaw(ids[i], "tiny", float(shorter[i]))))
    return flaws


def _of_pixels(ids: tuple[str, ...], measures: PictureMeasures, enlarged: np.ndarray) -> list[tuple[float, ImageFlaw]]:
    contrast = measures.brightest - measures.darkest
    gray = measures.color < GRAY
    flaws: list[tuple[float, ImageFlaw]] = []

    def add(chosen: np.ndarray, kind: ImageKind, *, values: np.ndarray, beyond: np.ndarray) -> None:
        flaws.extend(
            (float(beyond[i]), ImageFlaw(ids[i], kind, round(float(values[i]), 4))) for i in np.flatnonzero(chosen)
        )

    dark, bright = measures.brightest < DARK, measures.darkest > BRIGHT
    add(dark, "dark", values=measures.brightest, beyond=1 - measures.brightest / DARK)
    add(bright, "bright", values=measures.darkest, beyond=(measures.darkest - BRIGHT) / (1 - BRIGHT))
    flat = (contrast < CONTRAST) & ~dark & ~bright  # those are flat by what they are called already
    add(flat, "low-contrast", values=contrast, beyond=1 - contrast / CONTRAST)
    sharp = np.nan_to_num(measures.sharpness, nan=np.inf)
    blurry = (sharp < SHARPNESS) & (contrast >= CONTRAST) & ~enlarged
    add(blurry, "blurry", values=sharp, beyond=1 - sharp / SHARPNESS)
    if len(gray) and 1 - gray.mean() >= COLORED:
        add(gray, "grey", values=measures.color, beyond=1 - measures.color / GRAY)
    return flaws
