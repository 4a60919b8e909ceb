"""The exported web page in a real browser, opened from the disk with no network: it answers as `predict`."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from torch import nn

from clfcore.answers import answer
from clfcore.classifier import Classifier
from clfcore.data.pixels import Preprocess, read_image
from clfcore.evaluation.conformal import SetRule
from clfcore.export.card import Card, Fact
from clfcore.export.exportable import Exportable, description
from clfcore.export.web import PARTS, web_page
from clfcore.hierarchy import Decoding, decoded
from clfcore.task import Level, Task, hierarchical, multi_label, single_label
from clfcore.unlike import energy
from tests.support.photo_events import brought

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SIDE, GRID = 32, 4
CLASSES = (
    "plain",
    "</script><script>document.title='broken'</script>",
    "<img src=x onerror=alert(1)>",
    "a & b",
    "e",
    "f",
)
PATHS = hierarchical((Level("kind", ("one", "two")), Level("name", ("x", "y", "z"))), ((0, 0), (0, 1), (1, 2)))


def weights(columns: int) -> np.ndarray:
    """A network so small that both sides can be computed by hand: means of a grid, times these."""
    return np.random.default_rng(3).normal(0, 0.02, (GRID * GRID * 3, columns)).astype(np.float32)


def onnx_of(columns: int) -> bytes:
    step, shape = SIDE // GRID, np.array([-1, GRID * GRID * 3], np.int64)
    tensors = [numpy_helper.from_array(weights(columns), "w"), numpy_helper.from_array(shape, "shape")]
    nodes = [
        helper.make_node("Cast", ["image"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["x"], ["chw"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["chw"], ["means"], kernel_shape=[step, step], strides=[step, step]),
        helper.make_node("Reshape", ["means", "shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["logits"]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", SIDE, SIDE, 3])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", columns])
    graph = helper.make_graph(nodes, "tiny", [image], [logits], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9).SerializeToString()


def logits_of(square: np.ndarray, columns: int) -> np.ndarray:
    step = SIDE // GRID
    means = square.astype(np.float32).reshape(GRID, step, GRID, step, -1).mean(axis=(1, 3))
    means = np.broadcast_to(means, (GRID, GRID, 3))
    return means.transpose(2, 0, 1).reshape(-1) @ weights(columns)


def classifier(task: Task, preprocess: Preprocess, decoding: Decoding = "levels") -> Classifier:
    return Classifier("net", nn.Identity(), preprocess, task, decoding=decoding)


def written(folder: Path, shown: Classifier, temperature: float = 1.0) -> Path:
    about = description(Exportable(shown, temperature))
    path = folder / "page.html"
    path.write_bytes(web_page(onnx_of(shown.task.columns), about, Card("Tiny", "For a test.", (Fact("Data", "none"),))))
    return path


@pytest.fixture
def offline(browser: Browser) -> Iterator[Page]:
    """A window that reaches nothing; what the page throws or asks for fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    context.route("http*://**/*", lambda route: route.abort())
    window = context.new_page()
    faults: list[str] = []
    window.on("pageerror", lambda error: faults.append(str(error)))
    window.on(
        "request", lambda asked: None if asked.url.startswith(("file:", "blob:", "data:")) else faults.append(asked.url)
    )
    yield window
    context.close()
    assert not faults


def opened(page: Page, path: Path) -> Page:
    page.goto(path.as_uri())
    expect(page.locator("html[data-state=ready]")).to_be_attached(timeout=60_000)
    return page


def cards(page: Page, paths: Sequence[Path]) -> list[Locator]:
    """The answers to some files, which are chosen at once."""
    page.locator("input[type=file]").set_input_files(paths)
    expect(page.locator("article")).to_have_count(len(paths), timeout=60_000)
    return page.locator("article").all()


def shown(card: Locator) -> list[tuple[str, float]]:
    labels = card.locator("ol").last.locator(".label").all_inner_texts()
    shares = card.locator("ol").last.locator(".probability").all_inner_texts()
    return [(label, float(share.removesuffix("%"))) for label, share in zip(labels, shares, strict=True)]


def agrees(card: Locator, path: Path, asked: Classifier, *, temperature: float = 1.0, within: float = 0.4) -> None:
    """The same labels in the same order, and probabilities within so many points; nearer ones may stand either way."""
    square = asked.square(read_image(path, least_side=asked.preprocess.stored_side))
    expected = answer(asked, square, 5, logits=logits_of(square, asked.task.columns), temperature=temperature).top
    found = shown(card)
    assert len(found) == len(expected), path.name
    by_label = {row.label: 100 * row.probability for row in expected}
    assert found[0][0] == expected[0].label, path.name
    for (_, share), row in zip(found, expected, strict=True):
        assert share == pytest.approx(100 * row.probability, abs=within), (path.name, found, by_label)


def picture(width: int = 130, height: int = 90) -> Image.Image:
    """Large shapes in several colors and a little noise, unlike in all four corners."""
    generator = np.random.default_rng(1)
    coarse = Image.fromarray(generator.integers(0, 256, (3, 4, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    noise = generator.normal(0, 6, (height, width, 3))
    return Image.fromarray(np.clip(np.asarray(coarse) + noise, 0, 255).astype(np.uint8))


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    return found


def pictures(folder: Path) -> list[Path]:
    """One file of every kind that a browser reads."""
    image = picture()
    for turn in range(1, 9):
        image.save(folder / f"turned-{turn}.jpg", exif=exif(turn), quality=95)
    image.save(folder / "turned.png", exif=exif(6))
    image.save(folder / "turned.webp", exif=exif(8), lossless=True)
    image.save(folder / "progressive.jpg", progressive=True, quality=90)
    image.convert("L").save(folder / "grey.jpg", quality=95)
    image.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    image.quantize(64).save(folder / "palette.png")
    clear = image.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(image.size))
    clear.save(folder / "clear.png")
    image.quantize(64).save(folder / "moving.gif", save_all=True, append_images=[image.rotate(180).quantize(64)])
    grey = np.asarray(image.convert("L")).astype(np.uint16) * 257
    Image.fromarray(grey).save(folder / "deep.png")
    picture(1500, 1100).save(folder / "large.jpg", quality=90)
    image.save(folder / "bitmap.bmp")
    return sorted(folder.iterdir())


FAULTS = {
    "scan.tif": "is a TIFF file",
    "photo.heic": "is a HEIC photo",
    "empty.jpg": "is empty",
    "cut.jpg": "is truncated",
    "cut.png": "is truncated",
    "letter.jpg": "is not an image",
    "odd.png": "is damaged",
}


def faulty(folder: Path) -> list[Path]:
    image = picture()
    image.save(folder / "scan.tif")
    (folder / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    (folder / "empty.jpg").touch()
    (folder / "letter.jpg").write_text("Dear reader, this is no photo at all, and long enough.", encoding="utf-8")
    for kind, name in (("JPEG", "cut.jpg"), ("PNG", "cut.png")):
        out = io.BytesIO()
        image.save(out, kind)
        (folder / name).write_bytes(out.getvalue()[: len(out.getvalue()) // 2])
    (folder / "odd.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    return [folder / name for name in FAULTS]


def test_every_kind_of_file_is_answered_as_predict_answers_it(offline: Page, tmp_path: Path) -> None:
    asked = classifier(single_label(CLASSES), Preprocess(SIDE, interpolation="bicubic", crop_fraction=0.875))
    page = opened(offline, written(tmp_path, asked, 2.0))
    (tmp_path / "pictures").mkdir()
    paths = pictures(tmp_path / "pictures")
    for card, path in zip(cards(page, paths), paths, strict=True):
        agrees(card, path, asked, temperature=2.0, within=3 if path.suffix == ".jpg" else 0.4)  # decoders round
    assert page.title() == "Tiny"
    assert page.locator("article img").count() == 0
    (tmp_path / "faulty").mkdir()
    paths = faulty(tmp_path / "faulty")
    for card, path in zip(cards(page, paths), paths, strict=True):
        expect(card).to_contain_text(f"{path.name} {FAULTS[path.name]}")
        assert card.locator("ol").count() == 0


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_photo_is_dropped_or_pasted(kind: str, offline: Page, tmp_path: Path) -> None:
    asked = classifier(single_label(CLASSES), Preprocess(SIDE))
    path = tmp_path / "photo.png"
    picture().save(path)
    page = opened(offline, written(tmp_path, asked))
    brought(page, kind, path)
    expect(page.locator("article h3")).to_have_text("photo.png", timeout=60_000)
    agrees(page.locator("article"), path, asked)


@pytest.mark.parametrize(
    "preprocess",
    [
        Preprocess(SIDE, fit="pad", interpolation="bilinear", mean=(0.485, 0.456, 0.406), deviation=(0.2,) * 3),
        Preprocess(SIDE, fit="squash", interpolation="nearest", mean=(0.4,), deviation=(0.3,)),
    ],
    ids=lambda preprocess: preprocess.fit,
)
def test_fits_and_grey_networks(preprocess: Preprocess, offline: Page, tmp_path: Path) -> None:
    asked = classifier(single_label(CLASSES), replace(preprocess, mean=(0.5,) * 3, deviation=(0.5,) * 3))
    asked = classifier(single_label(CLASSES), preprocess) if preprocess.channels == 3 else asked
    page = opened(offline, written(tmp_path, asked))
    picture(130, 61).save(tmp_path / "wide.png")
    picture(20, 27).save(tmp_path / "small.png")
    paths = [tmp_path / "wide.png", tmp_path / "small.png"]
    for card, path in zip(cards(page, paths), paths, strict=True):
        agrees(card, path, asked, within=0.11)


def test_several_labels_with_their_thresholds(offline: Page, tmp_path: Path) -> None:
    asked = replace(classifier(multi_label(CLASSES), Preprocess(SIDE)), thresholds=(0.9, 0.1, 0.5, 0.2, 0.6, 0.4))
    page = opened(offline, written(tmp_path, asked, 3.0))
    picture().save(tmp_path / "a.png")
    (card,) = cards(page, [tmp_path / "a.png"])
    agrees(card, tmp_path / "a.png", asked, temperature=3.0)
    square = asked.square(read_image(tmp_path / "a.png"))
    expected = answer(asked, square, 5, logits=logits_of(square, 6), temperature=3.0)
    present = ", ".join(expected.labels) or "none reaches its threshold"  # type: ignore[attr-defined]
    expect(card.locator(".present")).to_have_text(f"Labels: {present}")


@pytest.mark.parametrize("decoding", ["path", "sum"])
def test_a_hierarchy_by_its_levels(decoding: Decoding, offline: Page, tmp_path: Path) -> None:
    asked = classifier(PATHS, Preprocess(SIDE), decoding)
    page = opened(offline, written(tmp_path, asked))
    picture().save(tmp_path / "a.png")
    (card,) = cards(page, [tmp_path / "a.png"])
    agrees(card, tmp_path / "a.png", asked)
    assert card.locator("h4").all_inner_texts() == ["kind", "name"]
    square = asked.square(read_image(tmp_path / "a.png"))
    expected = answer(asked, square, 5, logits=logits_of(square, 5))
    path = " › ".join(f"{place.label} {100 * place.probability:.1f}%" for place in expected.path)  # type: ignore[attr-defined]
    expect(card.locator(".present")).to_have_text(f"Path: {path}")


def test_strangers_are_told_by_the_energy_that_the_lab_computes(offline: Page) -> None:
    offline.add_script_tag(content=(PARTS / "answer.js").read_text(encoding="utf-8").replace("export ", ""))
    generator = np.random.default_rng(0)
    for task in (single_label(CLASSES), multi_label(CLASSES), PATHS):
        for logits in generator.normal(0, 40, (6, task.columns)):
            value = float(energy(logits[None], task)[0])
            for threshold in (value - 1e-6, value + 1e-6):
                about = {"task": task.as_dict(), "unknown": {"threshold": threshold, "message": "none of these"}}
                found = offline.evaluate("([logits, about]) => unlike(logits, about)", [logits.tolist(), about])
                assert found == ("none of these" if value > threshold else "")


@pytest.mark.parametrize("decoding", ["levels", "path", "sum"])
def test_sets_are_those_of_the_lab(decoding: Decoding, offline: Page) -> None:
    offline.add_script_tag(content=(PARTS / "answer.js").read_text(encoding="utf-8").replace("export ", ""))
    tasks = (PATHS,) if decoding != "levels" else (single_label(CLASSES), multi_label(CLASSES), PATHS)
    for task in tasks:
        for logits in np.random.default_rng(0).normal(0, 2, (6, task.columns)).astype(np.float32):
            for level in task.levels:
                rule = SetRule(0.9, 0.2, 100, level.name)
                sets = {"coverage": 0.9, "threshold": 0.2, "level": level.name}
                about = {"task": task.as_dict(), "decoding": decoding, "temperature": 3, "sets": sets}
                found = offline.evaluate("([logits, about]) => members(logits, about)", [logits.tolist(), about])
                assert tuple(found) == rule.classes(decoded(logits[None], task, decoding), task)


def test_the_resize_is_pillows_to_the_bit(offline: Page) -> None:
    """Boxes, enlarging, shrinking and odd sizes, in every interpolation."""
    script = (PARTS / "resize.js").read_text(encoding="utf-8").replace("export ", "")
    offline.add_script_tag(content=script)
    generator = np.random.default_rng(0)
    for width, height, size, box in (
        (61, 47, (20, 20), (7.0, 0.0, 54.0, 47.0)),
        (61, 48, (20, 20), (6.5, 0.0, 54.5, 48.0)),
        (9, 13, (32, 32), (0.0, 2.0, 9.0, 11.0)),
        (33, 33, (32, 40), (0.0, 0.0, 33.0, 33.0)),
        (200, 3, (17, 1), (0.0, 0.0, 200.0, 3.0)),
    ):
        pixels = generator.integers(0, 256, (height, width, 3), np.uint8)
        for name in ("nearest", "bilinear", "bicubic"):
            expected = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling[name.upper()], box=box))
            given = {"width": width, "height": height, "pixels": pixels.reshape(-1).tolist()}
            found = offline.evaluate(
                "([given, size, name, box]) => Array.from(resize(given, size, name, box).pixels)",
                [given, size, name, box],
            )
            assert found == expected.reshape(-1).tolist(), (width, height, size, name)
