"""Damaged pictures: a flipped bit, a lost or doubled piece. Whatever comes of it is a picture or one refusal."""

import contextlib
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.data.image_file import depth, image_size, open_picture
from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError
from tests.data.tiffs import PACKERS, tiff
from tests.support.png import chunk, png

ROUNDS = 40 * int(os.environ.get("CLFLAB_FUZZ", "1"))


def seeds() -> dict[str, bytes]:
    """A small picture of every format, depth and layout that is read."""
    generator = np.random.default_rng(0)
    rgb = generator.integers(0, 255, (12, 17, 3), dtype=np.uint8)
    deep, found = rgb.astype(np.uint16) * 257, {}
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM"):
        out = io.BytesIO()
        Image.fromarray(rgb).save(out, kind, **({"exif": exif} if kind in ("JPEG", "PNG", "WEBP") else {}))
        found[kind] = out.getvalue()
    alpha = np.dstack([deep, deep[..., :1]])
    found |= {
        "png 16": png(deep, bits=16, more=chunk(b"tRNS", b"\0\1" * 3)),
        "png 16 rgba": png(alpha, bits=16, color=6),
        "png 16 la": png(alpha[..., 2:], bits=16, color=4),
        "png 16 gray": png(deep[..., :1], bits=16, color=0),
        "png texts": png(rgb, more=chunk(b"tEXt", b"a\0b") * 3 + chunk(b"zTXt", b"Raw profile type exif\0\0x")),
        "ppm 16": b"P6 17 12 4095\n" + deep.tobytes(),
        "pgm 16": b"P5 17 12 4095\n" + deep[..., 0].tobytes(),
        "tiff palette": tiff(rgb[..., :1], photometric=3, more=[(320, list(range(768)))]),
        "tiff cmyk": tiff(alpha, photometric=5),
        "tiff 12": tiff(deep >> 4, photometric=2, bits=12, rows=5),
    }
    for number in PACKERS:
        for name, planes in (("16", deep), ("float", deep.astype(np.float32)), ("signed", deep.astype(np.int32))):
            how = {"predictor": 2} if number in (5, 8) else {}
            found[f"tiff {name} {number}"] = tiff(planes, photometric=2, compression=number, rows=5, **how)
    found["tiff tiles"] = tiff(alpha, photometric=2, extra=(2,), tile=16, order=">", compression=8)
    found["tiff planes"] = tiff(alpha, photometric=2, extra=(0,), planar=2, big=True)
    found["tiff float predictor"] = tiff(deep.astype(np.float32), photometric=2, predictor=3, compression=5)
    return found


SEEDS = seeds()


def damaged(data: bytes, generator: np.random.Generator) -> bytes:
    out = bytearray(data)
    how = generator.integers(0, 5)
    if how == 0:
        return bytes(out[: generator.integers(0, len(out))])
    if how == 1:  # a piece is lost
        at = generator.integers(0, len(out))
        del out[at : at + generator.integers(1, 40)]
    elif how == 2:  # or is there twice
        at = generator.integers(0, len(out))
        out[at:at] = out[at : at + generator.integers(1, 40)]
    for _ in range(generator.integers(1, 8)):
        if out:
            end = len(out) if how == 3 else min(len(out), 200) if generator.integers(2) else len(out)
            place = generator.integers(max(0, len(out) - 250), len(out)) if how == 4 else generator.integers(0, end)
            out[place] = (
                generator.integers(0, 256) if generator.integers(2) else out[place] ^ (1 << generator.integers(8))
            )
    return bytes(out)


@pytest.mark.filterwarnings("ignore")  # Pillow warns of damaged tags, and warnings are errors here
@pytest.mark.parametrize("name", SEEDS)
def test_no_damage_ends_in_anything_but_a_picture_or_a_refusal(name: str, tmp_path: Path) -> None:
    generator = np.random.default_rng(list(name.encode()))
    path, preprocess = tmp_path / "x", Preprocess(8, "pad", value_range=(0.0, 4095.0))
    lines = {0}
    for _ in range(ROUNDS):
        data = damaged(SEEDS[name], generator)
        path.write_bytes(data)
        assert depth(path).dtype in ("uint8", "uint16", "float32")
        with contextlib.suppress(InputError):
            image_size(path)
        with contextlib.suppress(InputError):
            preprocess.stored_file(data, "x")
        try:
            picture = open_picture(data, "x", 8)
        except InputError as refusal:
            lines.add(str(refusal).count("\n"))
            continue
        assert picture.pixels.ndim == 3
        assert picture.pixels.dtype in (np.uint8, np.uint16, np.float32)
        assert np.isfinite(preprocess.square(picture.pixels)).all()
    assert lines == {0}
