"""The kinds of picture files that this installation reads; told without numpy, for the first page names them."""

import importlib.util


def readable_kinds() -> tuple[str, ...]:
    """The endings of the pictures that this installation reads; DICOM's is among them with its extra."""
    from PIL import features

    kinds = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"]
    kinds += ["avif"] if features.check("avif") else []
    kinds += ["heic", "heif"] if importlib.util.find_spec("pillow_heif") else []
    return (*kinds, *(["dcm"] if importlib.util.find_spec("pydicom") else []))
