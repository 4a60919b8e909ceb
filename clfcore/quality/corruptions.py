"""Corruptions: twelve ways in which pictures get worse, three strengths each, as Hendrycks and Dietterich (2019) have
them: their severities 1, 3 and 5, in shares of the side where theirs are pixels of 224.

Each takes a square, S x S x C float32 from 0 to 1, its strength's parameter and a random generator, and gives one of
the same shape. What is drawn depends on the item and the kind of corruption alone, so that runs meet the same draws.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

PIXELS = 224  # that the source's parameters in pixels are of
STRENGTHS = (1, 2, 3)
Corrupt = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Corruption:
    """A kind of corruption: its title, and the parameter of each strength, weak to strong."""

    title: str
    parameters: tuple[float, float, float]
    apply: Corrupt


def corrupted(square: np.ndarray, kind: str, *, strength: int, item: str) -> np.ndarray:
    """A square, S x S x C bytes or tones (float32 of 0 to 255), corrupted; of the same type."""
    corruption = CORRUPTIONS[kind]
    seed = hashlib.blake2b(f"{kind}\0{item}".encode(), digest_size=8).digest()
    rng = np.random.default_rng(int.from_bytes(seed, "little"))
    x = np.clip(square.astype(np.float32) / 255, 0, 1)
    out = 255 * np.clip(corruption.apply(x, corruption.parameters[strength - 1], rng), 0, 1)
    return np.rint(out).astype(np.uint8) if square.dtype == np.uint8 else out.astype(square.dtype)


def _gaussian_noise(x: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    return x + rng.normal(0, deviation, x.shape)


def _shot_noise(x: np.ndarray, photons: float, rng: np.random.Generator) -> np.ndarray:
    return rng.poisson(x * photons) / photons


def _impulse_noise(x: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    drawn = rng.random(x.shape)
    return np.where(drawn < share / 2, 0.0, np.where(drawn < share, 1.0, x))


def _defocus_blur(x: np.ndarray, radius: float, rng: np.random.Generator) -> np.ndarray:
    """A disk, its rim smoothed by counting parts of pixels."""
    reach = radius * x.shape[0] / PIXELS
    half = max(1, int(np.ceil(reach)))
    fine = np.linspace(-half - 0.4, half + 0.4, (2 * half + 1) * 5)
    inside = (fine[:, None] ** 2 + fine**2 <= max(reach, 0.6) ** 2).astype(np.float32)
    kernel = inside.reshape(2 * half + 1, 5, 2 * half + 1, 5).sum(axis=(1, 3))
    return _filtered(x, kernel / kernel.sum())


def _motion_blur(x: np.ndarray, length: float, rng: np.random.Generator) -> np.ndarray:
    """Along a line at an angle within 45 degrees of level."""
    reach = max(1.0, length * x.shape[0] / PIXELS)
    angle, half = np.deg2rad(rng.uniform(-45, 45)), int(np.ceil(reach))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    for t in np.linspace(-reach, reach, 8 * half + 1):
        kernel[half + round(t * np.sin(angle)), half + round(t * np.cos(angle))] += 1
    return _filtered(x, kernel / kernel.sum())


def _zoom_blur(x: np.ndarray, most: float, rng: np.random.Generator) -> np.ndarray:
    """The mean of the picture and of enlargements of its middle."""
    side = x.shape[0]
    steps = np.linspace(1, most, 8)
    total = np.zeros_like(x)
    for zoom in steps:
        start = (side - side / zoom) / 2
        places = start + (np.arange(side) + 0.5) / zoom - 0.5
        total += _sampled(x, *np.meshgrid(places, places))
    return total / len(steps)


def _fog(x: np.ndarray, thickness: float, rng: np.random.Generator) -> np.ndarray:
    """Clouds of several scales, drawn, laid over the picture and brought back to its range."""
    import cv2

    side, clouds = x.shape[0], np.zeros(x.shape[:2], np.float32)
    for octave in range(1, 6):
        cells = min(2**octave + 1, side)
        noise = rng.random((cells, cells)).astype(np.float32)
        clouds += cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC) / 2**octave
    clouds -= clouds.min()
    clouds /= max(float(clouds.max()), 1e-6)
    brightest = float(x.max())
    return (x + thickness * clouds[..., None]) * brightest / max(brightest + thickness, 1e-6)


def _brightness(x: np.ndarray, more: float, rng: np.random.Generator) -> np.ndarray:
    """The largest channel raised, the others in proportion: the value of HSV."""
    value = x.max(axis=2, keepdims=True)
    raised = np.minimum(value + more, 1)
    return np.where(value > 1e-3, x * raised / np.maximum(value, 1e-3), raised)


def _contrast(x: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    mean = x.mean(axis=(0, 1), keepdims=True)
    return mean + (x - mean) * share


def _elastic(x: np.ndarray, reach: float, rng: np.random.Generator) -> np.ndarray:
    """Every place moved by a smooth random field, whose largest step is a share of the side."""
    import cv2

    side = x.shape[0]
    drawn = rng.uniform(-1, 1, (side, side, 2)).astype(np.float32)
    field = np.asarray(cv2.GaussianBlur(drawn, (0, 0), max(1.0, 0.04 * side)), np.float32)
    field *= reach * side / max(float(np.abs(field).max()), 1e-6)
    across, down = np.meshgrid(np.arange(side), np.arange(side))
    return _sampled(x, across + field[..., 0], down + field[..., 1])


def _pixelate(x: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    import cv2

    side = x.shape[0]
    small = max(1, round(side * share))
    low = cv2.resize(x, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(low, (side, side), interpolation=cv2.INTER_NEAREST).reshape(x.shape)


def _jpeg(x: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    import cv2

    pixels = np.rint(255 * np.clip(x, 0, 1)).astype(np.uint8)
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    color = cv2.IMREAD_COLOR if x.shape[2] == 3 else cv2.IMREAD_GRAYSCALE
    return np.asarray(cv2.imdecode(data, color)).reshape(x.shape)[..., ::-1].astype(np.float32) / 255


def _filtered(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    import cv2

    return np.asarray(cv2.filter2D(x, -1, kernel, borderType=cv2.BORDER_REFLECT)).reshape(x.shape)


def _sampled(x: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """The picture's values at places between pixels, S x S each."""
    import cv2

    places = across.astype(np.float32), down.astype(np.float32)
    return np.asarray(cv2.remap(x, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)).reshape(x.shape)


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
