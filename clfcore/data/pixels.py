"""A picture file -> its pixels, and Preprocess: how pixels become what a network takes. No torch."""

import hashlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, get_args

import numpy as np
from PIL import Image

from clfcore.data import bit_depth
from clfcore.data.bit_depth import Extremes, ValueRange
from clfcore.data.compact_square import compact, is_small
from clfcore.data.image_file import open_picture
from clfcore.data.regular_file import name_of, read_bytes
from clfcore.errors import InputError, unknown

Fit = Literal["crop", "pad", "squash"]
Interpolation = Literal["nearest", "bilinear", "bicubic"]

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

_RESAMPLE = {name: Image.Resampling[name.upper()] for name in get_args(Interpolation)}
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R 601


def read_image(source: Path | bytes | BinaryIO, *, least_side: int | None = None) -> np.ndarray:
    """An image file as a classifier takes it, upright; the first frame where there are several.

    H x W x 3 uint8 RGB, or where the file has more than 8 bits a value H x W x C uint16 or float32, C 1 or 3, its
    values as they are: `deep.shown` and `Preprocess` bring them to a value range. What is transparent lies on white.
    least_side: no side need be longer than this many pixels, so a large JPEG may be decoded at 1/2, 1/4 or 1/8 (up to 9
    times faster). Raises InputError, which names the fault.
    """
    data = read_bytes(source)
    with ExitStack() as holding:
        return open_picture(data, name_of(source), least_side, holding=holding).pixels


@dataclass(frozen=True)
class Stored:
    """A file as the cache keeps it: pixels H x W x C, its digest, and what was seen of the picture itself.

    whole: the pixels are all of the picture's, for any square to be made of; reducible: as `Picture` has it.
    """

    pixels: np.ndarray
    digest: str
    width: int
    height: int
    extremes: Extremes | None = None  # of a deep picture
    notes: tuple[str, ...] = ()
    whole: bool = False
    reducible: bool = False


@dataclass(frozen=True)
class Preprocess:
    """How a picture becomes a network's input; it travels with the weights.

    size: side of the square input in pixels. fit: `crop` (the central square), `pad` (all of it, on a ground of the
    mean color) or `squash` (all of it, its proportions lost). crop_fraction: the share of the square's side that
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
    value_range: ValueRange | None = None

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
        if self.value_range is not None and not self.value_range[0] < self.value_range[1]:
            raise InputError(f"value_range is {self.value_range}: its first value must be below its second")

    @property
    def channels(self) -> int:
        return len(self.mean)

    @property
    def stored_side(self) -> int:
        """Side of what the cache keeps: what evaluation crops from, and augmentation has to play with."""
        return round(self.size / self.crop_fraction) if self.fit == "crop" else self.size

    def stored(self, image: np.ndarray) -> np.ndarray:
        """A picture as it was read -> S x S x C bytes, or tones of a deep one, S = stored_side, by one resize."""
        return self.tones(self.resized(image))

    def resized(self, image: np.ndarray | Image.Image) -> np.ndarray:
        """A picture as it was read -> S x S of the same values; where `pad` left a deep one's square empty, NaN."""
        side = self.stored_side
        if isinstance(image, np.ndarray):
            if image.shape[:2] == (side, side):
                return image
            if image.dtype != np.uint8:
                return self._resized_deep(image)
            if image.shape[2] == 1:
                return np.asarray(self._fitted(Image.fromarray(image[..., 0])))[..., None]
            image = Image.fromarray(image)
        return np.asarray(self._fitted(image))

    def stored_file(self, data: bytes, name: str) -> Stored:
        """The bytes of an image file as the cache keeps them: whole where the picture is small, else what `compact`
        leaves. Raises InputError, by `name`.
        """
        with ExitStack() as holding:
            picture = open_picture(data, name, self.stored_side, holding=holding)
            size = picture.width, picture.height
            whole = picture.size == size and is_small(*size)
            if whole:
                pixels = picture.pixels
            elif min(picture.size) < self.stored_side:
                pixels = compact(picture.pixels, self)
            else:
                pixels = self.resized(picture.content)
        digest = hashlib.blake2b(data, digest_size=16).hexdigest()
        return Stored(pixels, digest, *size, picture.extremes, picture.notes, whole, picture.reducible)

    def center(self, pixels: np.ndarray) -> np.ndarray:
        """N x S x S x C -> N x size x size x C: what evaluation sees of what is stored."""
        top, left = (pixels.shape[1] - self.size) // 2, (pixels.shape[2] - self.size) // 2
        return pixels[:, top : top + self.size, left : left + self.size]

    def square(self, image: np.ndarray) -> np.ndarray:
        """H x W x C -> size x size x channels: exactly what the network sees of a picture.

        Bytes stay bytes; of deeper pictures, and where colors become gray, come tones: float32 from 0 to 255.
        """
        return self.square_of(self.stored(image))

    def square_of(self, stored: np.ndarray) -> np.ndarray:
        """What `square` gives of the picture that `stored` gave this of."""
        square = self.center(stored[None])[0]
        if self.channels == 1 and square.shape[2] == 3:
            return gray(square)
        if square.dtype != np.uint8 and square.shape[2] < self.channels:  # among others there may be deep colors
            return np.repeat(square, self.channels, axis=2)
        return square

    def tones(self, pixels: np.ndarray) -> np.ndarray:
        """... x S x S x C values of deep pictures -> float32 from 0 to 255 by the value range; bytes stay as they are.

        What `pad` left empty becomes the mean color.
        """
        if pixels.dtype == np.uint8:
            return pixels
        if self.value_range is None and pixels.ndim == 4 and pixels.dtype != np.uint16:  # each by what it has itself
            return np.stack([self.tones(one) for one in pixels]) if len(pixels) else pixels
        tones = bit_depth.tones(pixels, self.value_range, white=self.white)
        if self.fit != "pad":
            return tones
        if tones.shape[-1] < self.channels:
            tones = np.repeat(tones, self.channels, axis=-1)
        shade = np.minimum(np.array(self._shades(tones.shape[-1]), np.float32) / self.white, 255)
        return np.where(np.isnan(tones), shade, tones)

    def normalize(self, pixels: np.ndarray) -> np.ndarray:
        """N x H x W x C' bytes or tones (C' 1 or 3) -> N x channels x H x W float32."""
        x = pixels.astype(np.float32)  # N x H x W x C'
        if self.channels == 1 and x.shape[-1] == 3:
            x = (x @ _LUMA)[..., None]
        elif self.channels == 3 and x.shape[-1] == 1:
            x = np.repeat(x, 3, axis=-1)
        z = (x / 255 - np.array(self.mean, np.float32)) / np.array(self.deviation, np.float32)
        return np.ascontiguousarray(z.transpose(0, 3, 1, 2), dtype=np.float32)  # N x channels x H x W

    def denormalize(self, x: np.ndarray) -> np.ndarray:
        """N x channels x H x W float32 -> N x H x W x channels uint8: `normalize` taken back."""
        shown = x.transpose(0, 2, 3, 1) * np.array(self.deviation, np.float32) + np.array(self.mean, np.float32)
        return np.clip(np.rint(shown * 255), 0, 255).astype(np.uint8)

    def as_dict(self) -> dict[str, object]:
        """What is stored with a run; value range and white only where they say something."""
        stored = {**asdict(self), "mean": list(self.mean), "deviation": list(self.deviation)}
        if self.value_range is None:
            del stored["value_range"]
        else:
            stored["value_range"] = list(self.value_range)
        if self.white == 1:
            del stored["white"]
        return stored

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> "Preprocess":
        values = stored.get("value_range")
        return Preprocess(
            **{
                **stored,
                "mean": tuple(stored["mean"]),
                "deviation": tuple(stored["deviation"]),
                "value_range": None if values is None else (float(values[0]), float(values[1])),
            }
        )

    def _resized_deep(self, image: np.ndarray) -> np.ndarray:
        """By way of floats, a channel at a time: Pillow has no colors of more than 8 bits."""
        bands = [self._fitted(Image.fromarray(image[..., c].astype(np.float32))) for c in range(image.shape[2])]
        side = np.stack([np.asarray(band) for band in bands], axis=2)
        if image.dtype == np.float32 or self.fit == "pad":
            return side
        return np.clip(np.rint(side), 0, bit_depth.TOP).astype(np.uint16)

    def _shades(self, channels: int) -> tuple[int, ...]:
        """The mean color in bytes, as pictures of 1 or 3 channels have it."""
        shades = [round(255 * part) for part in self.mean]
        return (round(sum(shades) / len(shades)),) if channels == 1 else tuple(shades * (3 // len(shades)))

    def _fitted(self, image: Image.Image) -> Image.Image:
        """The picture in its square; around a padded one bytes of the mean color, or NaN of a deep picture."""
        (width, height), side, resample = image.size, self.stored_side, _RESAMPLE[self.interpolation]
        if self.fit == "squash":
            return image.resize((side, side), resample)
        if self.fit == "crop":
            edge = min(width, height)
            left, top = (width - edge) / 2, (height - edge) / 2
            return image.resize((side, side), resample, box=(left, top, left + edge, top + edge))
        scale = side / max(width, height)
        inner = max(1, round(width * scale)), max(1, round(height * scale))
        if image.mode == "F":
            square = Image.new("F", (side, side), float("nan"))
        elif image.mode == "L":
            square = Image.new("L", (side, side), self._shades(1)[0])
        else:
            square = Image.new("RGB", (side, side), self._shades(3))
        square.paste(image.resize(inner, resample), ((side - inner[0]) // 2, (side - inner[1]) // 2))
        return square


def gray(pixels: np.ndarray) -> np.ndarray:
    """... x 3 -> ... x 1 tones, not rounded, as training takes them: ITU-R 601 luma."""
    return (pixels.astype(np.float32) @ _LUMA)[..., None]


def gray_square(side: int) -> np.ndarray:
    """A plain middle gray, side x side x 3 bytes: what stands for a picture that cannot be shown."""
    return np.full((side, side, 3), 128, np.uint8)
