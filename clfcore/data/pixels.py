"""Bytes -> pixels of 8 bits, or of 16, and Preprocess: how pixels become what a network takes. No torch."""

import hashlib
import io
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

import numpy as np
from PIL import Image, UnidentifiedImageError

from clfcore.data import deep
from clfcore.data.compact import compact
from clfcore.data.formats import special
from clfcore.errors import InputError, unknown

Fit = Literal["crop", "pad", "squash"]
Interpolation = Literal["nearest", "bilinear", "bicubic"]

# What is read, and nothing else that Pillow knows: an .eps, for one, would start a program.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "PPM")
MEGAPIXELS = 178  # as Pillow's own limit; 2 threads then hold at most 1.4 GB
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

_RESAMPLE = {name: Image.Resampling[name.upper()] for name in get_args(Interpolation)}
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R 601
_UPRIGHT = {  # EXIF orientation -> what puts the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# The size is judged here (MEGAPIXELS), so Pillow need not warn on standard error as well.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def read_image(source: Path | bytes | BinaryIO, *, least_side: int | None = None) -> np.ndarray:
    """An image file as H x W x 3 uint8 RGB, upright; the first frame where there are several.

    For showing: transparency is laid on white; grey, palette, CMYK and 16-bit are converted. least_side: no side need
    be longer than this many pixels, so a large JPEG may be decoded at 1/2, 1/4 or 1/8 (up to 9 times faster). Raises
    InputError, which names the fault.
    """
    return np.asarray(_open(_bytes(source), _name(source), least_side))


def read_deep(source: Path | bytes | BinaryIO, *, least_side: int | None = None) -> np.ndarray:
    """An image file as a classifier takes it: `read_image`, but H x W x C uint16 (C 1 or 3) where it has more depth."""
    data, name = _bytes(source), _name(source)
    found = deep.deep_pixels(data, name, most=MEGAPIXELS)
    return np.asarray(_open(data, name, least_side)) if found is None else found


def whole_size(data: bytes, name: str) -> tuple[int, int]:
    """Width and height of a picture, upright, after all of it was decoded. Raises InputError, which names the fault."""
    found = deep.deep_pixels(data, name, most=MEGAPIXELS)
    return _open(data, name, 1).info["whole"] if found is None else (found.shape[1], found.shape[0])


def image_size(source: Path | bytes | BinaryIO) -> tuple[int, int]:
    """Width and height from the file's header alone, in pixels, as stored (EXIF not applied). Raises InputError."""
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS) as image:
            return image.size
    except Exception as error:  # Pillow raises a dozen kinds on damaged files
        if isinstance(error, UnidentifiedImageError) and isinstance(source, bytes | Path):
            other = special(_bytes(source), _name(source))
            if other is not None:
                return other.size
        raise _refused(_name(source), error) from None


@dataclass(frozen=True)
class Stored:
    """A file as the cache keeps it: pixels H x W x C, its digest, and the picture's own width and height."""

    pixels: np.ndarray
    digest: str
    width: int
    height: int


@dataclass(frozen=True)
class Preprocess:
    """How a picture becomes a network's input; it travels with the weights.

    size: side of the square input in pixels. fit: `crop` (the central square), `pad` (all of it, on a ground of the
    mean colour) or `squash` (all of it, its proportions lost). crop_fraction: the share of the square's side that
    evaluation keeps (ImageNet's usual 224 of 256 is 0.875), of `crop` only. mean, deviation: of pixels from 0 to 1, one
    a channel. white: of pictures of 16 bits, the share of their range that counts as 1.
    """

    size: int
    fit: Fit = "crop"
    crop_fraction: float = 1.0
    interpolation: Interpolation = "bilinear"
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    deviation: tuple[float, ...] = (0.5, 0.5, 0.5)
    white: float = 1.0

    def __post_init__(self) -> None:
        for name, value, known in (("fit", self.fit, Fit), ("interpolation", self.interpolation, Interpolation)):
            if value not in get_args(known):
                raise unknown(name, value, get_args(known))
        if len(self.mean) not in (1, 3) or len(self.deviation) != len(self.mean):
            raise InputError(
                f"mean has {len(self.mean)} and deviation {len(self.deviation)} values: give 1 or 3 of each"
            )
        if self.size < 1 or not 0 < self.crop_fraction <= 1:
            raise InputError(
                f"size is {self.size}, crop_fraction {self.crop_fraction}: they must be at least 1, and in 0..1"
            )
        if not 0 < self.white <= 1:
            raise InputError(f"white is {self.white:g}: it must be above 0 and at most 1")

    @property
    def channels(self) -> int:
        return len(self.mean)

    @property
    def stored_side(self) -> int:
        """Side of what the cache keeps: what evaluation crops from, and augmentation has to play with."""
        return round(self.size / self.crop_fraction) if self.fit == "crop" else self.size

    def stored(self, image: np.ndarray) -> np.ndarray:
        """H x W x 3 (or x 1) of 8 or 16 bits -> S x S of the same, S = stored_side, by one resize."""
        if image.shape[:2] == (self.stored_side, self.stored_side):
            return image
        if image.dtype == np.uint16:
            return self._stored_deep(image)
        grey = image.shape[2] == 1
        side = np.asarray(self._fitted(Image.fromarray(image[..., 0] if grey else image)))
        return side[..., None] if grey else side

    def stored_file(self, data: bytes, name: str, *, is_deep: bool = False) -> Stored:
        """The bytes of an image file as the cache keeps them: what `compact` leaves, uint16 where it has that depth.

        is_deep: whether more than 8 bits are wanted. Raises InputError with `name` in it.
        """
        found = deep.deep_pixels(data, name, most=MEGAPIXELS) if is_deep else None
        if found is not None:
            height, width = found.shape[:2]
            pixels = compact(found, self)
        else:
            image = _open(data, name, self.stored_side)
            width, height = image.info["whole"]
            small = min(image.size) < self.stored_side
            pixels = compact(np.asarray(image), self) if small else np.asarray(self._fitted(image))
        return Stored(pixels, hashlib.blake2b(data, digest_size=16).hexdigest(), width, height)

    def centre(self, pixels: np.ndarray) -> np.ndarray:
        """N x S x S x C -> N x size x size x C: what evaluation sees of what is stored."""
        top, left = (pixels.shape[1] - self.size) // 2, (pixels.shape[2] - self.size) // 2
        return pixels[:, top : top + self.size, left : left + self.size]

    def square(self, image: np.ndarray) -> np.ndarray:
        """H x W x C -> size x size x channels: exactly what the network sees of a picture.

        Bytes stay bytes; of 16 bits come tones, float32 from 0 to 255.
        """
        square = self.tones(self.centre(self.stored(image)[None])[0])
        return grey(square) if self.channels == 1 and square.shape[2] == 3 else square

    def tones(self, pixels: np.ndarray) -> np.ndarray:
        """uint16 -> float32 from 0 to 255, where `white` is 255; bytes and tones stay as they are."""
        return deep.tones(pixels, self.white)

    def normalise(self, pixels: np.ndarray) -> np.ndarray:
        """N x H x W x C' bytes or tones (C' 1 or 3) -> N x channels x H x W float32."""
        x = self.tones(pixels).astype(np.float32)  # N x H x W x C'
        if self.channels == 1 and x.shape[-1] == 3:
            x = (x @ _LUMA)[..., None]
        elif self.channels == 3 and x.shape[-1] == 1:
            x = np.repeat(x, 3, axis=-1)
        x = (x / 255 - np.array(self.mean, np.float32)) / np.array(self.deviation, np.float32)
        return np.ascontiguousarray(x.transpose(0, 3, 1, 2), dtype=np.float32)  # N x channels x H x W

    def denormalise(self, x: np.ndarray) -> np.ndarray:
        """N x channels x H x W float32 -> N x H x W x channels uint8: `normalise` taken back."""
        shown = x.transpose(0, 2, 3, 1) * np.array(self.deviation, np.float32) + np.array(self.mean, np.float32)
        return np.clip(np.rint(shown * 255), 0, 255).astype(np.uint8)

    def as_dict(self) -> dict[str, object]:
        """What is stored with a run; `white` only where it says something, so that caches of before stay good."""
        stored = {**asdict(self), "mean": list(self.mean), "deviation": list(self.deviation)}
        return stored if self.white != 1 else {name: value for name, value in stored.items() if name != "white"}

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> "Preprocess":
        return Preprocess(**{**stored, "mean": tuple(stored["mean"]), "deviation": tuple(stored["deviation"])})

    def _stored_deep(self, image: np.ndarray) -> np.ndarray:
        """uint16 by way of floats, a channel at a time: Pillow has no colours of 16 bits."""
        bands = [
            np.asarray(self._fitted(Image.fromarray(image[..., c].astype(np.float32)), ground=deep.TOP / 255))
            for c in range(image.shape[2])
        ]
        return np.clip(np.rint(np.stack(bands, axis=2)), 0, deep.TOP).astype(np.uint16)

    def _fitted(self, image: Image.Image, *, ground: float = 1.0) -> Image.Image:
        """The picture in its square; ground: of `pad`, what a byte of the mean colour is multiplied by."""
        (width, height), side, resample = image.size, self.stored_side, _RESAMPLE[self.interpolation]
        if self.fit == "squash":
            return image.resize((side, side), resample)
        if self.fit == "crop":
            edge = min(width, height)
            left, top = (width - edge) / 2, (height - edge) / 2
            return image.resize((side, side), resample, box=(left, top, left + edge, top + edge))
        scale = side / max(width, height)
        inner = max(1, round(width * scale)), max(1, round(height * scale))
        shades = [round(255 * part) for part in self.mean]
        if image.mode in ("L", "F"):
            shade = round(sum(shades) / len(shades))
            square = Image.new(image.mode, (side, side), shade if image.mode == "L" else shade * ground)
        else:
            square = Image.new("RGB", (side, side), tuple(shades * (3 // len(shades))))
        square.paste(image.resize(inner, resample), ((side - inner[0]) // 2, (side - inner[1]) // 2))
        return square


def grey(pixels: np.ndarray) -> np.ndarray:
    """... x 3 -> ... x 1, bytes or tones: ITU-R 601 luma."""
    luma = (pixels.astype(np.float32) @ _LUMA)[..., None]
    return luma if pixels.dtype != np.uint8 else np.clip(np.rint(luma), 0, 255).astype(np.uint8)


def _bytes(source: Path | bytes | BinaryIO) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes() if isinstance(source, Path) else source.read()
    except OSError as error:
        raise InputError(f"{_name(source)} cannot be read ({error.strerror or error}): name a readable image") from None


def _name(source: Path | bytes | BinaryIO) -> str:
    return str(source) if isinstance(source, Path) else str(getattr(source, "name", "the image"))


def _open(data: bytes, name: str, least_side: int | None) -> Image.Image:
    """RGB, upright and loaded; `info["whole"]` is the width and height before any reduction, upright."""
    if not data:
        raise InputError(f"{name} is empty (0 bytes): copy it again or leave it out")
    other = special(data, name)
    if other is not None:
        other.info = {"whole": other.size}
        return other
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MEGAPIXELS * 1e6:
                raise InputError(
                    f"{name} is {width} x {height} pixels: at most {MEGAPIXELS} megapixels are read; make it smaller"
                )
            turn = _turn(image)
            if least_side and image.format in ("JPEG", "MPO"):
                image.draft(None, (least_side, least_side))
            rgb = _as_rgb(image)
        upright = rgb.transpose(turn) if turn is not None else rgb
        sideways = turn is not None and upright.size != rgb.size
        upright.info = {"whole": (height, width) if sideways else (width, height)}
        return upright
    except InputError:
        raise
    except Exception as error:  # Pillow raises a dozen kinds on damaged files; none of them may end a run
        raise _refused(name, error) from None


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        return _UPRIGHT.get(image.getexif().get(0x0112))
    except Exception:  # damaged EXIF: the pixels may be whole, and as they stand is the best guess
        return None


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        image.load()
        return image
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return Image.fromarray(deep.to_bytes(deep.whole_range(image))).convert("RGB")
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        see_through = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(ground, see_through).convert("RGB")
    return image.convert("RGB")


def _refused(name: str, error: Exception) -> InputError:
    if isinstance(error, InputError):
        return error
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return InputError(f"{name} has too many pixels: at most {MEGAPIXELS} megapixels are read; make it smaller")
    if isinstance(error, UnidentifiedImageError):
        return InputError(f"{name} is not an image that can be read: give a JPEG, PNG, WebP, BMP, GIF or TIFF file")
    if isinstance(error, FileNotFoundError):
        return InputError(f"{name} does not exist: name an image file")
    if "truncated" in str(error).lower():
        return InputError(f"{name} is truncated: its end is missing; copy it again or leave it out")
    return InputError(f"{name} is damaged ({str(error) or type(error).__name__}): copy it again or leave it out")
