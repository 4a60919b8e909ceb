"""Pictures of 16 bits: what differs only below 8 bits stays apart until the network has it, on every way there."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from clfcore import api
from clfcore.augment import auto_augment, policies
from clfcore.config import make
from clfcore.data import bit_depth
from clfcore.data.catalogue import open_dataset
from clfcore.data.decode import decode
from clfcore.data.image_file import Depth, depth
from clfcore.data.pixels import Preprocess, read_image
from clfcore.errors import InputError
from clfcore.runs.create import create_run
from clfcore.runs.open_classifier import classifier_of
from clfcore.training.batches import Batches, normalized

LOW, HIGH = 30_000, 30_040  # both are 117 in 8 bits
GRAY = Preprocess(16, mean=(0.5,), deviation=(0.5,))


def saved(pixels: np.ndarray, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **how)
    return out.getvalue()


def png(pixels: np.ndarray) -> bytes:
    """A PNG of 16 bits with 2, 3 or 4 channels, which Pillow does not write."""
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )  # fmt: skip


@pytest.fixture
def ramp() -> np.ndarray:
    return np.random.default_rng(0).permutation(np.linspace(0, 65535, 400).astype(np.uint16)).reshape(20, 20)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_gray_of_16_bits_is_read_to_the_bit(ramp: np.ndarray, kind: str) -> None:
    assert np.array_equal(read_image(saved(ramp, kind))[..., 0], ramp)
    shown = bit_depth.shown(read_image(saved(ramp, kind)), None)
    assert shown.dtype == np.uint8
    assert np.abs(shown[..., 0] - ramp / 257).max() <= 0.5


def test_color_and_transparency_of_16_bits(ramp: np.ndarray) -> None:
    colors = np.stack([ramp, ramp[::-1], ramp.T], axis=2)
    assert np.array_equal(read_image(png(colors)), colors)
    alpha = np.full_like(ramp, 65535)
    alpha[:10] = 0
    for channels in (ramp[..., None], colors):
        found = read_image(png(np.concatenate([channels, alpha[..., None]], axis=2)))
        assert (found[:10] == 65535).all()  # white shows through
        assert np.array_equal(found[10:], channels[10:])
    import cv2

    tiff = cv2.imencode(".tiff", colors[..., ::-1])[1].tobytes()
    assert np.array_equal(read_image(tiff), colors)


def test_floats_and_portable_graymaps_keep_their_steps() -> None:
    share = np.linspace(0, 1, 400).reshape(20, 20)
    assert np.array_equal(read_image(saved(share.astype(np.float32), "tiff"))[..., 0], share.astype(np.float32))
    values = np.arange(400, dtype=np.uint16).reshape(20, 20)
    found = read_image(b"P5\n20 20\n4095\n" + values.astype(">u2").tobytes())[..., 0]
    assert np.abs(found - values * (65535 / 4095)).max() <= 1


def test_a_sideways_scan_stands_upright() -> None:
    pixels = np.arange(6, dtype=np.uint16).reshape(2, 3) * 1000
    for orientation, upright in (
        (1, pixels),
        (3, pixels[::-1, ::-1]),
        (6, np.rot90(pixels, -1)),
        (8, np.rot90(pixels)),
    ):
        exif = Image.Exif()
        exif[0x0112] = orientation
        assert np.array_equal(read_image(saved(pixels, "png", exif=exif))[..., 0], upright)


def test_eight_bits_stay_bytes(photos: Path) -> None:
    path = next(photos.rglob("*.jpg"))
    assert read_image(path).dtype == np.uint8
    assert depth(path) == Depth("uint8", gray=False)
    with pytest.raises(InputError, match=r"nothing\.png does not exist|cannot be read"):
        read_image(photos / "nothing.png")


def test_a_resize_is_that_of_the_floats(ramp: np.ndarray) -> None:
    expected = np.asarray(Image.fromarray(ramp.astype(np.float32)).resize((16, 16), Image.Resampling.BILINEAR))
    found = GRAY.resized(ramp[..., None])
    assert found.dtype == np.uint16
    assert np.abs(found[..., 0] - expected).max() <= 0.5
    padded = Preprocess(16, "pad", mean=(0.5,), deviation=(0.5,), value_range=(0.0, 40_000.0))
    flat = padded.stored(np.full((4, 8, 1), HIGH, np.uint16))
    assert set(np.unique(flat)) == {np.float32(HIGH * np.float32(255 / 40_000)), 128}  # the ground is the mean color


@pytest.mark.parametrize("name", [name for name in auto_augment.NAMES if name != "Equalize"])
def test_an_operation_on_tones_is_the_one_on_bytes_without_its_steps(name: str) -> None:
    generator = np.random.default_rng(1)
    colors = torch.from_numpy(generator.integers(20, 230, (2, 3, 16, 16), dtype=np.uint8))
    strength = {"Posterize": 5.0, "Solarize": 0.5, "TranslateX": 3.0, "TranslateY": 3.0}.get(name, 0.3)
    magnitudes = np.full(2, strength)
    operation = auto_augment.OPERATIONS[name]
    on_bytes, before = operation(colors, magnitudes, "nearest"), colors.float()
    on_tones = operation(before, magnitudes, "nearest")
    assert on_tones.dtype == torch.float32
    assert (on_tones - on_bytes).abs().max() <= (3 if name in ("Color", "Contrast", "AutoContrast") else 1.2)
    assert torch.equal(before, colors.float())  # the pictures themselves are not changed
    fine = torch.linspace(20, 230, 3 * 16 * 16).view(1, 3, 16, 16)
    if name != "Posterize":  # which takes steps away
        assert len(operation(fine, magnitudes[:1], "nearest").unique()) > 256


def test_equalize_spreads_tones_by_their_ranks() -> None:
    tones = torch.tensor([3.0, 3.0, 3.001, 200.0, 200.0, 201.0, 3.0, 3.0, 201.0]).view(1, 1, 3, 3)
    found = auto_augment.OPERATIONS["Equalize"](tones, np.zeros(1), "nearest").flatten()
    assert found.tolist() == pytest.approx([0, 0, 51, 153, 153, 255, 0, 0, 255])


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Two classes of 12 bits in files of 16: darker and lighter ones are alike in their upper 8 bits."""
    generator = np.random.default_rng(0)
    for name, level in (("dark", 150), ("light", 370)):
        folder = tmp_path / "scans" / name
        folder.mkdir(parents=True)
        for i in range(20):
            pixels = generator.normal(level, 4, (16, 16)).round().astype(np.uint16)
            pixels[0, 0] = 4095
            Image.fromarray(pixels).save(folder / f"{i:02}.png")
    return tmp_path / "scans"


@pytest.mark.parametrize("policy", [None, "basic", "conservative", "autoaugment", "augmix", "digits"])
def test_training_and_evaluation_see_what_lies_below_8_bits(tmp_path: Path, policy: str | None) -> None:
    for name, level in (("low", LOW), ("high", HIGH)):
        (tmp_path / "flat" / name).mkdir(parents=True)
        for i in range(6):
            Image.fromarray(np.full((20, 20), level, np.uint16)).save(tmp_path / "flat" / name / f"{i}.png")
    dataset = open_dataset(str(tmp_path / "flat"))
    dataset, decoded = decode(dataset, GRAY)
    assert decoded.dtype == np.uint16
    assert decoded.take(np.arange(1)).shape[1:] == (16, 16, 1)
    again = decode(dataset, GRAY)[1]  # from the disk
    assert np.array_equal(again.take(np.arange(12)), decoded.take(np.arange(12)))
    rows, device = np.arange(len(dataset)), torch.device("cpu")
    batches = Batches(
        decoded, rows, dataset.targets, GRAY, 12, device, policy=policies.policy(policy) if policy else None
    )
    if policy is None:
        x, y = next(iter(batches.in_order()))
        assert {round(float(v) * 65535) for v in (x[y == 0] + 1).unique() / 2} == {HIGH}
        assert {round(float(v) * 65535) for v in (x[y == 1] + 1).unique() / 2} == {LOW}
    else:
        x, y = next(iter(batches(1)))
        middles = x[:, 0, 8, 8]
        values = (middles + 1) / 2 * 255
        assert (values - values.round()).abs().max() > 0.01  # no step rounded to bytes
    assert len(x[:, 0, 8, 8].unique()) > 1


@pytest.mark.parametrize(("shape", "channels"), [((16, 16), 1), ((16, 16, 3), 3)])
def test_8_bit_pictures_among_deep_ones_keep_their_tones(scans: Path, shape: tuple[int, ...], channels: int) -> None:
    """One of colors makes all have three channels."""
    Image.fromarray(np.full(shape, 77, np.uint8)).save(scans / "dark" / "bytes.png")
    dataset = open_dataset(str(scans))
    dataset, decoded = decode(dataset, GRAY)
    assert decoded.take(np.arange(1)).shape[3] == channels
    found = decoded.tones(np.array([dataset.ids.index("dark/bytes.png")]), GRAY)
    assert np.array_equal(found, np.full((1, 16, 16, channels), 77, np.float32))


def test_a_run_learns_what_8_bits_would_lose_and_says_so_everywhere(scans: Path, tmp_path: Path) -> None:
    """150 and 370 of 4,095 are both 1 of 255."""
    from clfcore.runs.execute import execute

    assert {int(bit_depth.shown(read_image(path), None)[8, 8, 0]) for path in scans.rglob("*.png")} == {1}
    recipe = {"epochs": 40, "image_size": 16, "batch_size": 8, "learning_rate": 0.003}
    run = create_run(make({"data": str(scans), "architecture": "lenet5", "recipe": recipe}))
    execute(run)
    assert run.results.metrics["test"]["accuracy"] == 1.0
    assert run.classifier.preprocess.value_range == (0, 4095)
    assert "more than 8 bits: 0 counts as black, 4,095 as white" in run.message
    dark, light = (str(sorted((scans / name).glob("*.png"))[0]) for name in ("dark", "light"))
    answer = api.predict(run.id, [dark, light]).predictions
    assert [one.top[0].label for one in answer] == ["dark", "light"]
    classifier = classifier_of(run)
    square = classifier.square(read_image(Path(light)))
    assert square.dtype == np.float32
    by_hand = read_image(Path(light))[..., 0] / 4095
    x = classifier.input(square[None])
    mean, deviation = classifier.preprocess.mean[0], classifier.preprocess.deviation[0]
    assert torch.allclose(x[0, 0], torch.from_numpy((by_hand - mean) / deviation).float(), atol=1e-5)
    assert torch.equal(x, normalized(torch.from_numpy(square).permute(2, 0, 1)[None], classifier.preprocess))
    np.testing.assert_allclose(classifier.preprocess.normalize(square[None]), x.numpy(), atol=1e-6)
    again = api.evaluate(run.id, data=str(scans)).metrics["data"]
    assert again["accuracy"] == 1.0
    made = api.predict(run.id, [light], views="flip").predictions[0]
    assert made.top[0].label == "light"
    from clfcore.explain.dispatch import explain
    from clfcore.explain.saliency_map import overlay_image

    shown = overlay_image(square, explain(classifier, square, method="occlusion"))
    assert shown.dtype == np.uint8
    assert shown.shape == (16, 16, 3)
