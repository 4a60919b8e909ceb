"""Smaller copies of picture files: what a large set is kept as, where originals cost too much to store or decode."""

import io

from PIL import Image

from clfcore.data.image_file import open_picture
from clfcore.errors import InputError

QUALITY = 90  # of JPEG and WebP
LEAST_SIDE = 16
_FORMATS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG": "PNG", b"RIFF": "WEBP"}  # of the others the bytes stay


def check_side(side: int) -> int:
    """The shorter side of smaller pictures. Raises InputError where it can be none."""
    if isinstance(side, bool) or side < LEAST_SIDE:
        raise InputError(f"side is {side}: it must be at least {LEAST_SIDE} pixels; 256 suits most networks")
    return side


def smaller_picture(data: bytes, side: int) -> bytes:
    """A picture file's bytes with its shorter side reduced to `side` pixels, upright, in its own format.

    Unchanged where it is no larger, cannot be read, has more than 8 bits a value, moves, or is neither JPEG, PNG nor
    WebP.
    """
    form = next((form for mark, form in _FORMATS.items() if data.startswith(mark)), None)
    if form is None:
        return data
    try:
        with Image.open(io.BytesIO(data), formats=(form,)) as opened:
            if min(opened.size) <= side or getattr(opened, "is_animated", False):
                return data
        content = open_picture(data, "the picture", side).content
    except (InputError, OSError, ValueError, SyntaxError):  # a damaged file is reported where it is read
        return data
    if not isinstance(content, Image.Image):
        return data
    scale = side / min(content.size)
    size = (max(side, round(content.width * scale)), max(side, round(content.height * scale)))
    out = io.BytesIO()
    content.resize(size, Image.Resampling.BICUBIC).save(out, form, **({} if form == "PNG" else {"quality": QUALITY}))
    return out.getvalue()
