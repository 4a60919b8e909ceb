"""predict.py prepares pictures of every kind as `predict` does, or refuses them; no file ends it with a traceback."""

import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clfcore.data.pixels import Preprocess, read_image
from clfcore.export.script import predict_modules

SIDE = 24
PREPROCESS = Preprocess(SIDE, interpolation="bicubic", crop_fraction=0.875)


class Session:
    """Stands for onnxruntime's: the mean of each channel, as probabilities and as logits."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def run(self, _names: list[str], given: dict[str, np.ndarray]) -> list[np.ndarray]:
        means = given["image"].astype(np.float64).mean(axis=(1, 2)) + 1
        probabilities = means / means.sum(axis=1, keepdims=True)
        return [probabilities, np.log(probabilities)]


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The names of predict.py."""
    folder = tmp_path_factory.mktemp("script")
    about = {
        "name": "net",
        "decoding": "levels",
        "classes": ["r", "g", "b"],
        "task": {"kind": "single-label", "levels": [{"name": "class", "classes": ["r", "g", "b"]}]},
        "input": {**PREPROCESS.as_dict(), "stored_side": PREPROCESS.stored_side, "dtype": "uint8"},
    }
    (folder / "preprocess.json").write_text(json.dumps(about), encoding="utf-8")
    runtime = types.ModuleType("onnxruntime")
    runtime.InferenceSession = Session  # type: ignore[attr-defined] # all that the script takes of it
    names: dict[str, Any] = {"__file__": str(folder / "predict.py"), "__name__": "predict"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "onnxruntime", runtime)
        exec(compile(predict_modules(PREPROCESS.fit, "single-label")["predict.py"], "predict.py", "exec"), names)
    return names


def picture() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    return Image.fromarray(pixels).resize((61, 40), Image.Resampling.BICUBIC)


def pictures(folder: Path) -> None:
    image = picture()
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = turn
        image.save(folder / f"turned-{turn}.jpg", exif=exif)
    image.save(folder / "turned.png", exif=exif)
    image.convert("CMYK").save(folder / "cmyk.jpg")
    image.convert("CMYK").save(folder / "cmyk.tif")
    image.convert("L").save(folder / "gray.png")
    image.convert("1").save(folder / "bits.png")
    clear = Image.linear_gradient("L").resize(image.size)
    image.convert("L").convert("LA").save(folder / "gray-alpha.png")
    seen = image.convert("RGBA")
    seen.putalpha(clear)
    seen.save(folder / "alpha.png")
    seen.save(folder / "alpha.webp", lossless=True)
    seen.convert("LA").save(folder / "gray-clear.png")
    image.quantize(16).save(folder / "palette.png", transparency=3)
    frames = [image.rotate(180).quantize(16), image.rotate(90).quantize(16)]
    image.quantize(16).save(folder / "moving.gif", save_all=True, append_images=frames)
    image.save(folder / "moving.webp", save_all=True, append_images=[image.rotate(180)], lossless=True)
    image.convert("YCbCr").save(folder / "ycc.tif")


def test_every_kind_of_picture_becomes_the_square_of_predict(script: dict[str, Any], tmp_path: Path) -> None:
    pictures(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        expected = PREPROCESS.square(read_image(path, least_side=PREPROCESS.stored_side))
        expected = np.broadcast_to(expected, (SIDE, SIDE, 3))
        found = script["square"](script["read"](path))
        assert np.abs(found.astype(int) - expected).max() <= 1, path.name


def test_what_it_cannot_read_is_a_row_with_a_reason(
    script: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = picture()
    deep = np.asarray(image.convert("L")).astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png")
    Image.fromarray(np.asarray(image.convert("L"), np.float32)).save(tmp_path / "float.tif")
    image.save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.png").touch()
    (tmp_path / "letter.png").write_text("no picture", encoding="utf-8")
    image.resize((200, 100)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 9_000)  # twice as many are refused
    names = ["deep.png", "float.tif", "cut.jpg", "empty.png", "letter.png", "bomb.png", "absent.png", "whole.jpg"]
    assert script["main"]([*(str(tmp_path / name) for name in names), "--json"]) == 1
    rows = json.loads(capsys.readouterr().out)["predictions"]
    assert [bool(row.get("error")) for row in rows] == [True] * 7 + [False]
    assert all("more than 8 bits" in row["error"] for row in rows[:2])
    assert "decompression bomb" in rows[5]["error"]
