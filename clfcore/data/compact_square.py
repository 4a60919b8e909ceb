"""The least that must be kept of a picture so that its preprocessing makes the very same square of it."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clfcore.data.pixels import Preprocess

SMALL = 32 * 32  # pixels up to which a picture is kept whole, so that one copy serves every square
_MARGIN = 3  # pixels beside the crop that bicubic interpolation still reads


def compact(image: np.ndarray, preprocess: "Preprocess") -> np.ndarray:
    """H x W x C -> pixels of which `preprocess.resized` makes exactly what it makes of the picture.

    The square itself where that is smallest, else the picture, or its middle as far as the crop reads it: a small
    picture is enlarged when it is taken, not when it is kept.
    """
    side = preprocess.stored_side
    if preprocess.fit == "crop" and min(image.shape[:2]) < side and max(image.shape[:2]) > min(image.shape[:2]):
        square = preprocess.resized(image)
        # Pillow scales the other axis first where a picture is longer than the square, which rounds in another way:
        # such a one needs as much to stay. What suffices is looked at, not reasoned.
        for longest in (min(image.shape[:2]) + 2 * _MARGIN, side + 2):
            piece = _middle(image, longest)
            if _area(piece) < _area(square) and np.array_equal(preprocess.resized(piece), square):
                return piece
        return min(image, square, key=_area)
    return image if _area(image) < side**2 else preprocess.resized(image)


def is_small(width: int, height: int) -> bool:
    """Whether a picture of this size is kept whole, whatever square is made of it."""
    return width * height <= SMALL


def _middle(image: np.ndarray, longest: int) -> np.ndarray:
    """The picture without what lies beyond its center: as much on both sides, so that the center stays."""
    height, width = image.shape[:2]
    beyond = max(0, (max(width, height) - longest) // 2)
    if not beyond:
        return image
    return image[:, beyond : width - beyond] if width > height else image[beyond : height - beyond]


def _area(pixels: np.ndarray) -> int:
    return pixels.shape[0] * pixels.shape[1]
