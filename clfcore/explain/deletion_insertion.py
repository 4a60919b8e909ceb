"""How good a map is: against the mask of the object, and by taking away what it calls important. No torch here.

All take a map's values, size x size in 0..1, and what they are judged against; each is a number from 0 to 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from clfcore.data.bit_depth import to_bytes

Probability = Callable[[np.ndarray], np.ndarray]  # N x size x size x C uint8 -> N, of the map's target


def pointing_game(values: np.ndarray, mask: np.ndarray) -> float:
    """Whether the strongest place lies on the object: 1 or 0, a share where several places are equally strong.

    Zhang et al. 2018, Top-down neural attention by excitation backprop, section 4.1: within 15 pixels of 224, as there.
    """
    return float(within_reach(mask)[values == values.max()].mean())


def within_reach(mask: np.ndarray) -> np.ndarray:
    """The object and what is within 15/224 of the side from it: 15 pixels of 224, 2 of 32."""
    from scipy.ndimage import distance_transform_edt

    return distance_transform_edt(~mask) <= round(mask.shape[0] * 15 / 224) if mask.any() else mask


def energy_in_mask(values: np.ndarray, mask: np.ndarray) -> float | None:
    """The share of the map that lies on the object; None for a map without evidence (Wang et al. 2020, section 4.3)."""
    total = float(values.sum(dtype=np.float64))
    return float(values[mask].sum(dtype=np.float64)) / total if total > 0 else None


def centre_gaussian(size: int) -> np.ndarray:
    """A map that knows nothing but that objects stand in the middle: a Gaussian of a quarter of the side, peak 1."""
    away = (np.arange(size) - (size - 1) / 2) / (size / 4)
    line = np.exp(-0.5 * away**2)
    return np.outer(line, line).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Curve:
    """The probability as pixels go or come: `shares` from 0 to 1 of the pixels, and what remains or is there."""

    shares: np.ndarray
    probabilities: np.ndarray

    @property
    def area(self) -> float:
        """Under the curve, by the trapezoidal rule; low is good for deletion, high for insertion."""
        return float(np.trapezoid(self.probabilities, self.shares))


def deletion(values: np.ndarray, square: np.ndarray, probability: Probability, *, steps: int = 10) -> Curve:
    """How the probability falls as the most important pixels turn to the picture's mean colour.

    Petsiuk et al. 2018, RISE, algorithm 1. square: size x size x C uint8.
    """
    return _curve(values, square, mean_colour(square), probability, steps)


def insertion(values: np.ndarray, square: np.ndarray, probability: Probability, *, steps: int = 10) -> Curve:
    """How the probability rises as the most important pixels appear in a blurred picture."""
    return _curve(values, blurred(square), square, probability, steps)


def stages_of(values: np.ndarray, start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """steps + 1 pictures from `start` to `end`, the most important pixels first, equal ones in one random order."""
    shuffled = np.random.default_rng(0).permutation(values.size)  # row by row would look like a choice of the map's
    order = shuffled[np.argsort(-values.ravel()[shuffled], kind="stable")]
    pictures = np.repeat(start[None], steps + 1, axis=0)
    flat, goal = pictures.reshape(steps + 1, values.size, -1), end.reshape(values.size, -1)
    for step in range(1, steps + 1):
        chosen = order[: round(values.size * step / steps)]
        flat[step, chosen] = goal[chosen]
    return pictures


def mean_colour(square: np.ndarray) -> np.ndarray:
    """A picture of one colour: the mean of this one."""
    mean = square.mean(axis=(0, 1))
    return np.broadcast_to(
        (np.rint(mean) if square.dtype == np.uint8 else mean).astype(square.dtype), square.shape
    ).copy()


def blurred(square: np.ndarray) -> np.ndarray:
    """The picture without anything smaller than a tenth of its side."""
    grey, blur = square.shape[2] == 1, ImageFilter.GaussianBlur(square.shape[0] / 10)
    shown = to_bytes(square)  # Pillow blurs bytes alone: of deeper pictures, too, nothing finer is left
    soft = Image.fromarray(shown[..., 0] if grey else shown).filter(blur)
    return np.asarray(soft).reshape(square.shape).astype(square.dtype)


def _curve(values: np.ndarray, start: np.ndarray, end: np.ndarray, probability: Probability, steps: int) -> Curve:
    shares = np.linspace(0, 1, steps + 1)
    return Curve(shares, np.asarray(probability(stages_of(values, start, end, steps)), dtype=np.float64))
