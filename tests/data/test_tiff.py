"""TIFFs: the pixels that were written, whatever the depth, layout and compression; or a refusal by name."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.data.image_file import depth, open_picture
from clfcore.data.pixels import read_image
from clfcore.errors import InputError
from tests.data.tiffs import PACKERS, tiff

TYPES = ("u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8")


def values(kind: str, shape: tuple[int, ...] = (21, 37, 1), seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    if kind[0] == "f":
        return generator.normal(290, 4, shape).astype(kind)
    limits = np.iinfo(kind)
    return generator.integers(limits.min, limits.max, shape, dtype=kind, endpoint=True)


def expected(planes: np.ndarray) -> np.ndarray:
    """What the reader makes of them: bytes of three channels, 16 bits as they are, all else as float32."""
    if planes.dtype == np.uint8:
        return np.repeat(planes, 3, axis=2) if planes.shape[2] == 1 else planes
    return planes if planes.dtype == np.uint16 else planes.astype(np.float32)


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("kind", TYPES)
def test_every_type_in_every_layout(kind: str, samples: int) -> None:
    planes = values(kind, (21, 37, samples))
    how = {"photometric": 2 if samples == 3 else 1}
    layouts = (
        {}, {"order": ">"}, {"big": True}, {"big": True, "order": ">"}, {"rows": 4}, {"tile": 16}, {"planar": 2},
        {"planar": 2, "tile": 16, "order": ">", "compression": 8}, {"planar": 2, "rows": 5, "compression": 5},
    )  # fmt: skip
    for layout in layouts:
        found = read_image(tiff(planes, **how, **layout))
        assert np.array_equal(found, expected(planes)), layout


@pytest.mark.parametrize("compression", PACKERS)
@pytest.mark.parametrize("kind", ["u1", "u2", "i4", "f2", "f4"])
def test_every_compression_and_predictor(kind: str, compression: int) -> None:
    planes = values(kind, (12, 20, 3))
    for predictor in (1, 2, 3) if kind[0] == "f" else (1, 2):
        for layout in ({"rows": 5}, {"tile": 16, "order": ">"}, {"planar": 2}):
            predicted = predictor if compression not in (1, 32773) else 1
            how = {"compression": compression, "predictor": predicted, **layout}
            assert np.array_equal(read_image(tiff(planes, photometric=2, **how)), expected(planes)), how


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("samples", [1, 3])
def test_packed_bits_are_brought_to_the_whole_range(bits: int, samples: int) -> None:
    top = 2**bits - 1
    planes = np.random.default_rng(0).integers(0, top, (9, 13, samples), dtype=np.uint16, endpoint=True)
    found = read_image(tiff(planes, bits=bits, photometric=2 if samples == 3 else 1, rows=4))
    assert np.array_equal(found, np.rint(planes * (65535 / top)))


@pytest.mark.parametrize("kind", ["u1", "u2"])
@pytest.mark.parametrize("layout", [{}, {"planar": 2}, {"tile": 16, "compression": 8}])
def test_a_further_band_is_opacity_only_where_it_is_called_so(kind: str, layout: dict) -> None:
    """ExtraSamples: 0 unspecified, 1 opacity that the colors are multiplied by, 2 opacity; without it unspecified."""
    four = values(kind, (10, 12, 4))
    colors, share = four[..., :3], four[..., 3:].astype(np.float64) / np.iinfo(kind).max
    white = np.iinfo(kind).max
    for extra in ((), (0,)):
        picture = open_picture(tiff(four, photometric=2, extra=extra, **layout), "field.tif")
        assert np.array_equal(picture.pixels, colors)
        assert "band 4 of 4 is left out" in picture.notes[0]
    on_white = colors * share + white * (1 - share)
    picture = open_picture(tiff(four, photometric=2, extra=(2,), **layout), "x.tif")
    assert np.abs(picture.pixels - on_white).max() <= 1
    assert picture.notes == ()
    multiplied = four.copy()
    multiplied[..., :3] = np.rint(colors * share)
    found = read_image(tiff(multiplied, photometric=2, extra=(1,), **layout))
    assert np.abs(found - on_white).max() <= 1
    five = np.dstack([four[..., :3], values(kind, (10, 12, 1), seed=1), four[..., 3:]])
    picture = open_picture(tiff(five, photometric=2, extra=(0, 2), **layout), "x.tif")
    assert np.abs(picture.pixels - on_white).max() <= 1
    assert "band 4 of 5" in picture.notes[0]


@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_gray_with_opacity_and_many_bands(kind: str) -> None:
    two, white = values(kind, (6, 7, 2)), np.iinfo(kind).max
    share = two[..., 1:] / white
    found = read_image(tiff(two, extra=(2,)))
    assert np.abs(found - (two[..., :1] * share + white * (1 - share))).max() <= 1
    assert np.array_equal(read_image(tiff(two, extra=(0,))), expected(two[..., :1]))
    six = values(kind, (6, 7, 6))
    picture = open_picture(tiff(six, extra=(0,) * 5), "field.tif")
    assert np.array_equal(picture.pixels, six[..., :3])
    assert "taken for red, green and blue" in picture.notes[0]
    assert "bands 4 to 6 of 6 are left out" in picture.notes[1]


@pytest.mark.parametrize("kind", TYPES)
def test_white_is_zero_at_every_depth(kind: str) -> None:
    planes = values(kind)
    found, plain = read_image(tiff(planes, photometric=0)), read_image(tiff(planes, photometric=1))
    if kind[0] == "u":
        top = float(np.iinfo(kind).max)
        assert np.allclose(
            found, np.float32(top) - plain.astype(np.float64), rtol=1e-6, atol=300 if kind == "u4" else 0
        )
    else:
        assert np.array_equal(found, -plain)


def test_palettes_and_inks() -> None:
    generator = np.random.default_rng(0)
    palette = generator.integers(0, 65535, 3 * 256).tolist()
    indices = generator.integers(0, 255, (5, 6, 1), dtype=np.uint8)
    colors = np.array(palette).reshape(3, 256).T[indices[..., 0]] >> 8
    assert np.abs(read_image(tiff(indices, photometric=3, more=[(320, palette)])).astype(int) - colors).max() <= 1
    wide = generator.integers(0, 65535, 3 * 65536).tolist()
    deep = generator.integers(0, 65535, (5, 6, 1), dtype=np.uint16)
    colors = np.array(wide).reshape(3, -1).T[deep[..., 0]] >> 8
    assert np.array_equal(read_image(tiff(deep, photometric=3, more=[(320, wide)])), colors)
    bytes_ = values("u1", (5, 6, 4))
    inks = bytes_.astype(np.uint16) * 257
    shown, deep_shown = read_image(tiff(bytes_, photometric=5)), read_image(tiff(inks, photometric=5))
    assert deep_shown.dtype == np.uint16
    assert np.abs(shown - deep_shown / 257).max() <= 1
    assert np.array_equal(read_image(tiff(inks, photometric=5, planar=2)), deep_shown)


def test_the_first_page_is_read_and_a_header_says_the_depth(tmp_path: Path) -> None:
    pages = [np.full((4, 5), level, np.uint16) for level in (1000, 2000)]
    out = io.BytesIO()
    Image.fromarray(pages[0]).save(out, "TIFF", save_all=True, append_images=[Image.fromarray(pages[1])])
    assert (read_image(out.getvalue()) == 1000).all()
    for kind, says in (("u1", "uint8"), ("u2", "uint16"), ("i2", "float32"), ("f4", "float32"), ("u4", "float32")):
        (tmp_path / "x.tif").write_bytes(tiff(values(kind)))
        assert depth(tmp_path / "x.tif").dtype == says
        assert read_image(tmp_path / "x.tif").dtype == says


@pytest.mark.parametrize(("how", "words"), [
    ({"more": [(339, [6])]}, "complex numbers"),
    ({"photometric": 6}, "whose colors are YCbCr"),
    ({"photometric": 8}, r"whose colors are CIE L\*a\*b\*"),
    ({"photometric": 32803}, "whose colors are a color filter array"),
    ({"photometric": 3}, "its palette has 0 values"),
])  # fmt: skip
def test_what_is_not_read_is_refused_by_name(how: dict, words: str) -> None:
    more = dict(how)
    data = tiff(values("u2", (4, 5, 3 if how.get("photometric") in (6, 8) else 1)), **more)
    if "more" in how:  # the second of two equal tags is passed over: put the first one right
        data = data.replace(b"\x53\x01\x03\0\x01\0\0\0\x01\0", b"\x53\x01\x03\0\x01\0\0\0\x06\0")
    with pytest.raises(InputError, match=words):
        open_picture(data, "x.tif")


@pytest.mark.parametrize(("number", "name"), [(7, "JPEG"), (34887, "LERC"), (33003, "JPEG 2000"), (12345, "number")])
def test_an_unknown_compression_is_refused_by_name(number: int, name: str) -> None:
    data = tiff(values("u2", (4, 5, 3)), photometric=2)
    at = data.index(b"\x03\x01\x03\0\x01\0\0\0\x01\0")
    data = data[: at + 8] + number.to_bytes(2, "little") + data[at + 10 :]
    with pytest.raises(InputError, match=f"16-bit unsigned values with the compression {name}"):
        open_picture(data, "x.tif")


@pytest.mark.parametrize("layout", [{}, {"rows": 8}, {"tile": 32}])
@pytest.mark.parametrize("samples", [3, 4])
def test_webp_in_a_tiff_is_read(layout: dict, samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each strip or tile is a WebP file of its own; libtiff seldom knows it."""
    planes = values("u1", (21, 37, samples))
    planes[..., 3:] = 255
    width = layout.get("tile", 37)

    def pack(raw: bytes) -> bytes:
        out = io.BytesIO()
        Image.fromarray(np.frombuffer(raw, np.uint8).reshape(-1, width, samples)).save(out, "WEBP", lossless=True)
        return out.getvalue()

    monkeypatch.setitem(PACKERS, 50001, pack)
    how = {"photometric": 2, "compression": 50001, "extra": [2] * (samples - 3), **layout}
    data = tiff(planes, **how)
    assert np.array_equal(read_image(data), planes[..., :3])
    with pytest.raises(InputError, match=r"x\.tif is damaged"):
        open_picture(data.replace(b"WEBPVP8L", b"WEBPXXXX"), "x.tif")
    monkeypatch.setitem(PACKERS, 50001, bytes)
    with pytest.raises(InputError, match="16-bit unsigned values with the compression WebP, which is not read"):
        open_picture(tiff(values("u2", (21, 37, samples)), **how), "x.tif")


def test_values_that_mean_no_data_do_not_count() -> None:
    planes = values("f4")
    planes[0, 0], planes[1, 1], planes[2, 2] = np.nan, np.inf, -np.inf
    picture = open_picture(tiff(planes), "x.tif")
    finite = planes[np.isfinite(planes)]
    assert np.isfinite(picture.pixels).all()
    assert (picture.extremes.lowest, picture.extremes.highest) == (finite.min(), finite.max())
    assert "3 of its values are NaN or infinite" in picture.notes[0]
    with pytest.raises(InputError, match="not one of its values is a number"):
        open_picture(tiff(np.full_like(planes, np.nan)), "x.tif")


@pytest.mark.parametrize("layout", [{"rows": 24}, {"rows": 5}, {"tile": 16}, {"rows": 7, "planar": 2}])
@pytest.mark.parametrize(("most", "group"), [(100, 1), (10**9, 200), (100, 10**9)])
def test_a_large_picture_is_unpacked_in_parts(
    monkeypatch: pytest.MonkeyPatch, layout: dict, most: int, group: int
) -> None:
    """Pillow refuses more than 178 million pixels, which bytes of a deep picture may well be."""
    from clfcore.data import tiff_pixels

    monkeypatch.setattr(tiff_pixels, "MOST_PIXELS", most)
    monkeypatch.setattr(tiff_pixels, "_GROUP", group)
    planes = values("u2", (24, 16, 4))
    data = tiff(planes, photometric=2, extra=(0,), compression=8, predictor=2, **layout)
    assert np.array_equal(read_image(data), planes[..., :3])
