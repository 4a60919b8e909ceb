"""The page of a server in a real browser: photos of every kind are answered as `predict` does, or refused in words."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import Browser, expect

from clfcore.serving.app import Application
from clfcore.serving.limits import known_hosts
from clfcore.serving.run import listen
from clfcore.serving.served import Served
from clfcore.task import Task, multi_label
from tests.support.color_predictor import COLORS, LEVELS, color_predictor
from tests.support.photo_events import brought

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@contextmanager
def served(task: Task) -> Iterator[str]:
    """The address of a server of the colors' classifier."""
    application = Application(Served(color_predictor(task), "onnxruntime_onnx"), hosts=known_hosts("127.0.0.1"))
    started = threading.Event()
    server = uvicorn.Server(uvicorn.Config(application.asgi(started.set), log_level="warning"))
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        assert started.wait(30)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def photos(folder: Path) -> list[Path]:
    """Half red and half blue, so that a turn does not show in the middle square; the last two are no whole pictures."""
    pixels = np.zeros((30, 50, 3), np.uint8)
    pixels[..., 0], pixels[:, 30:, 2] = 190, 90
    image, exif = Image.fromarray(pixels), Image.Exif()
    exif[0x0112] = 6
    image.save(folder / "turned.jpg", exif=exif, quality=95)
    image.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(folder / "deep.png")
    image.save(folder / "animated.gif", save_all=True, append_images=[image.transpose(Image.Transpose.ROTATE_180)])
    (folder / "half.jpg").write_bytes((folder / "turned.jpg").read_bytes()[:500])
    (folder / "<b>note.txt").write_text("no picture", encoding="utf-8")
    return [folder / name for name in ("turned.jpg", "cmyk.jpg", "deep.png", "animated.gif", "half.jpg", "<b>note.txt")]


@pytest.mark.parametrize("task", [COLORS, multi_label(("red", "blue", "none")), LEVELS], ids=lambda task: task.kind)
def test_photos_are_answered_as_by_predict_or_refused_in_words(task: Task, browser: Browser, tmp_path: Path) -> None:
    paths, predictor = photos(tmp_path), color_predictor(task)
    with served(task) as address:
        page = browser.new_page()
        page.goto(address)
        page.locator("input[type=file]").set_input_files(paths)
        cards = page.locator("article")
        expect(cards).to_have_count(len(paths), timeout=30_000)
        for path, card in zip(paths[:4], cards.all(), strict=False):
            (expected,) = predictor.predict([predictor.prepare(path.read_bytes(), path.name)], 5)
            assert expected.top is not None
            shown = card.locator("ol").last.locator("li").all_inner_texts()
            assert [words.split()[0] for words in shown] == [row.label for row in expected.top]
            assert f"{expected.top[0].probability:.1%}" in shown[0]
            assert all(name in card.inner_text() for name in (*(expected.levels or ()), *(expected.labels or ())))
        expect(cards.nth(4)).to_have_text("half.jpg is truncated: its end is missing; copy it again or leave it out.")
        expect(cards.nth(5)).to_contain_text("<b>note.txt is not an image that can be read")
        page.close()


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_photo_is_dropped_or_pasted(kind: str, browser: Browser, tmp_path: Path) -> None:
    path = photos(tmp_path)[0]
    with served(COLORS) as address:
        page = browser.new_page()
        page.goto(address)
        brought(page, kind, path)
        expect(page.locator("article h3")).to_have_text("turned.jpg", timeout=30_000)
        expect(page.locator("article li").first).to_contain_text("red")
        page.close()
