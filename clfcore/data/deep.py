"""Pictures of more than 8 bits a value: found by their headers, read whole, and brought to tones of 0 to 255.

A deep picture is H x W x C uint16 over the whole range of its type, until it is normalised. What a network takes of it
are tones: float32 from 0 to 255, with all of its steps in between.
"""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from clfcore.data.formats import has_colours, is_dicom, scan

TOP = 65535
_PNG, _TIFF = b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*")
_GREYS = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")  # Pillow's modes of more than 8 bits
_HEAD = 132  # bytes: as far as DICOM's mark stands
_UPRIGHT: Mapping[int, Callable[[np.ndarray], np.ndarray]] = {  # EXIF orientation -> what puts H x W x C upright
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
    8: lambda x: np.rot90(x, 1),
}


class Depth(NamedTuple):
    """Whether a picture has more than 8 bits a value, and whether it has one channel."""

    deep: bool
    grey: bool


def depth(path: Path) -> Depth:
    """What a file's first bytes say, without decoding it; a file that cannot be read counts as shallow."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return Depth(False, False)
    if head.startswith(_PNG):
        return Depth(head[24:25] == b"\x10", head[25:26] in (b"\0", b"\4"))
    if is_dicom(head):
        grey = not has_colours(path)
        return Depth(grey, grey)
    if head[:4] not in _TIFF and head[:1] != b"P":
        return Depth(False, False)
    try:
        with Image.open(path, formats=("TIFF", "PPM")) as image:
            grey = image.mode in _GREYS
            return Depth(grey or _deep_colours(image), grey)
    except Exception:  # Pillow raises a dozen kinds: the pass over the pictures says what is wrong
        return Depth(False, False)


def deep_pixels(data: bytes, name: str, *, most: int) -> np.ndarray | None:
    """H x W x C uint16, C 1 or 3, upright; None where the picture has 8 bits or less. most: megapixels.

    Transparency is laid on white. Raises InputError of DICOM that cannot be read; other damage is left to the reader of
    8 bits, which names it.
    """
    if is_dicom(data[:_HEAD]):
        values = scan(data, name)
        return None if values.dtype == np.uint8 else values
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "TIFF", "PPM")) as image:
            colours = _deep_colours(image)
            if image.width * image.height > most * 1e6 or not (colours or image.mode in _GREYS):
                return None
            image.load()
            pixels = whole_range(image)[..., None] if not colours else None
            turn = _UPRIGHT.get(image.getexif().get(0x0112, 1))
    except Exception:  # Pillow raises a dozen kinds on damaged files
        return None
    pixels = _colours(data) if pixels is None else pixels  # what Pillow could load is whole
    return np.ascontiguousarray(turn(pixels) if turn else pixels)


def whole_range(image: Image.Image) -> np.ndarray:
    """H x W uint16 of one of Pillow's modes of more than 8 bits: the range of the type is kept, not the picture's own.

    32-bit numbers up to 255, and floats up to 1 or up to 255, are taken for what they are meant to be.
    """
    values = np.asarray(image)
    if image.mode == "F":
        values = np.nan_to_num(values.astype(np.float64))
        values = np.rint(values * (TOP if values.max(initial=0) <= 1 else TOP / 255))
    else:
        values = values.astype(np.int64)
        if image.mode == "I" and image.format not in ("PNG", "PPM") and values.max(initial=0) <= 255:
            values = values * 257
    return np.clip(values, 0, TOP).astype(np.uint16)


def as_deep(pixels: np.ndarray, channels: int) -> np.ndarray:
    """H x W x C of 8 or 16 bits -> H x W x channels uint16, as one array of the cache holds both."""
    deep = pixels if pixels.dtype == np.uint16 else pixels.astype(np.uint16) * 257
    if deep.shape[2] < channels:
        return np.repeat(deep, channels, axis=2)
    return deep[..., :channels]  # one channel is asked for where all pictures are grey: their three are equal


def white_of(highest: int) -> float:
    """What counts as white, as a share of 16 bits: 10 or 12 bits in a file of 16 are common, and would all be black.

    >>> [round(white_of(highest) * TOP) for highest in (4095, 4096, 65535)]
    [4095, 8191, 65535]
    """
    bits = max(8, int(highest).bit_length())
    return (2**bits - 1) / TOP


def tones(pixels: np.ndarray, white: float) -> np.ndarray:
    """uint16 -> float32 from 0 to 255, `white` and beyond 255; bytes, and tones, stay as they are."""
    if pixels.dtype != np.uint16:
        return pixels
    return np.minimum(pixels.astype(np.float32) * np.float32(255 / (TOP * white)), np.float32(255))


def to_bytes(pixels: np.ndarray) -> np.ndarray:
    """uint8 of tones or of 16 bits, to be shown; bytes stay as they are."""
    if pixels.dtype == np.uint8:
        return pixels
    return np.clip(np.rint(tones(pixels, 1.0)), 0, 255).astype(np.uint8)


def _deep_colours(image: Image.Image) -> bool:
    """Whether an opened PNG or TIFF has 16 bits of several channels, of which Pillow reads the upper 8."""
    if image.format == "TIFF":
        return image.mode not in _GREYS and max(image.tag_v2.get(258, (8,))) == 16  # BitsPerSample
    return image.format == "PNG" and image.mode in ("RGB", "RGBA", "LA") and ";16" in str(image.tile)


def _colours(data: bytes) -> np.ndarray:
    """H x W x 3 uint16; Pillow would read the upper 8 bits, OpenCV reads all. Transparency is laid on white."""
    import cv2

    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)  # H x W x 3 or 4: blue, green, red, alpha
    pixels = found[..., 2::-1]
    if found.shape[2] == 3:
        return pixels
    share = found[..., 3:].astype(np.float64) / TOP
    return np.rint(pixels * share + TOP * (1 - share)).astype(np.uint16)
