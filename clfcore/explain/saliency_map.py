"""Saliency map: where a classifier looked, and the image of it over the picture. Loads no torch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from clfcore.data.bit_depth import to_bytes
from clfcore.errors import InputError, unknown
from clfcore.exclusive import Shared
from clfcore.explain.methods import method
from clfcore.task import Task

if TYPE_CHECKING:
    from clfcore.data.pixels import Preprocess

Cancel = Callable[[], bool]
Target = int | tuple[int, int]  # a column of the logits, or two: "why the first and not the second"


class Cancelled(Exception):
    """The caller's `cancel` returned true; no map was made."""


class Explainable(Shared, Protocol):
    """Explainable classifier: what the methods need of one; clfcore.classifier.Classifier has it all."""

    @property
    def name(self) -> str: ...

    @property
    def preprocess(self) -> "Preprocess": ...

    @property
    def task(self) -> Task: ...


@dataclass(frozen=True, eq=False)
class SaliencyMap:
    """Saliency map of one picture, by one method, for one target.

    values: size x size float32 in 0..1, 1 at the strongest position; all 0 where `evidence` is False: the method found
    nothing in favor of the target. layer: the layer it is of, or None. note: what should be read with the map.
    """

    values: np.ndarray
    method: str
    layer: str | None
    target: Target
    evidence: bool
    note: str = ""


@dataclass(frozen=True, eq=False)
class MethodResult:
    """Result of one method: values (size x size float32 in 0..1), the layer, and a note to read with the map."""

    values: np.ndarray
    layer: str | None = None
    note: str = ""


NO_EVIDENCE = "no positive evidence"


def scaled(raw: np.ndarray) -> np.ndarray:
    """Positive part of size x size values divided by its maximum, float32; all 0 where nothing is positive."""
    positive = np.maximum(raw, 0).astype(np.float64)
    peak = positive.max(initial=0.0)
    if not peak > 0:
        return np.zeros(raw.shape, np.float32)
    return (positive / peak).astype(np.float32)


COLORS = ("magma", "cividis", "viridis", "inferno")  # perceptually even; cividis also for the color-blind


def color(values: np.ndarray, colors: str = "magma") -> np.ndarray:
    """Color map: H x W values in 0..1 -> H x W x 3 uint8 of a perceptually uniform scale. Raises InputError."""
    if colors not in COLORS:
        raise unknown("colors", colors, COLORS)
    import cv2

    table = getattr(cv2, f"COLORMAP_{colors.upper()}")
    levels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(levels, table), cv2.COLOR_BGR2RGB)


def color_stops(colors: str, *, count: int = 17) -> tuple[tuple[int, int, int], ...]:
    """Stops of a color map at equal distances, 0 first: red, green and blue from 0 to 255. Raises InputError."""
    stops = color(np.linspace(0, 1, count)[None], colors)[0].tolist()
    return tuple((red, green, blue) for red, green, blue in stops)


def overlay_image(
    square: np.ndarray, shown: SaliencyMap, *, opacity: float = 0.6, colors: str = "magma", threshold: float = 0.0
) -> np.ndarray:
    """Overlay of a map on its picture, size x size x 3 uint8; without evidence the picture alone.

    square: size x size x 1 or 3, uint8 or float32 intensities. opacity: 0 shows the picture, 1 the map. threshold:
    pixels whose value is below it stay uncovered. Pixel-level maps have few very bright points: they are clipped at
    their 99.5th percentile. Raises InputError for an opacity out of range, or a picture of another size.
    """
    if not 0 <= opacity <= 1:
        raise InputError(f"opacity is {opacity}: it must be from 0 to 1")
    if square.shape[:2] != shown.values.shape:
        raise InputError(
            f"the picture is {square.shape[1]} x {square.shape[0]} and its map "
            f"{shown.values.shape[1]} x {shown.values.shape[0]}: overlay a map on the square it was computed from"
        )
    square = to_bytes(square)
    picture = np.repeat(square, 3, axis=2) if square.shape[2] == 1 else square
    if not shown.evidence:
        return picture.copy()
    cover = np.where(shown.values >= threshold, opacity, 0.0)[..., None]
    heat = color(clipped(shown), colors)
    return np.rint(picture * (1 - cover) + heat * cover).astype(np.uint8)


def clipped(shown: SaliencyMap) -> np.ndarray:
    """Display values: those of pixel-level maps clipped at their 99.5th percentile, others unchanged."""
    if not method(shown.method).fine:
        return shown.values
    top = np.percentile(shown.values, 99.5)
    return np.clip(shown.values / top, 0, 1) if top > 0 else shown.values
