"""Faithfulness measures of one map: pointing game, energy in the mask, deletion and insertion. Loads no torch.

All take a map's values, size x size in 0..1, and what they are compared with; each gives a number from 0 to 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from clfcore.data.bit_depth import to_bytes

Probability = Callable[[np.ndarray], np.ndarray]  # N x size x size x C uint8 -> N, of the map's target


def pointing_game(values: np.ndarray, mask: np.ndarray) -> float:
    """Pointing game: whether the strongest pixel lies on the object, 1 or 0; a share where several are equally strong.

    Zhang et al. 2018, Top-down neural attention by excitation backprop, section 4.1: within 15 pixels of 224, as there.
    """
    return float(within_reach(mask)[values == values.max()].mean())


def within_reach(mask: np.ndarray) -> np.ndarray:
    """Mask of the object and of what lies within 15/224 of the side from it: 15 pixels of 224, 2 of 32."""
    from scipy.ndimage import distance_transform_edt

    return distance_transform_edt(~mask) <= round(mask.shape[0] * 15 / 224) if mask.any() else mask


def energy_in_mask(values: np.ndarray, mask: np.ndarray) -> float | None:
    """Share of the map that lies on the object; None for a map without evidence (Wang et al. 2020, section 4.3)."""
    total = float(values.sum(dtype=np.float64))
    return float(values[mask].sum(dtype=np.float64)) / total if total > 0 else None


def center_gaussian(size: int) -> np.ndarray:
    """Center prior, which assumes objects in the middle: a Gaussian of a quarter of the side, peak 1."""
    distance = (np.arange(size) - (size - 1) / 2) / (size / 4)
    profile = np.exp(-0.5 * distance**2)
    return np.outer(profile, profile).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Curve:
    """Deletion or insertion curve: the probability at each share, from 0 to 1, of the pixels removed or added."""

    shares: np.ndarray
    probabilities: np.ndarray

    @property
    def area(self) -> float:
        """Area under the curve, by the trapezoidal rule; low is good for deletion, high for insertion."""
        return float(np.trapezoid(self.probabilities, self.shares))


def deletion(values: np.ndarray, square: np.ndarray, probability: Probability, *, steps: int = 10) -> Curve:
    """Deletion curve: the probability as the most important pixels are replaced by the picture's mean color.

    Petsiuk et al. 2018, RISE, algorithm 1. square: size x size x C uint8.
    """
    return _curve(probability, stages_of(values, square, mean_color(square), steps=steps))


def insertion(values: np.ndarray, square: np.ndarray, probability: Probability, *, steps: int = 10) -> Curve:
    """Insertion curve: the probability as the most important pixels appear in a blurred picture."""
    return _curve(probability, stages_of(values, blurred(square), square, steps=steps))


def stages_of(values: np.ndarray, start: np.ndarray, end: np.ndarray, *, steps: int) -> np.ndarray:
    """Stages of deletion or insertion: steps + 1 pictures from `start` to `end`, the most important pixels first.

    Equally important pixels follow each other in one random order.
    """
    shuffled = np.random.default_rng(0).permutation(values.size)  # row by row would look like the map's own choice
    order = shuffled[np.argsort(-values.ravel()[shuffled], kind="stable")]
    pictures = np.repeat(start[None], steps + 1, axis=0)
    flat, goal = pictures.reshape(steps + 1, values.size, -1), end.reshape(values.size, -1)
    for step in range(1, steps + 1):
        chosen = order[: round(values.size * step / steps)]
        flat[step, chosen] = goal[chosen]
    return pictures


def mean_color(square: np.ndarray) -> np.ndarray:
    """Picture of one color: the mean of this one."""
    mean = square.mean(axis=(0, 1))
    return np.broadcast_to(
        (np.rint(mean) if square.dtype == np.uint8 else mean).astype(square.dtype), square.shape
    ).copy()


def blurred(square: np.ndarray) -> np.ndarray:
    """Blurred picture, without anything smaller than a tenth of its side."""
    gray, blur = square.shape[2] == 1, ImageFilter.GaussianBlur(square.shape[0] / 10)
    shown = to_bytes(square)  # Pillow blurs bytes alone: nothing finer is left of deeper pictures either
    soft = Image.fromarray(shown[..., 0] if gray else shown).filter(blur)
    return np.asarray(soft).reshape(square.shape).astype(square.dtype)


def _curve(probability: Probability, pictures: np.ndarray) -> Curve:
    return Curve(np.linspace(0, 1, len(pictures)), np.asarray(probability(pictures), dtype=np.float64))
