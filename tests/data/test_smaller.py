"""Smaller copies: photos of a shorter side, upright and in their own format; everything else as it is."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore import api
from clfcore.data.catalogue import open_dataset
from clfcore.data.pixels import read_image
from clfcore.data.smaller import smaller_picture
from clfcore.errors import InputError


def photo(kind: str, size: tuple[int, int] = (120, 80), **given: object) -> bytes:
    rows = np.linspace(0, 255, size[1])[:, None, None] * np.ones((1, size[0], 3))
    out = io.BytesIO()
    Image.fromarray(rows.astype(np.uint8)).save(out, kind, **given)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_large_photo_becomes_smaller_in_its_format(kind: str) -> None:
    small = smaller_picture(photo(kind), 32)
    with Image.open(io.BytesIO(small)) as image:
        assert (image.format, image.size) == (kind, (48, 32))
    whole, reduced = read_image(photo(kind)), read_image(small)
    assert abs(float(whole.mean()) - float(reduced.mean())) < 2
    assert smaller_picture(small, 32) == small


def test_a_turned_photo_is_written_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = smaller_picture(photo("JPEG", exif=exif), 32)
    assert read_image(turned).shape[:2] == (48, 32)
    with Image.open(io.BytesIO(turned)) as image:
        assert not image.getexif().get(0x0112)


@pytest.mark.parametrize("what", ["small", "tiff", "deep", "moving", "damaged", "text"])
def test_everything_else_stays_as_it_is(what: str) -> None:
    frames = [Image.new("RGB", (90, 90), color) for color in ("red", "blue")]
    moving, deep = io.BytesIO(), io.BytesIO()
    frames[0].save(moving, "WEBP", save_all=True, append_images=frames[1:])
    Image.fromarray(np.random.default_rng(0).integers(0, 65536, (90, 90), dtype=np.uint16)).save(deep, "PNG")
    data = {
        "small": photo("JPEG", (32, 200)),
        "tiff": photo("TIFF"),
        "deep": deep.getvalue(),
        "moving": moving.getvalue(),
        "damaged": photo("PNG")[:90],
        "text": b"not a picture",
    }[what]
    assert smaller_picture(data, 32) == data


@pytest.mark.parametrize("format", ["manifest", "class-tree", "webdataset"])
def test_an_export_of_smaller_photos_opens_as_the_same_data(photos: Path, tmp_path: Path, format: str) -> None:
    out = photos / "list.csv" if format == "manifest" else tmp_path / "out"
    original = open_dataset(str(photos))
    api.export_dataset(str(photos), out, format=format, side=16)
    back = open_dataset(str(out))
    assert back.sizes() == original.sizes()
    assert (np.sort(back.counts()) == np.sort(original.counts())).all()
    assert {min(back.image(i).shape[:2]) for i in range(len(back))} == {16}
    assert {min(original.image(i).shape[:2]) for i in range(len(original))} == {30}


@pytest.mark.parametrize("side", [0, -5, 15])
def test_a_side_that_cannot_be_is_refused(photos: Path, tmp_path: Path, side: int) -> None:
    with pytest.raises(InputError, match=f"side is {side}: it must be at least 16 pixels"):
        api.export_dataset(str(photos), tmp_path / "out", format="coco", side=side)
    assert not (tmp_path / "out").exists()
