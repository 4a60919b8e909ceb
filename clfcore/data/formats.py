"""Pictures that Pillow reads only with an extra: HEIC of phones, DICOM of hospitals."""

import importlib
import io
from typing import Any

import numpy as np
from PIL import Image

from clfcore.errors import InputError

_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


def special(data: bytes, name: str) -> Image.Image | None:
    """HEIC or DICOM as a Pillow image, upright; None for every other format.

    Raises InputError where the extra that reads it is not installed, or the file is damaged.
    """
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return _heic(data, name)
    if data[128:132] == b"DICM":
        return _dicom(data, name)
    return None


def _heic(data: bytes, name: str) -> Image.Image:
    reader = _extra("pillow_heif", "pillow-heif", name, "a HEIC picture")
    try:
        found = reader.open_heif(io.BytesIO(data))
        return found.to_pillow().convert("RGB")
    except Exception as error:  # libheif raises its own kinds
        raise InputError(f"{name} is a damaged HEIC picture ({error}): copy it again or leave it out") from None


def _dicom(data: bytes, name: str) -> Image.Image:
    """The first frame: rescaled and windowed as the file asks, dark and light as a radiologist sees them."""
    pydicom = _extra("pydicom", "pydicom", name, "a DICOM picture")
    try:
        stored = pydicom.dcmread(io.BytesIO(data))
        pixels = stored.pixel_array
        if int(getattr(stored, "NumberOfFrames", 1) or 1) > 1:
            pixels = pixels[0]
        if pixels.ndim == 3:
            return Image.fromarray(pixels.astype(np.uint8)).convert("RGB")
        return Image.fromarray(_grey(stored, pixels)).convert("RGB")
    except Exception as error:  # pydicom raises many kinds on damaged files and unknown encodings
        raise InputError(f"{name} is a DICOM file that cannot be read ({error}): convert it to PNG") from None


def _grey(stored: Any, pixels: np.ndarray) -> np.ndarray:
    """H x W of any depth -> uint8: the window of the file, else all values that occur."""
    lut = importlib.import_module("pydicom.pixels")
    values = lut.apply_modality_lut(pixels, stored)
    values = lut.apply_voi_lut(values, stored).astype(np.float64)
    low, high = values.min(), values.max()
    scaled = np.rint((values - low) / max(high - low, 1e-12) * 255)
    if getattr(stored, "PhotometricInterpretation", "") == "MONOCHROME1":  # high values are dark
        scaled = 255 - scaled
    return np.clip(scaled, 0, 255).astype(np.uint8)


def _extra(module: str, package: str, name: str, what: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InputError(f"{name} is {what}, which needs an extra: pip install {package}") from None
