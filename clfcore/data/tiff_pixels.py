"""TIFF pixels of any depth and layout, as they are written.

libtiff (in Pillow) undoes the compression: it is shown the same strips or tiles as gray bytes, so that it neither
rounds nor interprets. Byte order, predictors, planes, packed bits, opacity and inverted grays are undone here.
"""

import io
import math
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image, TiffImagePlugin

from clfcore.data.tiff import COLORS, COMPRESSIONS, LOSSLESS, WEBP, Header
from clfcore.errors import InputError

_BAND = 1 << 19  # samples that are computed with at once
_GROUP = 1 << 26  # bytes that libtiff unpacks at once
MOST_PIXELS = 170_000_000  # that Pillow makes of one file
_MOST_BYTES = 1_500_000_000  # of a plane, with what its last tiles hold beyond the picture
_TOP = {8: 255, 16: 65535}


@dataclass(frozen=True, eq=False)
class Values:
    """A picture's values: H x W x C, C 1 or 3, uint8, uint16 or float32; and which pixels are there at all (H x W
    bool, None where all are). notes: what was left out, in words."""

    pixels: np.ndarray
    mask: np.ndarray | None = None
    notes: tuple[str, ...] = ()


def tiff_pixels(data: bytes, header: Header, name: str) -> Values:
    """The values of a TIFF, not yet upright, whose compression is lossless or WebP. Raises InputError, by name."""
    _readable(header, name)
    planes = header.samples if header.planar == 2 else 1
    if header.planar == 2:
        values = np.empty((header.height, header.width, header.samples), _type(header))
        wanted = {*range(header.colors), *(header.opacity or ())[:1]}  # of the rest nothing is taken
        for k in wanted:
            values[..., k] = _plane(data, header, plane=k, planes=planes, name=name)[..., 0]
    else:
        values = _plane(data, header, plane=0, planes=1, name=name)
    return _interpreted(values, header)


def _type(header: Header) -> str:
    """Of one value as it is written, in this machine's byte order."""
    if header.bits not in (8, 16, 32, 64):
        return "u1" if header.bits < 8 else "u2"
    return f"{'uif'[header.form - 1]}{header.bits // 8}"


def _readable(header: Header, name: str) -> None:
    """Refuse by name what is not read."""
    color_bytes = header.bits == 8 and header.form == 1 and header.planar == 1 and header.samples in (3, 4)
    if header.compression not in LOSSLESS and not (header.compression == WEBP and color_bytes):
        how = COMPRESSIONS.get(header.compression, f"number {header.compression}")
        raise InputError(
            f"{name} is a TIFF of {header.kind} values with the compression {how}, which is not read: save it with LZW"
        )
    if header.photometric not in (0, 1, 2, 3, 5):
        what = COLORS.get(header.photometric, f"number {header.photometric}")
        raise InputError(f"{name} is a TIFF whose colors are {what} ({header.kind}): save it as RGB or gray")
    known = {1: (1, 2, 4, *range(8, 17), 32, 64), 2: (8, 16, 32, 64), 3: (16, 32, 64)}[header.form]
    if header.bits not in known:
        raise InputError(f"{name} is a TIFF of {header.kind} values, which are not read: save it with 8 or 16 bits")
    if header.predictor not in (1, 2, 3) or (header.predictor == 3) > (header.form == 3) or header.planar not in (1, 2):
        raise InputError(f"{name} is damaged (predictor {header.predictor}, planes {header.planar}): copy it again")
    if header.predictor != 1 and header.bits not in (8, 16, 32, 64):
        raise InputError(f"{name} is a TIFF of {header.kind} values with a predictor: save it with 8 or 16 bits")
    if header.samples < header.colors:
        raise InputError(f"{name} is damaged ({header.samples} samples are too few for its colors): copy it again")
    if header.photometric == 5 and header.form != 1:
        raise InputError(f"{name} is a CMYK TIFF of {header.kind} values, which are not read: save it as RGB")
    if header.photometric == 3 and (header.bits > 16 or len(header.palette) != 3 << header.bits):
        raise InputError(f"{name} is damaged (its palette has {len(header.palette)} values): copy it again")


def _plane(data: bytes, header: Header, *, plane: int, planes: int, name: str) -> np.ndarray:
    """H x W x samples of one plane, in this machine's byte order."""
    samples = header.samples if planes == 1 else 1
    (wide, high), bits = header.segment, header.bits
    across, down = math.ceil(header.width / wide), math.ceil(header.height / high)
    row, each = math.ceil(wide * samples * bits / 8), across * down
    offsets, counts = (part[plane * each : (plane + 1) * each] for part in (header.offsets, header.counts))
    if len(offsets) < each or len(counts) < each:
        raise InputError(f"{name} is damaged ({len(header.offsets)} of {each * planes} strips or tiles): copy it again")
    if any(at + count > len(data) for at, count in zip(offsets, counts, strict=True)):
        raise InputError(f"{name} is truncated: its end is missing; copy it again or leave it out")
    rows = down * high if header.tiled else header.height
    if rows * across * row > _MOST_BYTES:
        raise InputError(f"{name} is damaged (strips or tiles of {wide} x {high} pixels): copy it again")
    packed = _uncompressed(
        data, header, size=(across * row, rows), segment=(row, high), offsets=offsets, counts=counts, name=name
    )
    packed = packed.reshape(rows, across, row)
    values = _decoded(packed, header, wide=wide, samples=samples)  # rows x across x wide x samples
    whole = values.reshape(rows, across * wide, samples)
    return whole[: header.height, : header.width]


def _uncompressed(
    data: bytes,
    header: Header,
    *,
    size: tuple[int, int],
    segment: tuple[int, int],
    offsets: tuple[int, ...],
    counts: tuple[int, ...],
    name: str,
) -> np.ndarray:
    """rows x bytes uint8: what the strips or tiles hold, with nothing interpreted."""
    (width, height), (wide, high) = size, segment
    if header.compression == 1 and not header.tiled and _one_piece(offsets, counts):
        if sum(counts) < width * height:
            raise InputError(f"{name} is truncated: its end is missing; copy it again or leave it out")
        return np.frombuffer(data, np.uint8, width * height, offsets[0]).reshape(height, width)
    across, out = width // wide, np.empty((height, width), np.uint8)
    if header.compression == WEBP:
        for i, (at, count) in enumerate(zip(offsets, counts, strict=True)):
            y, x = i // across * high, i % across * wide
            out[y : y + high, x : x + wide] = _webp(
                data[at : at + count], header.samples, rows=min(high, height - y), row=wide
            )
        return out
    for first in range(0, len(offsets) // across, step := max(1, _GROUP // (width * high))):
        top, bottom = first * high, min((first + step) * high, height)
        if (bottom - top) * width > MOST_PIXELS and width % 4:
            raise InputError(f"{name} is a TIFF of one strip of more than 178 MB: save it in smaller strips or tiles")
        some = slice(first * across, (first + step) * across)
        pieces = [data[at : at + count] for at, count in zip(offsets[some], counts[some], strict=True)]
        gray = _gray_tiff(pieces, header, size=(width, bottom - top), segment=segment)
        # Not by Image.open: the size was judged before, in bytes, and these are bytes taken for pixels.
        with TiffImagePlugin.TiffImageFile(io.BytesIO(gray)) as image:
            image.load()
            out[top:bottom] = np.asarray(image).reshape(bottom - top, width)
    return out


def _webp(piece: bytes, samples: int, *, rows: int, row: int) -> np.ndarray:
    """rows x row bytes of one strip or tile, which is a WebP file of its own. Raises ValueError where it is damaged."""
    try:
        with Image.open(io.BytesIO(piece), formats=("WEBP",)) as image:
            if image.size != (row // samples, rows):
                raise ValueError(f"a strip or tile of {image.width} x {image.height} pixels")
            return np.asarray(image.convert("RGB" if samples == 3 else "RGBA")).reshape(rows, row)
    except OSError:
        raise ValueError("a strip or tile that is no WebP") from None


def _gray_tiff(pieces: list[bytes], header: Header, *, size: tuple[int, int], segment: tuple[int, int]) -> bytes:
    """Strips or tiles as a TIFF of bytes of their own; of more than Pillow's most pixels, four bytes are one pixel."""
    (width, height), (wide, high) = size, segment
    samples = 4 if width * height > MOST_PIXELS else 1
    tags = [(256, width // samples), (257, height), (259, header.compression), (262, 2 if samples == 4 else 1)]
    tags += [(277, samples), (266, header.fill_order), (284, 1)]
    tags += [(322, wide // samples), (323, high)] if header.tiled else [(278, high)]
    tags += [(338, 2)] if samples == 4 else []
    out, offsets = bytearray(8), []
    for piece in pieces:
        offsets.append(len(out))
        out += piece
    out += b"\0" * (-len(out) % 8)
    bits, at = len(out), len(out) + 8
    counts = [len(piece) for piece in pieces]
    out += struct.pack("<4H", 8, 8, 8, 8) + struct.pack(f"<{len(pieces)}I{len(pieces)}I", *offsets, *counts)
    place, length = (324, 325) if header.tiled else (273, 279)
    one, start = len(pieces) == 1, len(out)
    entries = [struct.pack("<HHII", number, 4, 1, value) for number, value in tags]
    entries.append(struct.pack("<HHII", 258, 3, samples, bits if samples == 4 else 8))
    entries.append(struct.pack("<HHII", place, 4, len(pieces), offsets[0] if one else at))
    entries.append(struct.pack("<HHII", length, 4, len(pieces), counts[0] if one else at + 4 * len(offsets)))
    entries.sort(key=lambda entry: struct.unpack("<H", entry[:2])[0])
    out += struct.pack("<H", len(entries)) + b"".join(entries) + b"\0\0\0\0"
    out[:8] = b"II*\0" + struct.pack("<I", start)
    return bytes(out)


def _one_piece(offsets: tuple[int, ...], counts: tuple[int, ...]) -> bool:
    """Whether strips lie one after the other without a gap."""
    ends = [at + count for at, count in zip(offsets, counts, strict=True)]
    return list(offsets[1:]) == ends[:-1]


def _decoded(packed: np.ndarray, header: Header, *, wide: int, samples: int) -> np.ndarray:
    """rows x across x bytes -> rows x across x wide x samples of the type that is written."""
    rows, across, _ = packed.shape
    bits, size, shape = header.bits, header.bits // 8, (rows, across, wide, samples)
    if bits not in (8, 16, 32, 64):
        return _unpacked(packed, bits, wide * samples).reshape(shape)
    if header.predictor == 3:
        summed = packed.reshape(rows, across, wide * size, samples)
        summed = np.add.accumulate(summed, axis=2, dtype=np.uint8)
        parts = summed.reshape(rows, across, size, wide * samples)  # the most significant bytes of all come first
        return np.ascontiguousarray(parts.swapaxes(2, 3)).view(f">f{size}").reshape(shape).astype(f"f{size}")
    values = np.ascontiguousarray(packed).view(f"{header.order}u{size}").reshape(shape)
    values = values.astype(f"u{size}", copy=False)
    if header.predictor == 2:
        values = np.add.accumulate(values, axis=2, dtype=values.dtype)
    return values.view(_type(header))


def _unpacked(packed: np.ndarray, bits: int, count: int) -> np.ndarray:
    """rows x across x bytes -> rows x across x count: values of `bits` bits, the most significant bit first."""
    out = np.empty((*packed.shape[:2], count), np.uint8 if bits < 8 else np.uint16)
    weights = (1 << np.arange(bits - 1, -1, -1)).astype(np.uint16)
    for y in range(0, len(packed), step := max(1, _BAND // (count * 16))):
        each = np.unpackbits(packed[y : y + step], axis=2)[..., : count * bits]
        out[y : y + step] = (each.reshape(*each.shape[:2], count, bits) * weights).sum(axis=3, dtype=np.uint16)
    return out


def _interpreted(values: np.ndarray, header: Header) -> Values:
    """H x W x samples as written -> what it shows."""
    colors, mask, opacity_band = header.colors, None, header.opacity
    shown, notes = values[..., :colors], _notes(header)
    opacity, multiplied = (
        (values[..., opacity_band[0]], opacity_band[1]) if opacity_band and _on_white(header) else (None, False)
    )
    if header.missing is not None and header.photometric in (1, 2):
        mask = (shown != np.array(header.missing).astype(shown.dtype)).all(axis=2)
        mask = None if mask.all() else mask
    if header.photometric == 3:
        shown = _looked_up(shown[..., 0], header.palette)
    elif header.form == 1 and header.bits <= 16:
        shown = _scaled(shown, header.bits, inverted=header.photometric == 0)
    elif header.photometric == 0:
        shown = -shown.astype(np.float32) if header.form != 1 else float(2**header.bits - 1) - shown
    if header.photometric == 5:
        shown = _printed(shown)
    if opacity is not None:
        opacity = _scaled(opacity[..., None], header.bits, inverted=False)[..., 0]
        shown = over_white(shown, opacity, multiplied=multiplied)
        mask = opacity > 0 if not opacity.all() else mask
    if shown.dtype not in (np.uint8, np.uint16):
        with np.errstate(over="ignore"):
            shown = shown.astype(np.float32)
    return Values(shown, mask, notes)


def _on_white(header: Header) -> bool:
    """Whether what shines through can be white: of wide, signed and floating-point numbers nothing says what is."""
    return header.form == 1 and header.bits <= 16


def _notes(header: Header) -> tuple[str, ...]:
    """What is left out or guessed, in words."""
    opacity_band = header.opacity
    notes = []
    if header.colors == 3 and header.photometric != 2:
        notes.append("its first three bands are taken for red, green and blue: it does not say what they are")
    used = {*range(header.colors), *((opacity_band[0],) if opacity_band and _on_white(header) else ())}
    left = [k + 1 for k in range(header.samples) if k not in used]
    if opacity_band and not _on_white(header):
        left.remove(opacity_band[0] + 1)
        notes.append(f"its opacity (band {opacity_band[0] + 1}) is left out: {header.kind} numbers have no white")
    if left:
        which = f"band {left[0]}" if len(left) == 1 else f"bands {left[0]} to {left[-1]}"
        notes.append(f"{which} of {header.samples} {'is' if len(left) == 1 else 'are'} left out: no color or opacity")
    return tuple(notes)


def _scaled(values: np.ndarray, bits: int, *, inverted: bool) -> np.ndarray:
    """Unsigned values of up to 16 bits over the whole range of 8 or 16."""
    top, whole = 2**bits - 1, _TOP[8 if bits <= 8 else 16]
    if top != whole:
        table = np.rint(np.arange(top + 1) * (whole / top)).astype(np.uint8 if whole == 255 else np.uint16)
        values = table[values]
    return whole - values if inverted else values


def _looked_up(indices: np.ndarray, palette: tuple[int, ...]) -> np.ndarray:
    """H x W indices -> H x W x 3 uint8. Palettes are of 16 bits, unless a writer took them for 8."""
    table = np.array(palette, np.uint16).reshape(3, -1).T
    return (table >> 8 if table.max() > 255 else table).astype(np.uint8)[indices]


def _printed(values: np.ndarray) -> np.ndarray:
    """H x W x 4 inks -> H x W x 3, as Pillow does with bytes: what cyan and black leave of red, and so on."""
    top, out = _TOP[values.dtype.itemsize * 8], np.empty((*values.shape[:2], 3), values.dtype)
    for band in _bands(values):
        left = top - values[band].astype(np.uint32)
        out[band] = (left[..., :3] * left[..., 3:] + top // 2) // top
    return out


def over_white(values: np.ndarray, opacity: np.ndarray, *, multiplied: bool = False) -> np.ndarray:
    """H x W x C of 8 or 16 bits on white, by H x W of the same; in bands of rows, in whole numbers.

    multiplied: the colors are multiplied by their opacity already.
    """
    top = np.uint32(np.iinfo(values.dtype).max)
    out = np.empty(values.shape, values.dtype)
    for band in _bands(values):
        share = opacity[band].astype(np.uint32)[..., None]
        colors = values[band].astype(np.uint32)
        if multiplied:
            out[band] = np.minimum(colors + (top - share), top)
        else:
            out[band] = (colors * share + top * (top - share) + top // 2) // top  # at most 65,535 squared and a half
    return out


def _bands(values: np.ndarray) -> list[slice]:
    step = max(1, _BAND // max(1, values.shape[1] * values.shape[2]))
    return [slice(y, y + step) for y in range(0, len(values), step)]
