"""PNG: without the chunks that no pixel needs, and colors of 16 bits, of which Pillow by itself reads the upper 8."""

import io
import zlib

import numpy as np
from PIL import Image, ImageFile

from clfcore.data.tiff_pixels import Values, over_white

MARK = b"\x89PNG\r\n\x1a\n"
_NEEDED = (b"tRNS", b"eXIf")
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_ORIENTED = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0", b"Raw profile type APP1\0")  # may hold an orientation
_MOST_TEXT = 1 << 20  # bytes, unpacked: as Pillow takes at most
_BAND = 1 << 18  # pixels that are put together at once


def lean(data: bytes) -> bytes:
    """A PNG without profiles, texts and frames, which may be of any size; anything else as it is."""
    if not data.startswith(MARK):
        return data
    kept, at, begin, whole = [data[:8]], 8, 8, True
    while at + 12 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        end = at + 12 + size
        if end > len(data) and kind[:1].isupper():
            break
        if not _is_read(kind, data, begin=at + 8, end=min(end - 4, len(data))):
            kept.append(data[begin:at])
            begin, whole = min(end, len(data)), False
        at = end
        if kind == b"IEND":
            break
    return data if whole else b"".join([*kept, data[begin:]])


def deep_colors(image: Image.Image) -> bool:
    """Whether an opened PNG has several channels of 16 bits."""
    return image.format == "PNG" and image.mode in ("RGB", "RGBA", "LA") and ";16" in str(tiles(image))


def tiles(image: Image.Image) -> list[ImageFile._Tile]:
    """How an opened file's pixels are packed."""
    return image.tile if isinstance(image, ImageFile.ImageFile) else []


def colors(image: Image.Image, data: bytes) -> Values:
    """H x W x 3 (of LA x 1) uint16 of a PNG of several 16-bit channels, on white: its upper and its lower bytes."""
    gray = "LA" in str(tiles(image)[0].args)
    if gray:  # gray and opacity of 16 bits lie as four channels of 8 do
        four = _as(data, "RGBA", "RGBA")
    else:
        upper, lower = (_as(data, image.mode, f"{image.mode};16{end}") for end in "BL")
    shape = (image.height, image.width, 1 if gray else 3)
    out, opacity = np.empty(shape, np.uint16), None
    if gray or image.mode == "RGBA":
        opacity = np.empty(shape[:2], np.uint16)
    for y in range(0, image.height, step := max(1, _BAND // image.width)):
        box = (0, y, image.width, min(y + step, image.height))
        if gray:
            parts = np.asarray(four.crop(box)).astype(np.uint16)
            band = parts[..., ::2] << np.uint16(8) | parts[..., 1::2]
        else:
            band = np.asarray(upper.crop(box)).astype(np.uint16) << np.uint16(8) | np.asarray(lower.crop(box))
        out[y : y + step] = band[..., : shape[2]]
        if opacity is not None:
            opacity[y : y + step] = band[..., -1]
    through = image.info.get("transparency")
    if opacity is None and isinstance(through, tuple):
        opacity = np.where((out == np.array(through, np.uint16)).all(axis=2), np.uint16(0), np.uint16(65535))
    if opacity is None or (opacity == 65535).all():
        return Values(out)
    return Values(over_white(out, opacity), None if opacity.all() else opacity > 0)


def _as(data: bytes, mode: str, raw: str) -> Image.Image:
    """The PNG decoded by another of Pillow's ways to unpack a pixel of the same size."""
    image = Image.open(io.BytesIO(data), formats=("PNG",))
    image.tile = [tile._replace(args=raw) for tile in image.tile]
    image._mode = mode
    image.load()
    return image


def _is_read(kind: bytes, data: bytes, *, begin: int, end: int) -> bool:
    """Whether a chunk is handed to the decoder: a needed one, or short text that may say how the picture is turned."""
    if kind[:1].isupper() or kind in _NEEDED:
        return True
    if kind not in _TEXTS or end - begin > _MOST_TEXT or not data.startswith(_ORIENTED, begin, end):
        return False
    text = data[data.index(b"\0", begin) + 1 : end]
    packed = text[1:] if kind == b"zTXt" else text[2:].split(b"\0", 2)[-1] if text[:1] == b"\1" else b""
    unpack = zlib.decompressobj()
    try:
        unpack.decompress(packed, _MOST_TEXT)
    except zlib.error:
        return False
    return not unpack.unconsumed_tail
