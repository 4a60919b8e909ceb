"""TIFF headers, read by hand: Pillow knows some 60 layouts of samples, and takes others for something else.

Classic and BigTIFF, either byte order; the first directory of a file alone. Raises InputError.
"""

import math
import struct
from dataclasses import dataclass
from typing import BinaryIO

from clfcore.errors import InputError

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# What libtiff undoes without a loss and without knowing what the bytes mean.
LOSSLESS = (1, 5, 8, 32773, 32946, 34925, 50000)  # none, LZW, deflate, PackBits, deflate (old), LZMA, Zstandard
WEBP = 50001
PREDICTED = (5, 8, 32946, 34925, 50000)  # where libtiff asks for a predictor; elsewhere it passes over the tag
COMPRESSIONS = {
    2: "CCITT",
    3: "CCITT group 3",
    4: "CCITT group 4",
    6: "JPEG (old)",
    7: "JPEG",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG of DNG",
    34933: "PNG",
    34934: "JPEG XR",
    WEBP: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
COLORS = {4: "a mask", 6: "YCbCr", 8: "CIE L*a*b*", 9: "ICC L*a*b*", 32803: "a color filter array", 34892: "raw"}
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK = 0, 1, 2, 3, 5
_TYPES = {
    1: "B",
    2: "s",
    3: "H",
    4: "I",
    5: "II",
    6: "b",
    7: "B",
    8: "h",
    9: "i",
    10: "ii",
    11: "f",
    12: "d",
    13: "I",
    16: "Q",
    17: "q",
    18: "Q",
}
_MOST_ENTRIES, _MOST_VALUES = 4096, 4_000_000
_READ = (254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338, 339, 42113)


@dataclass(frozen=True)
class Header:
    """How a TIFF's first picture is written.

    form: 1 unsigned, 2 signed, 3 floating point. extra: what each sample beyond the colors is: 0 unspecified, 1
    opacity that the colors are multiplied by, 2 opacity. segment: width and height of a strip or tile. missing: the
    value that stands for no data (GDAL), None where there is none.
    """

    width: int
    height: int
    bits: int
    samples: int
    form: int
    photometric: int
    planar: int
    compression: int
    predictor: int
    orientation: int
    extra: tuple[int, ...]
    fill_order: int
    tiled: bool
    segment: tuple[int, int]
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    order: str
    big: bool
    palette: tuple[int, ...]
    missing: float | None

    @property
    def opacity(self) -> tuple[int, bool] | None:
        """The sample that is opacity, and whether the colors are multiplied by it; None where none is called so."""
        begin = self.samples - len(self.extra)
        opacities = ((begin + i, kind == 1) for i, kind in enumerate(self.extra) if kind in (1, 2) and begin + i > 0)
        return next(opacities, None)

    @property
    def colors(self) -> int:
        """Samples that are colors: 1, 3, or 4 of CMYK. Three bands or more without an interpretation are colors."""
        if self.photometric == _CMYK:
            return 4
        bands = self.samples - (self.opacity is not None)
        return 3 if self.photometric == _RGB or (self.photometric != _PALETTE and bands >= 3) else 1

    @property
    def simple(self) -> bool:
        """Whether Pillow reads it as it is meant: 8 bits or less, without samples that may or may not be opacity.

        WebP its libtiff may or may not know.
        """
        if self.compression == WEBP:
            return False
        known = self.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK)
        plain = self.samples == self.colors and not (self.colors == 3 and self.photometric != _RGB)
        pillows = plain and not (self.big and self.order == ">")  # of big-endian BigTIFF Pillow loses the header
        return self.bits <= 8 and self.form == 1 and (pillows or not known or self.compression not in LOSSLESS)

    @property
    def dtype(self) -> str:
        """Of the pixels that it becomes: uint8, uint16 or float32."""
        if self.form != 1 or self.bits > 16:
            return "float32"
        return "uint8" if self.bits <= 8 or self.photometric == _PALETTE else "uint16"

    @property
    def gray(self) -> bool:
        return self.colors == 1 and self.photometric != _PALETTE

    @property
    def kind(self) -> str:
        """In words: `16-bit unsigned`."""
        return f"{self.bits}-bit {('unsigned', 'signed', 'floating-point')[self.form - 1]}"


def is_tiff(data: bytes) -> bool:
    return data[:4] in MAGIC


def read_header(file: BinaryIO, name: str) -> Header:
    """The first directory of an open TIFF. Raises InputError where it is damaged or cannot be read by its kind."""
    try:
        head = file.read(16)
        order, big = "<" if head[:2] == b"II" else ">", head[2:4] in (b"+\0", b"\0+")
        return _header(_directory(file, head, order, big=big), order, name, big=big)
    except InputError:
        raise
    except (struct.error, ValueError, KeyError, IndexError, OverflowError, OSError, MemoryError) as error:
        words = str(error) or type(error).__name__
        raise InputError(f"{name} is damaged (TIFF header: {words}): copy it again or leave it out") from None


def _directory(file: BinaryIO, head: bytes, order: str, *, big: bool) -> dict[int, tuple]:
    """The tags that are of use, each a tuple of numbers or bytes."""
    (start,) = struct.unpack(f"{order}{'Q' if big else 'I'}", head[8:16] if big else head[4:8])
    count_code, entry = ("Q", 20) if big else ("H", 12)
    file.seek(start)
    (count,) = struct.unpack(f"{order}{count_code}", file.read(struct.calcsize(f"{order}{count_code}")))
    if not 0 < count <= _MOST_ENTRIES:
        raise ValueError(f"{count} entries")
    listed = file.read(count * entry)
    tags: dict[int, tuple] = {}
    for i in range(count):
        one = listed[i * entry : (i + 1) * entry]
        number, kind = struct.unpack(f"{order}HH", one[:4])
        if number not in _READ or kind not in _TYPES or number in tags:
            continue
        (length,) = struct.unpack(f"{order}{'Q' if big else 'I'}", one[4 : 12 if big else 8])
        if not 0 < length <= _MOST_VALUES:
            raise ValueError(f"{length} values of tag {number}")
        code, inline = f"{order}{length}{_TYPES[kind][0]}", one[12:] if big else one[8:]
        if kind in (5, 10):  # of fractions nothing is needed
            continue
        size = struct.calcsize(code)
        if size > len(inline):
            (place,) = struct.unpack(f"{order}{'Q' if big else 'I'}", inline)
            file.seek(place)
            inline = file.read(size)
        tags[number] = struct.unpack(code, inline[:size])
    return tags


def _header(tags: dict[int, tuple], order: str, name: str, *, big: bool) -> Header:
    def first(number: int, default: int | None = None) -> int:
        values = tags.get(number)
        if values is None and default is not None:
            return default
        if values is None:
            raise ValueError(f"tag {number} is missing")
        return int(values[0])

    width, height = first(256), first(257)
    samples, compression = first(277, 1), first(259, 1)
    bits, forms = tags.get(258, (1,)), tags.get(339, (1,))
    if min(width, height, samples) < 1:
        raise ValueError(f"{width} x {height} pixels of {samples} samples")
    if len(set(bits[:samples])) > 1 or len(set(forms[:samples])) > 1:
        raise InputError(f"{name} is a TIFF whose samples differ in depth: save all of them alike")
    form = 1 if forms[0] in (0, 4) else int(forms[0])
    if form not in (1, 2, 3):
        raise InputError(f"{name} is a TIFF of complex numbers: save their magnitude")
    tiled = 322 in tags and 324 in tags
    segment = (first(322), first(323)) if tiled else (width, min(height, first(278, height)) or height)
    offsets = tags.get(324 if tiled else 273)
    counts = tags.get(325 if tiled else 279)
    if offsets is None or min(segment) < 1:
        raise ValueError("it says nowhere where its pixels are")
    planar = first(284, 1) if samples > 1 else 1
    if counts is None:  # allowed of old, where nothing is compressed
        row = math.ceil(segment[0] * int(bits[0]) * (samples if planar == 1 else 1) / 8)
        counts = tuple(row * segment[1] for _ in offsets)
    photometric = first(262, _BLACK_IS_ZERO if samples < 3 else _RGB)
    missing = None
    if 42113 in tags:
        text = tags[42113][0] if isinstance(tags[42113][0], bytes) else bytes(tags[42113])
        try:
            missing = float(text.rstrip(b"\0 ").decode("ascii"))
        except ValueError:
            missing = None
    return Header(
        width,
        height,
        int(bits[0]),
        samples,
        form,
        photometric,
        planar,
        compression,
        first(317, 1) if compression in PREDICTED else 1,
        first(274, 1),
        tuple(int(kind) for kind in tags.get(338, ())),
        first(266, 1),
        tiled,
        segment,
        tuple(map(int, offsets)),
        tuple(map(int, counts)),
        order,
        big,
        tuple(map(int, tags.get(320, ()))),
        missing,
    )
