"""Pictures of every kind become the right RGB; squares equal torchvision's; a damaged file is one line."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from clfcore import config
from clfcore.data import pixels
from clfcore.data.bit_depth import shown
from clfcore.data.image_file import image_size
from clfcore.data.pixels import Preprocess, read_image
from clfcore.errors import InputError


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


@pytest.fixture(scope="module")
def scene() -> Image.Image:
    """60 x 40, smooth, its four corners of different colors."""
    corners = np.array([[[250, 20, 20], [20, 250, 20]], [[20, 20, 250], [240, 240, 30]]], np.uint8)
    return Image.fromarray(corners).resize((60, 40), Image.Resampling.BILINEAR)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_come_back_to_the_bit(scene: Image.Image, kind: str) -> None:
    assert np.array_equal(read_image(saved(scene, kind)), np.asarray(scene))


@pytest.mark.parametrize(("kind", "how"), [("JPEG", {"quality": 95}), ("WEBP", {"quality": 95}), ("GIF", {})])
def test_lossy_formats_come_back_near(scene: Image.Image, kind: str, how: dict) -> None:
    assert np.abs(read_image(saved(scene, kind, **how)).astype(int) - np.asarray(scene)).mean() < 12


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP"])
def test_the_first_of_several_frames_is_read(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    more = {"lossless": True} if kind == "WEBP" else {}
    read = read_image(saved(frames[0], kind, save_all=True, append_images=frames[1:], **more))
    assert (read == [255, 0, 0]).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(scene: Image.Image, orientation: int) -> None:
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(scene, "PNG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert np.array_equal(read_image(data), np.asarray(upright))
    stored = Preprocess(16).stored_file(data, "x.png")
    assert (stored.width, stored.height) == upright.size


def test_damaged_exif_does_not_cost_the_picture(scene: Image.Image) -> None:
    data = saved(scene, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    with pytest.MonkeyPatch.context() as patch:  # Pillow warns of it, and warnings are errors here
        patch.setattr("warnings.warn", lambda *_, **__: None)
        assert read_image(data).shape == (40, 60, 3)


@pytest.mark.parametrize(("mode", "color", "rgb"), [
    ("1", 1, (255, 255, 255)),
    ("L", 90, (90, 90, 90)),
    ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
    ("YCbCr", (76, 85, 255), (254, 0, 0)),
    ("LA", (10, 255), (10, 10, 10)),
    ("LA", (10, 0), (255, 255, 255)),
    ("RGBA", (255, 0, 0, 255), (255, 0, 0)),
    ("RGBA", (255, 0, 0, 0), (255, 255, 255)),  # nothing to be seen: the white below it
    ("RGBA", (0, 0, 0, 51), (204, 204, 204)),  # a fifth of black on white
    ("I;16", 65535, (255, 255, 255)),
    ("I;16", 257 * 100, (100, 100, 100)),
    ("F", 0.5, (128, 128, 128)),
])  # fmt: skip
def test_each_mode_becomes_the_color_that_is_meant(mode: str, color: object, rgb: tuple[int, ...]) -> None:
    kind = "TIFF" if mode in ("CMYK", "YCbCr", "F") else "PNG"
    read = shown(read_image(saved(Image.new(mode, (5, 4), color), kind)), None)
    assert np.abs(read.astype(int) - rgb).max() <= 1


def test_palettes_with_and_without_transparency() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 10, 200, 30] + [0] * 762)
    assert (read_image(saved(image, "PNG")) == [10, 200, 30]).all()
    assert (read_image(saved(image, "PNG", transparency=1)) == 255).all()


def test_16_bits_are_scaled_and_not_cut() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    for kind in ("PNG", "TIFF"):
        read = shown(read_image(saved(Image.fromarray(ramp), kind)), None)[..., 0]
        assert (np.abs(read.astype(int) - ramp / 257) <= 0.5).all()


def test_16_bit_portable_graymaps_are_scaled_by_their_maximum() -> None:
    data = b"P5 2 1 65535\n" + struct.pack(">HH", 128, 65535)
    assert shown(read_image(data), None)[0, :, 0].tolist() == [0, 255]


def test_a_large_jpeg_is_reduced_while_it_is_decoded_and_never_below_the_least_side(
    make_picture: Callable[..., bytes],
) -> None:
    data = make_picture(1, size=(1600, 1200))
    reduced = read_image(data, least_side=256)
    assert reduced.shape == (300, 400, 3)
    whole = Image.fromarray(read_image(data)).resize((400, 300), Image.Resampling.BOX)
    assert np.abs(np.asarray(whole).astype(int) - reduced).mean() < 2


def test_a_phones_jpeg_of_several_pictures_is_its_first(make_picture: Callable[..., bytes]) -> None:
    """Phones add a gain map: Pillow calls such a JPEG an MPO."""
    first, second = (Image.open(io.BytesIO(make_picture(seed, size=(800, 640)))) for seed in (1, 2))
    data = saved(first, "MPO", save_all=True, append_images=[second], quality=95)
    assert read_image(data).shape == (640, 800, 3)
    reduced = read_image(data, least_side=128)
    assert reduced.shape == (160, 200, 3)
    assert np.abs(np.asarray(first.resize((200, 160), Image.Resampling.BOX)).astype(int) - reduced).mean() < 3


@pytest.mark.parametrize(("name", "data", "words"), [
    ("a.jpg", b"", "a.jpg is empty (0 bytes)"),
    ("b.jpg", b"this is text, whatever its name says", "b.jpg is not an image that can be read"),
    ("c.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "c.eps is not an image that can be read"),
])  # fmt: skip
def test_what_is_no_picture_is_refused_in_one_line(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as refusal:
        read_image(tmp_path / name)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jpg cannot be read \(No such file or directory\)"):
        read_image(tmp_path / "none.jpg")
    with pytest.raises(InputError, match=r"none\.jpg does not exist"):
        image_size(tmp_path / "none.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_a_truncated_file_is_refused(scene: Image.Image, kind: str) -> None:
    data = saved(scene, kind)
    with pytest.raises(InputError, match=r"the image is (truncated|damaged|not an image)"):
        read_image(data[: len(data) * 6 // 10])


def test_a_truncated_jpeg_is_called_truncated(make_picture: Callable[..., bytes]) -> None:
    data = make_picture(0, size=(300, 200))
    with pytest.raises(InputError, match="the image is truncated: its end is missing"):
        read_image(data[: len(data) // 2])


def png_header(width: int, height: int) -> bytes:
    """A PNG of these sizes in 100 bytes: the header is right, the pixels are not there."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" * 9)),
        (b"IEND", b""),
    ]
    chunks = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("side", [60_000, 13_400])
def test_a_header_of_too_many_pixels_is_refused_before_any_is_decoded(side: int) -> None:
    with pytest.raises(InputError, match="at most 178 megapixels are read"):
        read_image(png_header(side, side))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_ends_in_anything_but_a_picture_or_a_refusal(draw: st.DataObject) -> None:
    image = Image.new("RGB", (20, 20), "teal")
    data = bytearray(saved(image, draw.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"]))))
    for _ in range(draw.draw(st.integers(1, 8))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        read = read_image(bytes(data))
    except InputError:
        return
    assert read.dtype == np.uint8
    assert read.ndim == 3


def test_image_size_reads_the_header_alone(scene: Image.Image) -> None:
    data = saved(scene, "JPEG")
    assert image_size(data[: len(data) - 50]) == (60, 40)


def test_the_fits_are_those_of_the_configuration() -> None:
    assert pixels.Fit == config.Fit


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(400, 600), (600, 400), (96, 64), (50, 50), (1024, 512)])
def test_squares_equal_torchvisions_resize_and_center_crop(interpolation: str, size: tuple[int, int]) -> None:
    from torchvision.transforms import v2

    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)).resize(size, 3)
    preprocess = Preprocess(56, crop_fraction=0.875, interpolation=interpolation)
    resize = v2.Resize(64, interpolation=v2.InterpolationMode(interpolation), antialias=True)
    expected = np.asarray(v2.CenterCrop(56)(resize(image)))
    got = preprocess.square(np.asarray(image))
    assert got.shape == (56, 56, 3)
    assert np.abs(got.astype(int) - expected).max() <= 1


def test_pad_keeps_the_proportions_on_a_ground_of_the_mean() -> None:
    image = np.full((20, 40, 3), 200, np.uint8)
    square = Preprocess(40, "pad", mean=(0.2, 0.4, 0.6), deviation=(1, 1, 1)).square(image)
    assert square.shape == (40, 40, 3)
    assert (square[10:30] == 200).all()
    assert (square[:10] == [51, 102, 153]).all()
    assert (square[30:] == [51, 102, 153]).all()
    assert Preprocess(28, "pad").square(np.zeros((8, 8, 1), np.uint8)).shape == (28, 28, 1)


def test_squash_keeps_all_of_the_picture() -> None:
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, :20] = 255
    square = Preprocess(10, "squash", interpolation="nearest").square(image)
    assert (square[:, :5] == 255).all()
    assert (square[:, 5:] == 0).all()


def test_what_is_stored_is_cut_to_what_is_evaluated() -> None:
    preprocess = Preprocess(224, crop_fraction=0.875)
    assert preprocess.stored_side == 256
    assert Preprocess(224, "pad", crop_fraction=0.875).stored_side == 224
    stored = np.arange(256 * 256, dtype=np.uint32).reshape(1, 256, 256, 1)
    assert np.array_equal(preprocess.center(stored)[0, :, :, 0], stored[0, 16:240, 16:240, 0])


def test_a_file_is_stored_as_its_pixels_are(make_picture: Callable[..., bytes]) -> None:
    data = make_picture(5, size=(90, 60))
    preprocess = Preprocess(32, crop_fraction=0.8, interpolation="bicubic")
    stored = preprocess.stored_file(data, "x.jpg")
    assert np.array_equal(stored.pixels, preprocess.stored(read_image(data)))
    assert (stored.width, stored.height) == (90, 60)
    assert stored.digest == preprocess.stored_file(data, "y.jpg").digest
    assert stored.digest != preprocess.stored_file(make_picture(6), "z.jpg").digest


@pytest.mark.parametrize("have", [1, 3])
@pytest.mark.parametrize("want", [1, 3])
def test_normalize_converts_scales_and_comes_back(have: int, want: int) -> None:
    x = np.random.default_rng(0).integers(0, 256, (2, 5, 5, have), np.uint8)
    preprocess = Preprocess(5, mean=(0.4, 0.5, 0.6)[:want], deviation=(0.2, 0.3, 0.4)[:want])
    out = preprocess.normalize(x)
    assert out.shape == (2, want, 5, 5)
    assert out.dtype == np.float32
    as_wanted = np.repeat(x, 3, -1) if want > have else x
    if want < have:
        as_wanted = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in x])[..., None]
    for c in range(want):
        expected = (as_wanted[..., c] / 255 - preprocess.mean[c]) / preprocess.deviation[c]
        assert np.abs(out[:, c] - expected).max() < (1e-5 if want >= have else 0.02)
    if want >= have:
        assert np.array_equal(preprocess.denormalize(out), as_wanted)


def test_a_gray_network_sees_gray(make_picture: Callable[..., bytes]) -> None:
    image = read_image(make_picture(2))
    square = Preprocess(12, mean=(0.5,), deviation=(0.5,)).square(image)
    assert square.shape == (12, 12, 1)
    color = Preprocess(12).square(image)
    assert np.abs(square[..., 0].astype(int) - np.asarray(Image.fromarray(color).convert("L"))).max() <= 1


def test_preprocessing_is_stored_and_read_back() -> None:
    preprocess = Preprocess(224, "pad", 0.9, "bicubic", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    import json

    assert Preprocess.from_dict(json.loads(json.dumps(preprocess.as_dict()))) == preprocess


@pytest.mark.parametrize(("wrong", "words"), [
    ({"fit": "corp"}, r"fit is 'corp': it must be one of crop, pad, squash \(did you mean crop\?\)"),
    ({"interpolation": "lanczos"}, "interpolation is 'lanczos'"),
    ({"mean": (0.5,)}, "mean has 1 and deviation 3 values"),
    ({"crop_fraction": 0.0}, "crop_fraction 0.0"),
])  # fmt: skip
def test_wrong_preprocessing_is_refused(wrong: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Preprocess(32, **wrong)
