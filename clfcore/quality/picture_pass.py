"""One pass over a dataset's decoded squares: brightness, sharpness and color of each, and a small gray thumbnail.

Letters: N items, T the side of a thumbnail.
"""

from dataclasses import dataclass

import numpy as np

from clfcore.data.decode import Decoded
from clfcore.data.pixels import Preprocess
from clfcore.progress import Progress

THUMBNAIL = 64  # pixels, T
CHUNK = 64  # squares in memory at once


@dataclass(frozen=True, eq=False)
class PictureMeasures:
    """What the squares of N items show.

    darkest, brightest: the 1st and 99th percentile of luminance, 0 to 1. sharpness: the 99.5th percentile of the
    Laplacian's size over the luminance range, NaN where the range is nil. color: the 99.9th percentile of the largest
    difference of two channels, 0 to 1; 0 of a gray picture. thumbnails: N x T x T uint8, gray.
    """

    darkest: np.ndarray
    brightest: np.ndarray
    sharpness: np.ndarray
    color: np.ndarray
    thumbnails: np.ndarray


def measure_pictures(decoded: Decoded, preprocess: Preprocess, *, progress: Progress | None = None) -> PictureMeasures:
    """Measure every item's square, a chunk at a time. Raises InputError where a picture has gone or changed."""
    n = len(decoded)
    rows = np.full((n, 4), np.nan, np.float64)
    thumbnails = np.zeros((n, THUMBNAIL, THUMBNAIL), np.uint8)
    for start in range(0, n, CHUNK):
        chosen = np.arange(start, min(start + CHUNK, n))
        squares = decoded.tones(chosen, preprocess)
        for i, square in zip(chosen, _bytes(squares), strict=True):
            rows[i], thumbnails[i] = _measured(square)
        if progress is not None:
            progress(int(chosen[-1]) + 1, n)
    darkest, brightest, sharpness, color = rows.T
    return PictureMeasures(darkest, brightest, sharpness, color, thumbnails)


def _bytes(squares: np.ndarray) -> np.ndarray:
    if squares.dtype == np.uint8:
        return squares
    return np.clip(np.nan_to_num(squares), 0, 255).astype(np.uint8)


def _measured(square: np.ndarray) -> tuple[tuple[float, float, float, float], np.ndarray]:
    """S x S x C bytes -> the four measures, and the thumbnail."""
    import cv2

    channels = square.shape[2]
    gray = cv2.cvtColor(square, cv2.COLOR_RGB2GRAY) if channels == 3 else np.ascontiguousarray(square[..., 0])
    darkest, brightest = _percentiles(gray, (0.01, 0.99))
    edges = np.abs(cv2.Laplacian(gray, cv2.CV_16S))
    edge = _percentiles(np.minimum(edges, 255).astype(np.uint8), (0.995,))[0]
    sharpness = edge / (brightest - darkest) if brightest > darkest else float("nan")
    color = 0.0
    if channels == 3:
        r, g, b = cv2.split(square)
        spread = cv2.subtract(cv2.max(cv2.max(r, g), b), cv2.min(cv2.min(r, g), b))
        color = _percentiles(spread, (0.999,))[0]
    small = cv2.resize(gray, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    return (darkest, brightest, sharpness, color), small


def _percentiles(values: np.ndarray, shares: tuple[float, ...]) -> list[float]:
    """Of bytes, as shares of 255: by their histogram, which is quicker than sorting."""
    import cv2

    below = np.cumsum(cv2.calcHist([values], [0], None, [256], [0, 256]))
    return [int(np.searchsorted(below, share * values.size)) / 255 for share in shares]
