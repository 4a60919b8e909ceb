"""Pictures of more than 8 bits a value, and the value range that brings them to tones of 0 to 255.

A deep picture is H x W x C uint16 or float32, its values as they are in the file. What a network takes of it are tones:
float32 from 0 to 255, with all of its steps in between. What counts as 0 and as 255 is the value range of the dataset,
taken from its training split; it travels with the classifier.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

TOP = 65535
ValueRange = tuple[float, float]  # what counts as black, and as white
_OUTSIDE = 0.1  # of the value range: so far beyond it a picture may lie without a word


@dataclass(frozen=True)
class Extremes:
    """A deep picture's lowest and highest value, and the type of its values, `uint16` or `float32`."""

    lowest: float
    highest: float
    dtype: str

    def beyond(self, values: ValueRange) -> bool:
        """Whether it lies well outside a value range."""
        room = _OUTSIDE * (values[1] - values[0])
        return self.lowest < values[0] - room or self.highest > values[1] + room


def shared_range(pictures: Sequence[Extremes]) -> ValueRange | None:
    """The value range of a dataset, from the deep pictures of its training split; None where there are none.

    Whole numbers that begin near 0 go up to what their bits can hold, since 10 or 12 bits in 16 are common, and
    floats of 0 to 1 or of 0 to 255 up to that; anything else from the lowest value to the highest.

    >>> shared_range([Extremes(3, 4000, "uint16"), Extremes(7, 2100, "uint16")])
    (0.0, 4095.0)
    >>> shared_range([Extremes(285.5, 297.0, "float32"), Extremes(288.0, 301.25, "float32")])
    (285.5, 301.25)
    >>> shared_range([Extremes(0.1, 0.9, "float32")])
    (0.0, 1.0)
    """
    if not pictures:
        return None
    low, high = min(one.lowest for one in pictures), max(one.highest for one in pictures)
    if 0 <= low <= high / 2:
        if all(one.dtype == "uint16" for one in pictures):
            return 0.0, float(2 ** max(8, int(high).bit_length()) - 1)
        if 0.5 < high <= 1:
            return 0.0, 1.0
        if 127 < high <= 255:
            return 0.0, 255.0
        if 255 < high <= TOP and all(one.lowest.is_integer() and one.highest.is_integer() for one in pictures):
            return 0.0, float(2 ** int(high).bit_length() - 1)
    return (low, high) if high > low else (low, low + 1)


def own_range(pixels: np.ndarray) -> ValueRange:
    """Of one deep picture where no training split gave one: its type's, or for other numbers the nearest usual one."""
    if pixels.dtype == np.uint16:
        return 0.0, float(TOP)
    with np.errstate(invalid="ignore"):
        low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
    usual = next((top for top in (1.0, 255.0, float(TOP)) if low >= 0 and high <= top), None)
    return (0.0, usual) if usual is not None else (low, high) if high > low else (low, low + 1)


def tones(pixels: np.ndarray, values: ValueRange | None, *, white: float = 1.0) -> np.ndarray:
    """A deep picture -> float32 from 0 to 255 by a value range; bytes stay as they are. NaN stays NaN.

    white: where there is no value range, the share of the picture's own that counts as white.
    """
    if pixels.dtype == np.uint8:
        return pixels
    low, high = values or own_range(pixels)
    if values is None:
        high = low + (high - low) * white
    scaled = pixels.astype(np.float32)
    if low:
        scaled -= np.float32(low)
    scaled *= np.float32(255 / (high - low))
    return np.clip(scaled, 0, 255, out=scaled)


def to_bytes(tones: np.ndarray) -> np.ndarray:
    """Tones, to be shown; bytes stay as they are."""
    return tones if tones.dtype == np.uint8 else np.clip(np.rint(tones), 0, 255).astype(np.uint8)


def shown(pixels: np.ndarray, values: ValueRange | None) -> np.ndarray:
    """A picture as it was read -> uint8, to be shown, by the value range of its dataset or classifier."""
    return to_bytes(tones(pixels, values))


def as_stored(pixels: np.ndarray, channels: int, dtype: np.dtype) -> np.ndarray:
    """H x W x C of any depth -> H x W x channels of one array's type; the values stay.

    An array of bytes takes what it can show of a deep picture, which no header told of.
    """
    if dtype == np.uint8:
        pixels = shown(pixels, None)
    if pixels.shape[2] < channels:
        pixels = np.repeat(pixels, channels, axis=2)
    return pixels[..., :channels].astype(dtype)  # one channel is asked for where all pictures are gray


def deep_as_json(extremes: Sequence[Extremes | None], notes: Sequence[tuple[str, ...]]) -> dict[str, list]:
    """Extremes and notes of those items that have some, by their place, as files keep them."""
    return {
        str(i): [one and (one.lowest, one.highest, one.dtype), note]
        for i, (one, note) in enumerate(zip(extremes, notes, strict=True))
        if one or note
    }


def deep_of_json(
    stored: Mapping[str, list], count: int
) -> tuple[tuple[Extremes | None, ...], tuple[tuple[str, ...], ...]]:
    """Extremes and notes of `count` items again. Raises ValueError, IndexError or TypeError of damage."""
    extremes: list[Extremes | None] = [None] * count
    notes: list[tuple[str, ...]] = [()] * count
    for place, (one, note) in stored.items():
        extremes[int(place)] = one and Extremes(float(one[0]), float(one[1]), str(one[2]))
        notes[int(place)] = tuple(map(str, note))
    return tuple(extremes), tuple(notes)
