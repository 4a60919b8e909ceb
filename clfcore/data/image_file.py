"""One picture file, opened: limits first, then its pixels upright, on white, of 8 bits or as deep as they are.

There is one reader, so that training, evaluation, pages and commands see the same.
"""

import io
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from clfcore.data import png, tiff
from clfcore.data.bit_depth import Extremes
from clfcore.data.decode_budget import BUDGET
from clfcore.data.dicom_heic import has_colors, is_dicom, is_heic, open_heic, scan
from clfcore.data.orientation import UPRIGHT, orientation_of, turned
from clfcore.data.ppm import deep_colors, portable_pixels
from clfcore.data.regular_file import name_of, open_regular
from clfcore.data.tiff_pixels import Values, tiff_pixels
from clfcore.errors import InputError

# What is read, and nothing else that Pillow knows: an .eps, for one, would start a program.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "PPM", "AVIF")
MEGAPIXELS = 178  # as Pillow's own limit
MEGABYTES = 4 * MEGAPIXELS  # of decoded samples: 89 megapixels of 16 bits with opacity
MOST_SIDE = 100_000  # pixels
_HEAD = 132  # bytes: as far as DICOM's mark stands
_GRAYS = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")  # Pillow's modes of more than 8 bits
_BAND = 1 << 20  # pixels that are laid on white at once
# The size is judged here, so Pillow need not warn on standard error as well.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was read.

    content: an RGB image of 8 bits, or H x W x C uint16 or float32, C 1 or 3, the values of the file. width, height:
    its own, before any reduction, upright. extremes: of a deep picture's values that are numbers and to be seen.
    notes: what was left out or assumed. reducible: whether its decoder can reduce it, as JPEG's does: then the
    content depends on the side that was asked for.
    """

    content: Image.Image | np.ndarray
    width: int
    height: int
    extremes: Extremes | None = None
    notes: tuple[str, ...] = ()
    reducible: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the content, which may be reduced."""
        content = self.content
        return (content.shape[1], content.shape[0]) if isinstance(content, np.ndarray) else content.size

    @cached_property
    def pixels(self) -> np.ndarray:
        """H x W x 3 uint8, or H x W x C uint16 or float32."""
        return self.content if isinstance(self.content, np.ndarray) else np.asarray(self.content)


@dataclass(frozen=True)
class Depth:
    """What a file's header says of its pixels: their type (uint8, uint16 or float32), and whether they are gray."""

    dtype: str
    gray: bool

    @property
    def deep(self) -> bool:
        return self.dtype != "uint8"


def open_picture(data: bytes, name: str, least_side: int | None = None, *, holding: ExitStack | None = None) -> Picture:
    """A picture file's bytes, read. least_side: see `read_image`. Raises InputError with `name` in it.

    holding: what keeps a large picture's share of the memory budget until the caller is done with it; by default it is
    given back on return.
    """
    if not data:
        raise InputError(f"{name} is empty (0 bytes): copy it again or leave it out")
    if holding is None:
        with ExitStack() as own:
            return open_picture(data, name, least_side, holding=own)
    try:
        if is_dicom(data):
            return _of_values(Values(scan(data, name)), 1)
        if is_heic(data):
            return _of_heic(data, name, holding)
        if tiff.is_tiff(data):
            header = tiff.read_header(io.BytesIO(data), name)
            within_limits(name, header.width, header.height, pixel_bytes=header.samples * max(1, header.bits // 8))
            if not header.simple:
                holding.enter_context(BUDGET.hold(header.width * header.height))
                return _of_values(tiff_pixels(data, header, name), header.orientation)
            try:
                return _of_image(data, name, least_side=least_side, holding=holding)
            except UnidentifiedImageError:  # a layout that Pillow does not know
                return _of_values(tiff_pixels(data, header, name), header.orientation)
        if deep_colors(data):
            width, height = image_size(data, name)
            within_limits(name, width, height, pixel_bytes=6)
            holding.enter_context(BUDGET.hold(width * height))
            return _of_values(Values(portable_pixels(data, name)), 1)
        return _of_image(png.lean(data), name, least_side=least_side, holding=holding)
    except InputError:
        raise
    except Exception as error:  # Pillow raises a dozen kinds on damaged files; none of them may end a run
        raise _refused(name, error) from None


def depth(path: Path) -> Depth:
    """What a file's first bytes say, without decoding it; a file that cannot be read counts as one of 8 bits."""
    shallow = Depth("uint8", False)
    try:
        with open_regular(path) as file:
            head = file.read(_HEAD)
            file.seek(0)
            if head.startswith(png.MARK):
                return Depth("uint16" if head[24:25] == b"\x10" else "uint8", head[25:26] in (b"\0", b"\4"))
            if is_dicom(head):
                gray = not has_colors(file)
                return Depth("uint16" if gray else "uint8", gray)
            if tiff.is_tiff(head):
                header = tiff.read_header(file, str(path))
                return shallow if header.simple else Depth(header.dtype, header.gray)
            if head[:1] != b"P":
                return shallow
            if deep_colors(head):
                return Depth("uint16", False)
            with Image.open(file, formats=("PPM",)) as image:
                return Depth(_dtype(image.mode), True) if image.mode in _GRAYS else shallow
    except Exception:  # the pass over the pictures says what is wrong
        return shallow


def image_size(source: Path | bytes, name: str | None = None) -> tuple[int, int]:
    """Width and height from the file's header alone, in pixels, as stored (EXIF not applied). Raises InputError."""
    name = name or name_of(source)
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else open_regular(source) as file:
            head = file.read(_HEAD)
            file.seek(0)
            if tiff.is_tiff(head):
                header = tiff.read_header(file, name)
                return header.width, header.height
            if is_heic(head):
                return open_heic(file.read(), name).size
            if is_dicom(head):
                height, width = scan(file.read(), name).shape[:2]
                return width, height
            with Image.open(file, formats=FORMATS) as image:
                return image.size
    except InputError:
        raise
    except Exception as error:  # Pillow raises a dozen kinds on damaged files
        raise _refused(name, error) from None


def within_limits(name: str, width: int, height: int, *, pixel_bytes: int) -> None:
    """Refuse a picture that would take too much, before any of it is decoded."""
    if width * height > MEGAPIXELS * 1e6:
        raise InputError(
            f"{name} is {width} x {height} pixels: at most {MEGAPIXELS} megapixels are read; make it smaller"
        )
    if max(width, height) > MOST_SIDE:
        raise InputError(f"{name} is {width} x {height} pixels: a side has at most {MOST_SIDE:,}; make it smaller")
    if width * height * pixel_bytes > MEGABYTES * 1e6:
        raise InputError(
            f"{name} is {width} x {height} pixels of {pixel_bytes} bytes: at most {MEGABYTES} MB are decoded; "
            "make it smaller, or save it with 8 bits"
        )


def _of_image(data: bytes, name: str, *, least_side: int | None, holding: ExitStack) -> Picture:
    """What Pillow opens: of 8 bits as it reads it, gray of more as it is, colors of 16 bits in two halves."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        within_limits(
            name, *image.size, pixel_bytes=len(image.getbands()) * (2 if ";16" in str(png.tiles(image)) else 1)
        )
        drafted = least_side is not None and image.format in ("JPEG", "MPO")
        whole = image.size
        if least_side is not None and drafted:
            image.draft(None, (least_side, least_side))
        holding.enter_context(BUDGET.hold(image.width * image.height))
        if png.deep_colors(image):
            values = png.colors(image, data)
            return _of_values(values, orientation_of(image))
        if image.mode in _GRAYS:
            image.load()
            return _of_values(_grays(image), orientation_of(image))
        image.load()  # before the orientation is asked for: a TIFF is turned by Pillow, which then takes its tag away
        orientation = orientation_of(image)
        rgb = _on_white(image)
    upright = rgb.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else rgb
    if not drafted:
        return Picture(upright, *upright.size)
    width, height = whole[::-1] if orientation in (5, 6, 7, 8) else whole
    return Picture(upright, width, height, reducible=True)


def _of_heic(data: bytes, name: str, holding: ExitStack) -> Picture:
    """What libheif opens, which turns it upright itself."""
    file = open_heic(data, name)
    width, height = file.size
    within_limits(name, width, height, pixel_bytes=4)
    holding.enter_context(BUDGET.hold(width * height))
    return Picture(_on_white(file.to_pillow()), width, height)


def _on_white(image: Image.Image) -> Image.Image:
    """A loaded image of 8 bits as RGB, what is transparent on white; in bands, for the copies would take much."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if "transparency" not in image.info and image.mode not in ("RGBA", "LA", "PA", "RGBa", "La"):
        return image.convert("RGB")
    out, step = Image.new("RGB", image.size), max(1, _BAND // image.width)
    for y in range(0, image.height, step):
        box = (0, y, image.width, min(y + step, image.height))
        band = image.crop(box)
        band.info = image.info
        band = band.convert("RGBA")
        out.paste(Image.alpha_composite(Image.new("RGBA", band.size, "white"), band).convert("RGB"), box)
    return out


def _grays(image: Image.Image) -> Values:
    values = np.asarray(image)
    if image.mode == "F":
        return Values(values[..., None])
    if image.mode == "I":  # 16 bits, of a PNG or PGM, as Pillow holds them where it has scaled them
        values = np.clip(values, 0, 65535)
    values = values.astype(np.uint16)[..., None]
    through = image.info.get("transparency")
    if isinstance(through, int):
        mask = values[..., 0] != through
        values = np.where(mask[..., None], values, np.uint16(65535))
        return Values(values, None if mask.all() else mask)
    return Values(values)


def _dtype(mode: str) -> str:
    return "float32" if mode == "F" else "uint16"


def _of_values(values: Values, orientation: int) -> Picture:
    pixels, mask, notes = values.pixels, values.mask, values.notes
    if pixels.dtype == np.float32:
        pixels, mask, more = _numbers_only(pixels, mask)
        notes += more
    extremes = None
    if pixels.dtype != np.uint8:
        visible = pixels if mask is None else pixels[mask]
        visible = visible if visible.size else pixels
        extremes = Extremes(float(visible.min()), float(visible.max()), pixels.dtype.name)
    pixels = np.ascontiguousarray(turned(pixels, orientation))
    height, width = pixels.shape[:2]
    if pixels.dtype != np.uint8:
        return Picture(pixels, width, height, extremes, notes)
    image = Image.fromarray(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels)
    return Picture(image, width, height, extremes, notes)


def _numbers_only(pixels: np.ndarray, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """Floats, NaN and infinities counted as the lowest or highest number. Raises ValueError where there is none."""
    finite = np.isfinite(pixels)
    if mask is not None:
        finite &= mask[..., None]
    if finite.all():
        return pixels, mask, ()
    if not finite.any():
        raise ValueError("not one of its values is a number")
    low, high = pixels[finite].min(), pixels[finite].max()
    odd = int(np.count_nonzero(~np.isfinite(pixels)))
    pixels = np.where(finite, pixels, np.where(pixels == np.inf, high, low))
    notes = (f"{odd:,} of its values are NaN or infinite: they count as its lowest or highest",) if odd else ()
    return pixels, finite.all(axis=2), notes


def _refused(name: str, error: Exception) -> InputError:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return InputError(f"{name} has too many pixels: at most {MEGAPIXELS} megapixels are read; make it smaller")
    if isinstance(error, UnidentifiedImageError):
        return InputError(
            f"{name} is not an image that can be read: give a JPEG, PNG, WebP, AVIF, HEIC, BMP, GIF or TIFF file"
        )
    if isinstance(error, FileNotFoundError):
        return InputError(f"{name} does not exist: name an image file")
    if "truncated" in str(error).lower():
        return InputError(f"{name} is truncated: its end is missing; copy it again or leave it out")
    return InputError(f"{name} is damaged ({str(error) or type(error).__name__}): copy it again or leave it out")
