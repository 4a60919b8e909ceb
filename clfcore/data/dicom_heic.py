"""Pictures that Pillow reads only with an extra: HEIC of phones, DICOM of hospitals."""

import importlib
import importlib.util
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from clfcore.errors import InputError

_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


def readable_kinds() -> tuple[str, ...]:
    """The endings of the pictures that this installation reads; HEIC and DICOM are among them with their extra."""
    kinds = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"]
    kinds += ["heic", "heif"] if importlib.util.find_spec("pillow_heif") else []
    return (*kinds, *(["dcm"] if importlib.util.find_spec("pydicom") else []))


def special(data: bytes, name: str) -> Image.Image | None:
    """HEIC or DICOM as an RGB image of 8 bits, upright; None for every other format.

    Raises InputError where the extra that reads it is not installed, or the file is damaged.
    """
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return _heic(data, name)
    if is_dicom(data):
        values = scan(data, name)
        pixels = values if values.dtype == np.uint8 else ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
        return Image.fromarray(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels)
    return None


def is_dicom(data: bytes) -> bool:
    return data[128:132] == b"DICM"


def has_colours(path: Path) -> bool:
    """Whether a DICOM file's pixels have three values; False where that cannot be read."""
    try:
        read = importlib.import_module("pydicom").dcmread
        return int(read(path, stop_before_pixels=True, specific_tags=["SamplesPerPixel"]).get("SamplesPerPixel", 1)) > 1
    except Exception:  # absent or damaged: the pass over the pictures says which
        return False


def scan(data: bytes, name: str) -> np.ndarray:
    """A DICOM file's first frame: H x W x 1 uint16 as a radiologist sees it, or H x W x 3 uint8 where it has colours.

    Rescaled and windowed as the file asks; without a window the range that its bits can have, so that two scans of one
    device keep their relation; MONOCHROME1 is turned round. Raises InputError.
    """
    pydicom = _extra("pydicom", "pydicom", name, "a DICOM picture")
    try:
        stored = pydicom.dcmread(io.BytesIO(data))
        pixels = stored.pixel_array
        if int(getattr(stored, "NumberOfFrames", 1) or 1) > 1:
            pixels = pixels[0]
        if pixels.ndim == 3:
            colours = importlib.import_module("pydicom.pixels").convert_color_space
            kind = str(stored.PhotometricInterpretation)
            if kind.startswith("YBR"):
                pixels = colours(pixels, kind, "RGB")
            return np.clip(pixels, 0, 255).astype(np.uint8)
        return _grey(stored, pixels)[..., None]
    except Exception as error:  # pydicom raises many kinds on damaged files and unknown encodings
        raise InputError(f"{name} is a DICOM file that cannot be read ({error}): convert it to PNG") from None


def _grey(stored: Any, pixels: np.ndarray) -> np.ndarray:
    """H x W of any depth -> uint16 over its whole range."""
    lut = importlib.import_module("pydicom.pixels")
    values = lut.apply_modality_lut(pixels, stored)
    if "VOILUTSequence" in stored:
        values, (low, high) = lut.apply_voi_lut(values, stored), _lut_range(stored)
    elif "WindowCenter" in stored and "WindowWidth" in stored:
        values, (low, high) = _windowed(stored, values.astype(np.float64)), (0.0, 1.0)
    else:
        bits, signed = int(stored.BitsStored), bool(int(stored.PixelRepresentation))
        ends = np.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if signed else [0, 2**bits - 1], np.float64)
        low, high = sorted(ends * float(stored.get("RescaleSlope", 1)) + float(stored.get("RescaleIntercept", 0)))
    share = np.clip((values.astype(np.float64) - low) / max(high - low, 1e-12), 0, 1)
    if getattr(stored, "PhotometricInterpretation", "") == "MONOCHROME1":  # high values are dark
        share = 1 - share
    return np.rint(share * 65535).astype(np.uint16)


def _windowed(stored: Any, values: np.ndarray) -> np.ndarray:
    """0 to 1 by the file's first window: DICOM PS3.3 C.11.2, linear, linear exact or sigmoid."""
    centre, width = (_first(stored[name].value) for name in ("WindowCenter", "WindowWidth"))
    kind = str(stored.get("VOILUTFunction", "LINEAR")).upper()
    if kind == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (values - centre) / width))
    if kind == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0, 1)
    return np.clip((values - (centre - 0.5)) / max(width - 1, 1e-12) + 0.5, 0, 1)


def _lut_range(stored: Any) -> tuple[float, float]:
    return 0.0, float(2 ** int(stored.VOILUTSequence[0].LUTDescriptor[2]) - 1)


def _first(value: Any) -> float:
    """One number, or the first of several."""
    try:
        return float(value)
    except TypeError:
        return float(value[0])


def _heic(data: bytes, name: str) -> Image.Image:
    reader = _extra("pillow_heif", "pillow-heif", name, "a HEIC picture")
    try:
        found = reader.open_heif(io.BytesIO(data))
        return found.to_pillow().convert("RGB")
    except Exception as error:  # libheif raises its own kinds
        raise InputError(f"{name} is a damaged HEIC picture ({error}): copy it again or leave it out") from None


def _extra(module: str, package: str, name: str, what: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InputError(f"{name} is {what}, which needs an extra: pip install {package}") from None
