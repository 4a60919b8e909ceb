"""Whether two thumbnails are of one picture: how far their fine detail agrees once one is laid exactly over the other.

A coarse look tries a few small turns, zooms, shifts and a mirror; the best of them is refined to an affine transform by
the enhanced correlation coefficient (Evangelidis and Psarakis 2008). Of copies every fold then agrees; of two pairs of
jeans before one wall only the outline does. Letters: N items, T the side of a thumbnail in pixels.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

FLAT = 4  # tones between the darkest and the brightest pixel below which there is nothing to compare
COARSE = 32  # pixels of a first, quick comparison
COARSE_CORRELATION = 0.8  # below it, no refinement makes a copy
TEMPLATE = 0.875  # the share of a thumbnail's side that is laid over the other one, wherever it fits best
ALIGNMENTS = (
    (0.0, 1 / 0.9),
    (0.0, 1.0),
    (5.0, 1.0),
    (-5.0, 1.0),
)  # degrees and zoom; a turn back is tried of one alone
ITERATIONS, LEAST_GAIN = 20, 1e-3  # of the refinement
EDGE = 5 / 64  # the share of a side that is left out all around, and the least share of both that must overlap
OVERLAP = 0.4


class _Alignment(NamedTuple):
    """How the middle of one item's thumbnail fits a view of another's: shift in coarse pixels, number of the view."""

    value: float
    fixed: int
    moved: int
    number: int
    shift: tuple[int, int]


def detail_agreement(thumbnails: np.ndarray) -> Callable[[int, int], float]:
    """The function of two items that gives the correlation of their fine detail, 0 where a coarse look excludes it.

    thumbnails: N x T x T gray bytes.
    """
    import cv2

    @lru_cache(maxsize=4096)
    def views(i: int) -> tuple[np.ndarray, ...]:
        """Coarse thumbnail as it is and mirrored, each turned and zoomed a little."""
        small = cv2.resize(thumbnails[i], (COARSE, COARSE), interpolation=cv2.INTER_AREA)
        return tuple(
            cv2.warpAffine(view, _warp(k, COARSE), (COARSE, COARSE), borderMode=cv2.BORDER_REPLICATE)
            for view in (small, np.ascontiguousarray(small[:, ::-1]))
            for k in range(len(ALIGNMENTS))
        )

    def aligned(a: int, b: int) -> _Alignment | None:
        """The best alignment of a coarse look; None where it excludes a copy."""
        length = round(TEMPLATE * COARSE)
        start = (COARSE - length) // 2
        best: _Alignment | None = None
        for fixed, moved, tried in ((a, b, len(ALIGNMENTS)), (b, a, 1)):
            template = np.ascontiguousarray(views(fixed)[1][start : start + length, start : start + length])
            if int(template.max()) - int(template.min()) < FLAT:
                return None
            for number, view in enumerate(views(moved)):
                if number % len(ALIGNMENTS) >= tried or int(view.max()) - int(view.min()) < FLAT:
                    continue
                _, value, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(view, template, cv2.TM_CCOEFF_NORMED))
                if value >= COARSE_CORRELATION and (best is None or value > best.value):
                    best = _Alignment(value, fixed, moved, number, (x - start, y - start))
        return best

    def agreement(a: int, b: int) -> float:
        best = aligned(a, b)
        if best is None:
            return 0.0
        fixed = thumbnails[best.fixed].astype(np.float32)
        moved = thumbnails[best.moved].astype(np.float32)
        if best.number >= len(ALIGNMENTS):
            moved = np.ascontiguousarray(moved[:, ::-1])
        side = len(fixed)
        warp = np.asarray(cv2.invertAffineTransform(_warp(best.number % len(ALIGNMENTS), side)), np.float32)
        shift = warp[:, :2] @ np.array(best.shift, np.float32) * (side / COARSE)
        warp[:, 2] = warp[:, 2] + shift
        ending = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, ITERATIONS, LEAST_GAIN)
        try:
            _, refined = cv2.findTransformECC(
                fixed, moved, warp, cv2.MOTION_AFFINE, ending, np.ones_like(fixed, np.uint8), 3
            )
        except cv2.error:  # it does not converge: the two share too little
            return 0.0
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        laid = cv2.warpAffine(moved, refined, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        inside = cv2.warpAffine(np.ones_like(fixed), refined, (side, side), flags=flags) > 0.99
        edge = round(EDGE * side)
        inside[:edge] = inside[-edge:] = False
        inside[:, :edge] = inside[:, -edge:] = False
        if inside.mean() < OVERLAP:
            return 0.0
        return correlation(_detail(fixed)[inside], _detail(laid)[inside])

    return agreement


def _warp(k: int, side: int) -> np.ndarray:
    """An alignment's turn and zoom about the middle of a square, 2 x 3."""
    import cv2

    angle, zoom = ALIGNMENTS[k]
    return np.asarray(cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), angle, zoom))


def _detail(pixels: np.ndarray) -> np.ndarray:
    """Pixels without what a Gaussian of one pixel blurs."""
    import cv2

    return pixels - np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.0))


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson correlation of two pictures' pixels, -1 to 1; 0 where one of them is flat."""
    x, y = (pixels.astype(np.float64).ravel() - pixels.mean() for pixels in (a, b))
    scale = np.linalg.norm(x) * np.linalg.norm(y)
    return float(x @ y / scale) if scale > 0 else 0.0
