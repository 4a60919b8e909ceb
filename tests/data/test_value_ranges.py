"""One value range a dataset: taken from its training split, the same on every way to a network, said where it fails."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from clfcore.classifier import Classifier, predict_dataset
from clfcore.data import bit_depth
from clfcore.data.bit_depth import Extremes, shared_range, shown
from clfcore.data.catalogue import open_dataset
from clfcore.data.checks import check
from clfcore.data.decode import decode
from clfcore.data.pixels import Preprocess, read_image
from clfcore.data.value_ranges import shown_range
from clfcore.task import single_label
from clfcore.training.batches import Batches
from tests.data.tiffs import tiff

KINDS = {  # what a set's files hold: a background, how far the classes lie from it, and the type
    "kelvin": (293.0, 8.0, "f4"),
    "celsius": (20.0, 9.0, "f8"),
    "half": (0.5, 0.2, "f2"),
    "hounsfield": (-700.0, 300.0, "i2"),
    "negative": (-20_000.0, 5_000.0, "i2"),
    "counts": (3_000_000_000.0, 500_000_000.0, "u4"),
    "signed bytes": (0.0, 60.0, "i1"),
    "12 bits": (2_000.0, 1_500.0, "u2"),
    "hundredths of kelvin": (29_300.0, 800.0, "u2"),
}


def a_set(folder: Path, kind: str, count: int = 12) -> Path:
    level, step, dtype = KINDS[kind]
    for i, name in enumerate(("low", "high")):
        (folder / name).mkdir(parents=True)
        for k in range(count):
            generator = np.random.default_rng((i, k))
            values = level + generator.normal(0, step / 20, (20, 24, 1))
            values[4:14, 5:15] += step if i else -step
            (folder / name / f"{k:02}.tif").write_bytes(tiff(values.astype(dtype), order="><"[k % 2]))
    return folder


@pytest.mark.parametrize("fit", ["crop", "pad", "squash"])
@pytest.mark.parametrize("kind", KINDS)
def test_training_prediction_and_evaluation_see_the_same(tmp_path: Path, kind: str, fit: str) -> None:
    """And they see the classes: each uses most of the range, on its own side."""
    dataset = open_dataset(str(a_set(tmp_path / "set", kind)))
    preprocess = Preprocess(16, fit, crop_fraction=0.8, mean=(0.4, 0.5, 0.6))
    dataset, decoded = decode(dataset, preprocess)
    values = decoded.value_range(dataset.splits["train"])
    assert dataset.value_range == values == shown_range(open_dataset(str(tmp_path / "set")))
    preprocess = Preprocess(16, fit, crop_fraction=0.8, mean=(0.4, 0.5, 0.6), value_range=values)
    batches = Batches(decoded, np.arange(len(dataset)), dataset.targets, preprocess, 64, torch.device("cpu"))
    x, y = next(iter(batches.in_order()))
    module = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(3, 2))
    classifier = Classifier("c", module.eval(), preprocess, single_label(["high", "low"]))
    for i, path in enumerate(dataset.paths):
        square = classifier.square(read_image(path, least_side=preprocess.stored_side))
        assert torch.equal(classifier.input(square[None])[0], x[i])
        assert np.allclose(preprocess.normalize(square[None])[0], x[i].numpy(), atol=1e-5)
    middles = (x[:, 0, 8, 8] + 0.8) / 2
    assert (middles[y == 0].mean() - middles[y == 1].mean()).abs() > 0.35
    assert predict_dataset(classifier, open_dataset(str(tmp_path / "set"))).logits == pytest.approx(
        classifier.logits(np.stack([classifier.square(read_image(path)) for path in dataset.paths])), abs=1e-5
    )
    bytes_ = [shown(read_image(path), values) for path in dataset.paths]
    assert np.ptp([one.mean() for one in bytes_]) > 20


@pytest.mark.parametrize("color", [False, True])
def test_neither_half_of_a_set_of_8_and_12_bits_is_black(tmp_path: Path, color: bool) -> None:
    generator = np.random.default_rng(0)
    for name, deep_ones in (("bytes", False), ("deep", True)):
        (tmp_path / "set" / name).mkdir(parents=True)
        for k in range(12):
            pixels = generator.integers(60, 200, (16, 16, 3) if color else (16, 16), dtype=np.uint8)
            path = tmp_path / "set" / name / f"{k:02}"
            if deep_ones:
                planes = (pixels.astype(np.uint16) * 16).reshape(16, 16, -1)
                path.with_suffix(".tif").write_bytes(tiff(planes, photometric=2 if color else 1))
            else:
                Image.fromarray(pixels).save(path.with_suffix(".png"))
    dataset, decoded = decode(open_dataset(str(tmp_path / "set")), Preprocess(16))
    values = decoded.value_range(dataset.splits["train"])
    assert values == (0.0, 4095.0)
    preprocess = Preprocess(16, value_range=values)
    tones = decoded.tones(np.arange(len(dataset)), preprocess)
    for i, path in enumerate(dataset.paths):
        assert 50 < tones[i].mean() < 210
        assert np.array_equal(preprocess.stored(read_image(path))[..., : tones.shape[-1]], tones[i])
    kinds = {problem.kind: problem.message for problem in dataset.problems}
    assert "12 have 16 bits, 12 have 8 bits" in kinds["depths"]


def test_a_picture_without_a_range_is_told_in_one_sentence(tmp_path: Path) -> None:
    folder = a_set(tmp_path / "set", "kelvin")
    flat, odd, hot = (np.full((20, 24, 1), level, np.float32) for level in (290.0, 291.0, 292.0))
    odd[0, 0], odd[0, 1], hot[3] = np.nan, 291.5, 9000.0
    for name, values in (("flat", flat), ("odd", odd), ("nothing", np.full_like(flat, np.nan))):
        (folder / "low" / f"{name}.tif").write_bytes(tiff(values))
    dataset = open_dataset(str(folder))
    test = dataset.paths[int(dataset.splits["test"][0])]
    test.write_bytes(tiff(hot))
    dataset, problems = check(open_dataset(str(folder)))
    told = {problem.item: problem.message for problem in problems if problem.kind == "values"}
    assert "one value alone, 290" in told["low/flat.tif"]
    assert "1 of its values are NaN or infinite" in told["low/odd.tif"]
    where = test.relative_to(folder).as_posix()
    if where in [dataset.ids[i] for i in dataset.splits["test"]]:
        assert "292 to 9000" in told[where]
    assert {problem.item for problem in problems if problem.kind == "unreadable"} == {"low/nothing.tif"}
    again, same = check(open_dataset(str(folder)))  # from the index
    assert same == problems
    assert again.value_range == dataset.value_range


def test_bands_that_are_left_out_are_told(tmp_path: Path) -> None:
    for name in ("field", "town"):
        (tmp_path / name).mkdir()
        for k in range(5):
            planes = np.random.default_rng(k).integers(1500, 2600, (8, 8, 4), dtype=np.uint16)
            planes[0, 0, 0] += len(name)
            (tmp_path / name / f"{k}.tif").write_bytes(tiff(planes, photometric=2, extra=(0,)))
    _, problems = check(open_dataset(str(tmp_path)))
    assert any(problem.kind == "bands" and "band 4 of 4 is left out" in problem.message for problem in problems)


@pytest.mark.parametrize(("pictures", "values"), [
    ([(0, 255, "uint16")], (0, 255)),
    ([(0, 256, "uint16")], (0, 511)),
    ([(5, 65535, "uint16"), (9, 40, "uint16")], (0, 65535)),
    ([(29_000, 30_100, "uint16")], (29_000, 30_100)),
    ([(7, 7, "uint16")], (7, 8)),
    ([(0.02, 0.97, "float32")], (0, 1)),
    ([(0, 254.5, "float32")], (0, 255)),
    ([(10.5, 35.25, "float32")], (10.5, 35.25)),
    ([(-1.0, 1.0, "float32")], (-1, 1)),
    ([(0, 3000, "float32")], (0, 4095)),
    ([], None),
])  # fmt: skip
def test_the_shared_range(pictures: list, values: tuple | None) -> None:
    assert shared_range([Extremes(float(low), float(high), dtype) for low, high, dtype in pictures]) == values


def test_a_picture_alone_is_shown_by_what_its_type_says() -> None:
    assert bit_depth.own_range(np.array([[0, 4095]], np.uint16)) == (0, 65535)
    cases = {
        (0.1, 0.9): (0, 1), (0, 200): (0, 255), (0, 4000): (0, 65535), (-3, 5): (-3, 5), (285, 301): (0, 65535),
        (1e9, 3e9): (1e9, 3e9), (7e9, 7e9): (7e9, 7e9 + 1),
    }  # fmt: skip
    for numbers, expected in cases.items():
        assert bit_depth.own_range(np.array([numbers], np.float32)) == pytest.approx(expected)


@pytest.mark.parametrize("deep_ones", [False, True])
def test_colors_for_a_gray_network_are_the_same_on_both_ways(tmp_path: Path, deep_ones: bool) -> None:
    for i, name in enumerate("ab"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for k in range(4):
            pixels = np.random.default_rng((i, k)).integers(0, 255, (20, 30, 3), dtype=np.uint8)
            planes = pixels.astype(np.uint16) * 200 if deep_ones else pixels
            (tmp_path / "set" / name / f"{k}.tif").write_bytes(tiff(planes, photometric=2))
    dataset, decoded = decode(open_dataset(str(tmp_path / "set")), Preprocess(12, mean=(0.5,), deviation=(0.5,)))
    values = decoded.value_range(dataset.splits["train"])
    preprocess = Preprocess(12, mean=(0.5,), deviation=(0.5,), value_range=values)
    batches = Batches(decoded, np.arange(8), dataset.targets, preprocess, 8, torch.device("cpu"))
    x, _ = next(iter(batches.in_order()))
    for i, path in enumerate(dataset.paths):
        assert np.allclose(preprocess.normalize(preprocess.square(read_image(path))[None])[0], x[i].numpy(), atol=1e-5)
