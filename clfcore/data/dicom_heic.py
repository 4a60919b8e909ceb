"""Pictures that Pillow does not read by itself: HEIC of phones, and with an extra DICOM of hospitals."""

import importlib
import importlib.util
import io
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from clfcore.errors import InputError

if TYPE_CHECKING:
    from pillow_heif import HeifFile
    from pydicom import Dataset

_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis")
_CONTAINERS = (b"mif1", b"msf1")  # of HEIC and of AVIF; the brands that follow tell which
_AVIF_BRANDS = (b"avif", b"avis")
_BRANDS = 64  # bytes of a file's head within which they stand


def is_heic(data: bytes) -> bool:
    """Whether a file's first bytes are HEIC's; AVIF, which may stand in the same container, is Pillow's."""
    if data[4:8] != b"ftyp":
        return False
    return data[8:12] in _HEIC_BRANDS or (
        data[8:12] in _CONTAINERS and not any(brand in data[16:_BRANDS] for brand in _AVIF_BRANDS)
    )


def open_heic(data: bytes, name: str) -> "HeifFile":
    """A HEIC file, its size known and nothing decoded; `to_pillow` decodes it, upright. Raises InputError."""
    reader = _extra("pillow_heif", package="pillow-heif", name=name, what="a HEIC picture")
    try:
        return reader.open_heif(io.BytesIO(data))
    except Exception as error:  # libheif raises its own kinds
        raise InputError(f"{name} is a damaged HEIC picture ({error}): copy it again or leave it out") from None


def is_dicom(data: bytes) -> bool:
    return data[128:132] == b"DICM"


def has_colors(file: BinaryIO) -> bool:
    """Whether a DICOM file's pixels have three values; False where that cannot be read."""
    try:
        read = importlib.import_module("pydicom").dcmread
        return int(read(file, stop_before_pixels=True, specific_tags=["SamplesPerPixel"]).get("SamplesPerPixel", 1)) > 1
    except Exception:  # absent or damaged: the pass over the pictures says which
        return False


def scan(data: bytes, name: str) -> np.ndarray:
    """A DICOM file's first frame: H x W x 1 uint16 as a radiologist sees it, or H x W x 3 uint8 where it has colors.

    Rescaled and windowed as the file asks; without a window the range that its bits can have, so that two scans of one
    device keep their relation; MONOCHROME1 is turned round. Raises InputError.
    """
    pydicom = _extra("pydicom", package="pydicom", name=name, what="a DICOM picture")
    try:
        stored = pydicom.dcmread(io.BytesIO(data))
        pixels = stored.pixel_array
        if int(getattr(stored, "NumberOfFrames", 1) or 1) > 1:
            pixels = pixels[0]
        if pixels.ndim == 3:
            colors = importlib.import_module("pydicom.pixels").convert_color_space
            kind = str(stored.PhotometricInterpretation)
            if kind.startswith("YBR"):
                pixels = colors(pixels, kind, "RGB")
            return np.clip(pixels, 0, 255).astype(np.uint8)
        return _gray(stored, pixels)[..., None]
    except Exception as error:  # pydicom raises many kinds on damaged files and unknown encodings
        raise InputError(f"{name} is a DICOM file that cannot be read ({error}): convert it to PNG") from None


def _gray(stored: "Dataset", pixels: np.ndarray) -> np.ndarray:
    """H x W of any depth -> uint16 over its whole range, by pydicom's modality and value-of-interest transforms."""
    transforms = importlib.import_module("pydicom.pixels")
    values = transforms.apply_modality_lut(pixels, stored)
    table = _voi_table(stored)
    if table is not None:
        values = np.rint(values).astype(np.int32)  # rescaled values are floats, a table is indexed by whole numbers
    low, high = _value_range(stored, table)
    values = transforms.apply_voi_lut(values, stored).astype(np.float64)
    share = np.clip((values - low) / ((high - low) or 1.0), 0, 1)
    if getattr(stored, "PhotometricInterpretation", "") == "MONOCHROME1":  # high values are dark
        share = 1 - share
    return np.rint(share * 65535).astype(np.uint16)


def _voi_table(stored: "Dataset") -> "Dataset | None":
    """The first lookup table of values of interest; None where there is none, or it is empty."""
    sequence = stored.get("VOILUTSequence")
    whole = sequence and None not in (sequence[0].get("LUTDescriptor"), sequence[0].get("LUTData"))
    return sequence[0] if whole else None


def _value_range(stored: "Dataset", table: "Dataset | None") -> tuple[float, float]:
    """What is black and what is white once the transforms are applied.

    A table's range is given by its depth. A window is spread over what the bits can hold, rescaled: with a negative
    slope from the higher number down, as pydicom does; without a window low values are dark.
    """
    modality = stored.get("ModalityLUTSequence")
    if table is None and modality:
        table = modality[0]
    if table is not None:
        return 0.0, float(2 ** int(table.LUTDescriptor[2]) - 1)
    bits = int(stored.BitsStored)
    ends = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if int(stored.PixelRepresentation) else (0, 2**bits - 1)
    slope, intercept = stored.get("RescaleSlope"), stored.get("RescaleIntercept")
    rescaled = slope is not None and intercept is not None
    first, last = (float(end) * float(slope) + float(intercept) if rescaled else float(end) for end in ends)
    windowed = None not in (stored.get("WindowCenter"), stored.get("WindowWidth"))
    return (first, last) if windowed else (min(first, last), max(first, last))


def _extra(module: str, *, package: str, name: str, what: str) -> ModuleType:
    """A reader that may be absent. Raises InputError that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InputError(f"{name} is {what}, which needs another package: pip install {package}") from None
