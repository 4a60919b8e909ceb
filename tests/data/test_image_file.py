"""One file, one picture: upright in every format, whole whatever else the file holds, and within limits."""

import io
import os
import socket
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.data.checks import check
from clfcore.data.image_file import MOST_SIDE, depth, image_size, open_picture
from clfcore.data.pixels import Preprocess, read_image
from clfcore.errors import InputError
from tests.data.tiffs import tiff
from tests.support.png import chunk, png

SCENE = np.zeros((16, 24, 3), np.uint8)
SCENE[:8, :12], SCENE[:8, 12:], SCENE[8:, :12], SCENE[8:, 12:] = (
    (250, 20, 20),
    (20, 250, 20),
    (20, 20, 250),
    (240, 240, 30),
)
STORED = {  # orientation -> what a camera stores so that the scene stands upright
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x, 1),
    7: lambda x: np.rot90(x, 2).swapaxes(0, 1),
    8: lambda x: np.rot90(x, -1),
}


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "png 16", "png 16 gray", "tiff", "tiff lzw", "tiff 4 bands",
                                  "tiff 16", "tiff 16 gray", "tiff float", "tiff big-endian"])  # fmt: skip
@pytest.mark.parametrize("orientation", STORED)
def test_a_picture_is_turned_once_whatever_its_format(kind: str, orientation: int) -> None:
    stored = np.ascontiguousarray(STORED[orientation](SCENE))
    exif = Image.Exif()
    exif[0x0112] = orientation
    tag = [(274, [orientation])]
    deep, expected = stored.astype(np.uint16) * 257, SCENE.astype(np.float64)
    if kind in ("jpeg", "png", "webp"):
        out = io.BytesIO()
        how = {"lossless": True} if kind == "webp" else {"quality": 95, "subsampling": 0} if kind == "jpeg" else {}
        Image.fromarray(stored).save(out, kind, exif=exif, **how)
        data = out.getvalue()
    elif kind == "png 16":
        data, expected = png(deep, bits=16, more=chunk(b"eXIf", exif.tobytes()[6:])), expected * 257
    elif kind == "png 16 gray":
        data = png(deep[..., :1], bits=16, color=0, more=chunk(b"eXIf", exif.tobytes()[6:]))
        expected = expected[..., :1] * 257
    elif kind == "tiff 4 bands":
        data = tiff(np.dstack([stored, stored[..., :1]]), photometric=2, extra=(0,), more=tag)
    elif kind == "tiff 16":
        data, expected = tiff(deep, photometric=2, more=tag), expected * 257
    elif kind == "tiff 16 gray":
        data, expected = tiff(deep[..., :1], more=tag), expected[..., :1] * 257
    elif kind == "tiff float":
        data, expected = tiff(stored[..., :1].astype(np.float32), more=tag), expected[..., :1]
    else:
        how = {"tiff": {}, "tiff lzw": {"compression": 5}, "tiff big-endian": {"order": ">", "rows": 5}}[kind]
        data = tiff(stored, photometric=2, more=tag, **how)
    picture = open_picture(data, "x")
    assert (picture.width, picture.height) == (24, 16)
    assert picture.pixels.shape == expected.shape
    assert np.abs(picture.pixels - expected).mean() < (4 if kind == "jpeg" else 1e-9)
    small = open_picture(data, "x", 8)
    assert (small.width, small.height) == (24, 16)


def test_a_picture_is_read_whatever_else_its_file_holds() -> None:
    rows = np.random.default_rng(0).integers(0, 255, (6, 7, 3), dtype=np.uint8)
    profile = chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(range(256)) * 9000))
    bomb = chunk(b"zTXt", b"note\0\0" + zlib.compress(b"\0" * (70 << 20)))
    long = chunk(b"tEXt", b"note\0" + b"x" * (2 << 20))
    wide = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b" " * (3 << 20)))
    broken = chunk(b"zTXt", b"Raw profile type exif\0\0nonsense")
    for more in (profile, bomb, long, wide, broken, profile + bomb + long + chunk(b"tEXt", b"a\0b") * 50_000):
        assert np.array_equal(read_image(png(rows, more=more)), rows)
        assert np.array_equal(read_image(png(rows.astype(np.uint16) * 257, bits=16, more=more)), rows.astype(int) * 257)
    out = io.BytesIO()
    Image.fromarray(rows).save(out, "jpeg", icc_profile=bytes(range(256)) * 9000)
    assert read_image(out.getvalue()).shape == rows.shape


@pytest.mark.parametrize("bits", [8, 16])
def test_every_color_type_of_png_and_its_transparency(bits: int) -> None:
    top = 2**bits - 1
    generator = np.random.default_rng(0)
    four = generator.integers(0, top, (9, 11, 4), endpoint=True)
    share = four[..., 3:] / top
    for color, channels in ((0, [0]), (2, [0, 1, 2])):
        plain = four[..., channels]
        found = read_image(png(plain, bits=bits, color=color))
        assert np.array_equal(found, np.broadcast_to(plain, found.shape))
        found = read_image(png(np.dstack([plain, four[..., 3:]]), bits=bits, color=color + 4))
        assert np.abs(found - (plain * share + top * (1 - share))).max() <= 1
        clear = plain[3, 4]
        through = chunk(b"tRNS", b"".join(int(v).to_bytes(2) for v in clear))
        picture = open_picture(png(plain, bits=bits, color=color, more=through), "x.png")
        gone = (plain == clear).all(axis=2)
        assert (picture.pixels[gone] == top).all()
        assert np.array_equal(picture.pixels[~gone], np.broadcast_to(plain, picture.pixels.shape)[~gone])


def test_what_is_transparent_says_nothing_of_the_range() -> None:
    """Twelve bits in sixteen, with a corner that is not there."""
    values = np.random.default_rng(0).integers(0, 4095, (8, 8, 3), dtype=np.uint16)
    opacity = np.full((8, 8, 1), 65535, np.uint16)
    opacity[:3, :3] = 0
    four = np.dstack([values, opacity])
    for data in (png(four, bits=16, color=6), tiff(four, photometric=2, extra=(2,))):
        assert open_picture(data, "x").extremes.highest <= 4095


def test_a_png_whose_end_is_missing_is_read_or_named(tmp_path: Path) -> None:
    whole = png(np.random.default_rng(0).integers(0, 65535, (20, 20, 3)), bits=16)
    assert np.array_equal(read_image(whole[:-12]), read_image(whole))
    with pytest.raises(InputError, match=r"cut\.png is (truncated|damaged)"):
        open_picture(whole[: len(whole) // 2], "cut.png")


def test_portable_pixmaps_of_16_bits() -> None:
    values = np.random.default_rng(0).integers(0, 4095, (4, 5, 3), endpoint=True)
    data = b"P6\n# by hand\n5 4\n4095\n" + values.astype(">u2").tobytes()
    assert np.array_equal(read_image(data), np.rint(values * (65535 / 4095)))
    with pytest.raises(InputError, match="truncated"):
        read_image(data[:-1])


NOTHING = np.zeros((1, 1, 3))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # as the reader sets it, outside of tests
@pytest.mark.parametrize(("data", "words"), [
    (png(NOTHING, size=(170_000_000, 1)), f"170000000 x 1 pixels: a side has at most {MOST_SIDE:,}"),
    (png(NOTHING, size=(1, 170_000_000)), "a side has at most"),
    (png(NOTHING, size=(60_000, 60_000)), "at most 178 megapixels"),
    (png(NOTHING, size=(12_000, 12_000), bits=16), "at most 712 MB are decoded"),
    (png(NOTHING, size=(9_500, 9_500), bits=16, color=6), "at most 712 MB are decoded"),
    (tiff(np.zeros((1, 1, 3), np.float64), photometric=2).replace(b"\0\1\4\0\1\0\0\0\1\0\0\0\1\1\4\0\1\0\0\0\1\0\0\0",
          b"\0\1\4\0\1\0\0\0\x00\x30\0\0\1\1\4\0\1\0\0\0\x00\x30\0\0"), "at most 712 MB are decoded"),
    (b"P6 12000 12000 65535\n", "at most 712 MB are decoded"),
])  # fmt: skip
def test_a_picture_that_would_take_too_much_is_refused_before_it_is_decoded(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        open_picture(data, "x")


def test_16_bits_with_opacity_are_read_in_bands() -> None:
    """Memory stays below four times what the pixels take."""
    import tracemalloc

    rows = np.full((1100, 1100, 4), 40_000, np.uint16)
    data = png(rows, bits=16, color=6)
    tracemalloc.start()
    found = read_image(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * found.nbytes


def test_only_regular_files_are_opened(photos: Path, tmp_path: Path) -> None:
    folder = photos / "cat"
    os.mkfifo(folder / "pipe.jpg")
    (folder / "zero.png").symlink_to("/dev/zero")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket.tif"))
    listener.close()
    for name, kind in (("pipe.jpg", "a pipe"), ("zero.png", "a device"), ("socket.tif", "a socket")):
        for read in (read_image, image_size):
            with pytest.raises(InputError, match=f"{name} is {kind}, not a file"):
                read(folder / name)
        assert not depth(folder / name).deep
    dataset, _ = check(str(photos))
    assert not any(name in item for item in dataset.ids for name in ("pipe", "zero", "socket"))


def test_a_file_of_too_many_bytes_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "x.tif").open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(InputError, match=r"x\.tif has 3\.2 GB: at most 1\.1 GB are read"):
        read_image(tmp_path / "x.tif")


def test_preprocessing_of_before_opens_with_the_same_numbers() -> None:
    """`white` was a share of 16 bits; what it made of a picture it makes still."""
    old = {
        "size": 8,
        "fit": "crop",
        "crop_fraction": 1.0,
        "interpolation": "bilinear",
        "mean": [0.5],
        "deviation": [0.5],
    }
    deep = np.random.default_rng(0).integers(0, 9000, (8, 8, 1), dtype=np.uint16)
    for white in (4095 / 65535, 1.0):
        preprocess = Preprocess.from_dict({**old, "white": white})
        expected = np.minimum(deep.astype(np.float32) * np.float32(255 / (65535 * white)), np.float32(255))
        assert np.array_equal(preprocess.square(deep), expected)
        assert Preprocess.from_dict(preprocess.as_dict()) == preprocess
    new = Preprocess.from_dict({**old, "value_range": [285, 301]})
    assert new.value_range == (285.0, 301.0)
    assert Preprocess.from_dict(new.as_dict()) == new
    with pytest.raises(InputError, match="value_range is"):
        Preprocess(8, value_range=(3.0, 3.0))
