"""Corruptions: twelve ways in which pictures get worse, three strengths each, as Hendrycks and Dietterich (2019) have
them: their severities 1, 3 and 5, in shares of the side where theirs are pixels of 224.

Each takes a square, S x S x C float32 from 0 to 1, and the parameters of some strengths, and yields one of the same
shape for each. What is drawn depends on the item and the kind of corruption alone, so that runs meet the same draws.
"""

import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

PIXELS = 224  # that the source's parameters in pixels are of
STRENGTHS = (1, 2, 3)
Draws = Callable[[], np.random.Generator]  # the item's generator, each time at its beginning
Corrupt = Callable[[np.ndarray, Sequence[float], Draws], Iterator[np.ndarray]]


@dataclass(frozen=True)
class Corruption:
    """A kind of corruption: its title, the parameter of each strength, weak to strong, and what yields the picture
    under each of some parameters, an array of its own each."""

    title: str
    parameters: tuple[float, float, float]
    apply: Corrupt


def corrupted(square: np.ndarray, kind: str, *, strength: int, item: str) -> np.ndarray:
    """A square, S x S x C bytes or tones (float32 of 0 to 255), corrupted; of the same type."""
    return _corrupted(square, kind, (CORRUPTIONS[kind].parameters[strength - 1],), item=item)[0]


def every_strength(square: np.ndarray, kind: str, *, item: str) -> tuple[np.ndarray, ...]:
    """What `corrupted` gives at each strength, weak to strong; what they have in common is computed once."""
    return _corrupted(square, kind, CORRUPTIONS[kind].parameters, item=item)


def _corrupted(square: np.ndarray, kind: str, parameters: Sequence[float], *, item: str) -> tuple[np.ndarray, ...]:
    seed = int.from_bytes(hashlib.blake2b(f"{kind}\0{item}".encode(), digest_size=8).digest(), "little")
    x = np.clip(square.astype(np.float32) / 255, 0, 1)
    made = CORRUPTIONS[kind].apply(x, parameters, lambda: np.random.default_rng(seed))
    return tuple(_as_given(out, square.dtype) for out in made)


def _as_given(out: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Values from 0 to 1, which are written over, as bytes or tones."""
    np.clip(out, 0, 1, out=out)
    np.multiply(out, 255, out=out)
    return np.rint(out, out=out).astype(np.uint8) if dtype == np.uint8 else out.astype(dtype)


def _gaussian_noise(x: np.ndarray, deviations: Sequence[float], draws: Draws) -> Iterator[np.ndarray]:
    drawn = draws().standard_normal(x.shape)
    for deviation in deviations:
        yield x + deviation * drawn


def _shot_noise(x: np.ndarray, photons: Sequence[float], draws: Draws) -> Iterator[np.ndarray]:
    for most in photons:
        yield draws().poisson(x * most) / most


def _impulse_noise(x: np.ndarray, shares: Sequence[float], draws: Draws) -> Iterator[np.ndarray]:
    drawn = draws().random(x.shape)
    for share in shares:
        yield np.where(drawn < share / 2, 0.0, np.where(drawn < share, 1.0, x))


def _defocus_blur(x: np.ndarray, radii: Sequence[float], draws: Draws) -> Iterator[np.ndarray]:
    for radius in radii:
        yield _filtered(x, _disk(radius * x.shape[0] / PIXELS))


@lru_cache(64)
def _disk(reach: float) -> np.ndarray:
    """A disk, its rim smoothed by counting parts of pixels."""
    half = max(1, int(np.ceil(reach)))
    fine = np.linspace(-half - 0.4, half + 0.4, (2 * half + 1) * 5)
    inside = (fine[:, None] ** 2 + fine**2 <= max(reach, 0.6) ** 2).astype(np.float32)
    kernel = inside.reshape(2 * half + 1, 5, 2 * half + 1, 5).sum(axis=(1, 3))
    return np.asarray(kernel / kernel.sum())


def _motion_blur(x: np.ndarray, lengths: Sequence[float], draws: Draws) -> Iterator[np.ndarray]:
    """Along a line at an angle within 45 degrees of level."""
    angle = np.deg2rad(draws().uniform(-45, 45))
    for length in lengths:
        reach = max(1.0, length * x.shape[0] / PIXELS)
        half = int(np.ceil(reach))
        kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
        for t in np.linspace(-reach, reach, 8 * half + 1):
            kernel[half + round(t * np.sin(angle)), half + round(t * np.cos(angle))] += 1
        yield _filtered(x, kernel / kernel.sum())


def _zoom_blur(x: np.ndarray, most: Sequence[float], draws: Draws) -> Iterator[np.ndarray]:
    """The mean of the picture and of enlargements of its middle."""
    for largest in most:
        steps = np.linspace(1, largest, 8)
        total = np.zeros_like(x)
        for zoom in steps:
            total += _remapped(x, *_enlarged(x.shape[0], float(zoom)))
        yield total / len(steps)


@lru_cache(64)
def _enlarged(side: int, zoom: float) -> tuple[np.ndarray, np.ndarray]:
    """Where in the picture the places of an enlargement of its middle are, across and down."""
    start = (side - side / zoom) / 2
    places = (start + (np.arange(side) + 0.5) / zoom - 0.5).astype(np.float32)
    across, down = np.meshgrid(places, places)
    return across, down


def _fog(x: np.ndarray, thicknesses: Sequence[float], draws: Draws) -> Iterator[np.ndarray]:
    """Clouds of several scales, drawn, laid over the picture and brought back to its range."""
    import cv2

    rng, side, clouds = draws(), x.shape[0], np.zeros(x.shape[:2], np.float32)
    for octave in range(1, 6):
        cells = min(2**octave + 1, side)
        noise = rng.random((cells, cells)).astype(np.float32)
        clouds += cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC) / 2**octave
    clouds -= clouds.min()
    clouds /= max(float(clouds.max()), 1e-6)
    brightest = float(x.max())
    for thickness in thicknesses:
        yield (x + thickness * clouds[..., None]) * brightest / max(brightest + thickness, 1e-6)


def _brightness(x: np.ndarray, more: Sequence[float], draws: Draws) -> Iterator[np.ndarray]:
    """The largest channel raised, the others in proportion: the value of HSV."""
    value = functools.reduce(np.maximum, np.moveaxis(x, 2, 0))[..., None]
    is_lit, above = value > 1e-3, np.maximum(value, 1e-3)
    for step in more:
        raised = np.minimum(value + step, 1)
        yield np.where(is_lit, x * raised / above, raised)


def _contrast(x: np.ndarray, shares: Sequence[float], draws: Draws) -> Iterator[np.ndarray]:
    mean = x.mean(axis=(0, 1), keepdims=True)
    for share in shares:
        yield mean + (x - mean) * share


def _elastic(x: np.ndarray, reaches: Sequence[float], draws: Draws) -> Iterator[np.ndarray]:
    """Every place moved by a smooth random field, whose largest step is a share of the side."""
    import cv2

    side = x.shape[0]
    drawn = draws().uniform(-1, 1, (side, side, 2)).astype(np.float32)
    field = np.asarray(cv2.GaussianBlur(drawn, (0, 0), max(1.0, 0.04 * side)), np.float32)
    largest = max(float(np.abs(field).max()), 1e-6)
    across, down = np.meshgrid(np.arange(side), np.arange(side))
    for reach in reaches:
        step = field * (reach * side / largest)
        places = (across + step[..., 0]).astype(np.float32), (down + step[..., 1]).astype(np.float32)
        yield _remapped(x, *places)


def _pixelate(x: np.ndarray, shares: Sequence[float], draws: Draws) -> Iterator[np.ndarray]:
    import cv2

    side = x.shape[0]
    for share in shares:
        small = max(1, round(side * share))
        low = cv2.resize(x, (small, small), interpolation=cv2.INTER_AREA)
        yield cv2.resize(low, (side, side), interpolation=cv2.INTER_NEAREST).reshape(x.shape)


def _jpeg(x: np.ndarray, qualities: Sequence[float], draws: Draws) -> Iterator[np.ndarray]:
    import cv2

    pixels = np.rint(255 * np.clip(x, 0, 1)).astype(np.uint8)[..., ::-1]
    color = cv2.IMREAD_COLOR if x.shape[2] == 3 else cv2.IMREAD_GRAYSCALE
    for quality in qualities:
        _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
        yield np.asarray(cv2.imdecode(data, color)).reshape(x.shape)[..., ::-1].astype(np.float32) / 255


def _filtered(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    import cv2

    return np.asarray(cv2.filter2D(x, -1, kernel, borderType=cv2.BORDER_REFLECT)).reshape(x.shape)


def _remapped(x: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """The picture's values at places between pixels, S x S float32 each."""
    import cv2

    return np.asarray(cv2.remap(x, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)).reshape(x.shape)


CORRUPTIONS: Mapping[str, Corruption] = {
    "gaussian-noise": Corruption("Gaussian noise", (0.08, 0.18, 0.38), _gaussian_noise),
    "shot-noise": Corruption("Shot noise", (60, 12, 3), _shot_noise),
    "impulse-noise": Corruption("Impulse noise", (0.03, 0.09, 0.27), _impulse_noise),
    "defocus-blur": Corruption("Defocus blur", (3, 6, 10), _defocus_blur),
    "motion-blur": Corruption("Motion blur", (5, 9, 15), _motion_blur),
    "zoom-blur": Corruption("Zoom blur", (1.11, 1.21, 1.31), _zoom_blur),
    "fog": Corruption("Fog", (1.5, 2.5, 3.0), _fog),
    "brightness": Corruption("Brightness", (0.1, 0.3, 0.5), _brightness),
    "contrast": Corruption("Contrast", (0.4, 0.2, 0.05), _contrast),
    "elastic": Corruption("Elastic", (0.01, 0.025, 0.05), _elastic),
    "pixelate": Corruption("Pixelate", (0.6, 0.4, 0.25), _pixelate),
    "jpeg": Corruption("JPEG", (25, 15, 7), _jpeg),
}
