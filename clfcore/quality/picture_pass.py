"""One pass over a dataset's decoded squares: brightness, sharpness and color of each, and a small gray thumbnail.

What was measured is kept in the cache by the content of the pictures, so that the next pass reads none of them.
Letters: N items, T the side of a thumbnail.
"""

import contextlib
import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clfcore import cache
from clfcore.data.decode import Decoded
from clfcore.data.pixels import Preprocess
from clfcore.data.thread_pool import as_completed
from clfcore.errors import Failure
from clfcore.files import write_whole
from clfcore.progress import Progress

THUMBNAIL = 64  # pixels, T
CHUNK = 64  # squares in memory at once
HUES = 32  # pixels of the side that the mean color is taken of
VERSION = 1


@dataclass(frozen=True, eq=False)
class PictureMeasures:
    """What the squares of N items show.

    darkest, brightest: the 1st and 99th percentile of luminance, 0 to 1. sharpness: the 99.5th percentile of the
    Laplacian's size over the luminance range, NaN where the range is nil. color: the 99.9th percentile of the largest
    difference of two channels, 0 to 1; 0 of a gray picture. chroma: N x 2 float32, the mean a* and b* (CIELAB), which
    light changes little. thumbnails: N x T x T uint8, gray.
    """

    darkest: np.ndarray
    brightest: np.ndarray
    sharpness: np.ndarray
    color: np.ndarray
    chroma: np.ndarray
    thumbnails: np.ndarray


def measure_pictures(decoded: Decoded, preprocess: Preprocess, *, progress: Progress | None = None) -> PictureMeasures:
    """Measure every item's square, in threads, or read back what was measured.

    Raises InputError where a picture has gone or changed.
    """
    n = len(decoded)
    path = cache.folder("measures") / f"{VERSION}-{decoded.key}.npz"
    kept = _read(path, n)
    if kept is not None:
        return kept
    rows = np.full((n, 6), np.nan, np.float64)
    thumbnails = np.zeros((n, THUMBNAIL, THUMBNAIL), np.uint8)

    def work(start: int) -> int:
        chosen = np.arange(start, min(start + CHUNK, n))
        squares = decoded.tones(chosen, preprocess)
        for i, square in zip(chosen, _bytes(squares), strict=True):
            rows[i], thumbnails[i] = _measured(square)
        return len(chosen)

    done = 0
    for measured in as_completed(work, range(0, n, CHUNK)):
        done += measured
        if progress is not None:
            progress(done, n)
    darkest, brightest, sharpness, color = rows[:, :4].T
    measures = PictureMeasures(darkest, brightest, sharpness, color, rows[:, 4:].astype(np.float32), thumbnails)
    if cache.make_room(thumbnails.nbytes + rows.nbytes):
        with contextlib.suppress(Failure):  # a full disk takes nothing from the result
            write_whole(path, lambda partial: _write(partial, measures))
    return measures


def _read(path: Path, n: int) -> PictureMeasures | None:
    """The measures of N pictures from the cache; None where there are none, or they are damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {field.name: file[field.name] for field in dataclasses.fields(PictureMeasures)}
    except Exception:  # numpy raises many kinds on damaged files: they are measured anew, as absent ones are
        return None
    if any(len(values) != n for values in stored.values()):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # the cache drops what was used longest ago
    return PictureMeasures(**stored)


def _write(path: Path, measures: PictureMeasures) -> None:
    with path.open("wb") as file:
        np.savez(file, **{field.name: getattr(measures, field.name) for field in dataclasses.fields(measures)})


def _bytes(squares: np.ndarray) -> np.ndarray:
    if squares.dtype == np.uint8:
        return squares
    return np.clip(np.nan_to_num(squares), 0, 255).astype(np.uint8)


def _measured(square: np.ndarray) -> tuple[tuple[float, ...], np.ndarray]:
    """S x S x C bytes -> the four measures and the two of chroma, and the thumbnail."""
    import cv2

    channels = square.shape[2]
    gray = cv2.cvtColor(square, cv2.COLOR_RGB2GRAY) if channels == 3 else np.ascontiguousarray(square[..., 0])
    darkest, brightest = _percentiles(gray, (0.01, 0.99))
    edges = np.abs(cv2.Laplacian(gray, cv2.CV_16S))
    edge = _percentiles(np.minimum(edges, 255).astype(np.uint8), (0.995,))[0]
    sharpness = edge / (brightest - darkest) if brightest > darkest else float("nan")
    color, chroma = 0.0, (0.0, 0.0)
    if channels == 3:
        r, g, b = cv2.split(square)
        spread = cv2.subtract(cv2.max(cv2.max(r, g), b), cv2.min(cv2.min(r, g), b))
        color = _percentiles(spread, (0.999,))[0]
        tiny = cv2.resize(square, (HUES, HUES), interpolation=cv2.INTER_AREA)
        means = cv2.mean(cv2.cvtColor(tiny.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))
        chroma = (float(means[1]), float(means[2]))
    small = cv2.resize(gray, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    return (darkest, brightest, sharpness, color, *chroma), small


def _percentiles(values: np.ndarray, shares: tuple[float, ...]) -> list[float]:
    """Of bytes, as shares of 255: by their histogram, which is quicker than sorting."""
    import cv2

    below = np.cumsum(cv2.calcHist([values], [0], None, [256], [0, 256]))
    return [int(np.searchsorted(below, share * values.size)) / 255 for share in shares]
