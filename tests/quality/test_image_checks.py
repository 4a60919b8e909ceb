"""Image checks: a drawn picture of each kind is flagged as that kind alone, and ordinary photos are not."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from clfcore.data.catalogue import open_dataset
from clfcore.data.decode import decode
from clfcore.data.pixels import Preprocess
from clfcore.quality.image_checks import ImageFlaw, check_images
from clfcore.quality.picture_pass import measure_pictures

PREPROCESS = Preprocess(size=224, crop_fraction=0.875)


def photo(seed: int) -> Image.Image:
    """A colored picture of sharp squares with tones from dark to bright."""
    tones = np.random.default_rng(seed).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    return Image.fromarray(tones).resize((256, 256), Image.Resampling.NEAREST)


def toned(image: Image.Image, low: float, high: float) -> Image.Image:
    return Image.fromarray((low + np.asarray(image) / 255 * (high - low)).astype(np.uint8))


ODD = {
    "dark": lambda image: toned(image, 0, 50),
    "bright": lambda image: toned(image, 220, 255),
    "blurry": lambda image: image.filter(ImageFilter.GaussianBlur(4)),
    "low-contrast": lambda image: toned(image, 120, 140),
    "odd-shape": lambda image: image.resize((1200, 250), Image.Resampling.NEAREST),
    "tiny": lambda image: image.resize((20, 20), Image.Resampling.NEAREST),
    "grey": lambda image: image.convert("L"),
}


def flaws(folder: Path) -> tuple[ImageFlaw, ...]:
    dataset, decoded = decode(open_dataset(str(folder)), PREPROCESS)
    return check_images(dataset, measure_pictures(decoded, PREPROCESS))


def test_each_kind_is_flagged_as_such_and_ordinary_pictures_are_not(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(8):
            photo(i + 10 * (name == "b")).save(tmp_path / name / f"{i}.png")
    for kind, change in ODD.items():
        change(photo(50)).save(tmp_path / "a" / f"{kind}.png")
    found = {(Path(flaw.item).stem, flaw.kind) for flaw in flaws(tmp_path)}
    assert found == {(kind, kind) for kind in ODD}


def test_a_dataset_of_gray_or_of_tiny_pictures_is_not_flagged_whole(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(5):
            photo(i).convert("L").resize((20, 20), Image.Resampling.NEAREST).save(tmp_path / name / f"{i}.png")
    assert flaws(tmp_path) == ()


@pytest.mark.parametrize("spec", ["digits", "shapes:count=24,side=16"])
def test_drawn_and_written_datasets_are_ordinary(spec: str) -> None:
    dataset, decoded = decode(open_dataset(spec), Preprocess(size=64))
    assert check_images(dataset, measure_pictures(decoded, Preprocess(size=64))) == ()
