"""Orientation of a picture, as EXIF and TIFF write it: 1 is upright, 8 a quarter turn."""

import numpy as np
from PIL import Image

# EXIF orientation -> what puts the picture upright. By hand, and ImageOps.exif_transpose is the test's oracle: that one
# writes the EXIF block anew, which raises where it is damaged, and tells nobody whether width and height changed over.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """H x W x C upright, by the EXIF or TIFF orientation; an unknown one turns nothing."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def orientation_of(image: Image.Image) -> int:
    """EXIF's orientation of an opened image, from 1 to 8; 1 where there is none."""
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # damaged EXIF: the pixels may be whole, and as they stand is the best guess
        return 1
