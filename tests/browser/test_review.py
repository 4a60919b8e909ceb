"""The loop by keyboard alone: suspects decided, undone, a version made, its run retrained, and the verdict read."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from clfcore.config import make
from clfcore.data.versions.log import read_decisions
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from tests.browser.driver import settled
from tests.browser.test_keyboard import tab_to

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def photo(color: tuple[int, int, int], generator: np.random.Generator) -> Image.Image:
    """A plain picture about that color with a square of noise in it."""
    noisy = np.array(color) + generator.integers(-30, 30, 3)
    pixels = np.clip(generator.normal(noisy, 6, (40, 40, 3)), 0, 255).astype(np.uint8)
    top, left = generator.integers(4, 20, 2)
    pixels[top : top + 12, left : left + 12] = generator.integers(0, 256, 3)
    return Image.fromarray(pixels)


COLORS = {"red": (200, 40, 40), "blue": (40, 40, 200)}


def colored(root: Path, *, wrong: int) -> Path:
    """Two classes of a color each, the first pictures of each under the other's name."""
    generator = np.random.default_rng(0)
    for name, other in (("red", "blue"), ("blue", "red")):
        (root / name).mkdir(parents=True)
        for i in range(14):
            photo(COLORS[other if i < wrong else name], generator).save(root / name / f"{i:02}.png")
    return root


def test_suspects_are_cleared_by_keyboard_and_the_run_is_retrained(
    page: Page, address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, name in (("CLFLAB_RUNS", "runs"), ("CLFLAB_DATASETS", "datasets"), ("CLFLAB_CACHE", "cache")):
        monkeypatch.setenv(variable, str(folder / name))
    mislabeled = colored(folder / "mislabeled", wrong=2)
    recipe = {"epochs": 2, "batch_size": 8, "image_size": 16, "learning_rate": 0.003}
    config = {"data": str(mislabeled), "architecture": "lenet5", "strategy": "scratch", "recipe": recipe}
    execute(create_run(make(config)))
    page.goto(f"{address}/review?data={mislabeled}&from=suspects")
    settled(page)
    tab_to(page, page.get_by_role("button", name="Check quality"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("The nearest training images, with")).to_be_visible(timeout=120_000)
    expected = page.get_by_text(re.compile("left, of which about [0-9]+ are expected to be wrong"))
    count = int(re.findall("([0-9]+) left", expected.inner_text())[0])
    assert count >= 4  # those that were planted, and some that look like them

    def press(key: str, left: int) -> None:
        page.keyboard.press(key)
        words = f" {left} left" if left else "Every image is decided"
        expect(page.get_by_text(re.compile(words))).to_be_visible()

    press("a", count - 1)
    press("d", count - 2)
    press("z", count - 1)
    press("a", count - 2)
    for left in reversed(range(count - 2)):
        press("k", left)
    decided = read_decisions(str(mislabeled))
    assert sorted(decision.action for decision in decided) == ["keep"] * (count - 2) + ["label"] * 2
    tab_to(page, page.get_by_role("button", name="Make a version"))
    page.keyboard.press("Enter")
    retrain = page.get_by_role("button", name="Retrain and compare")
    tab_to(page, retrain)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Evaluate the retrained run")).to_be_visible(timeout=120_000)
    expect(page.get_by_text(re.compile("on [0-9]+ images?: accuracy|is better by"))).to_be_visible()


def test_photos_of_an_inbox_are_labeled_beside_their_nearest_and_join_training(
    page: Page, address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLFLAB_DATASETS", str(folder / "datasets"))
    data, inbox = colored(folder / "two colors", wrong=0), folder / "odd"
    inbox.mkdir()
    generator = np.random.default_rng(1)
    for name, color in (("first", "red"), ("second", "blue"), ("third", "red")):
        photo(COLORS[color], generator).save(inbox / f"{name}.png")
    page.goto(f"{address}/review?data={data}&from=inbox")
    settled(page)
    page.get_by_role("textbox", name="Folder of the photos").fill(str(inbox))
    page.keyboard.press("Enter")
    expect(page.get_by_text("No photo has a label yet")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Find the nearest training images").click()
    near = page.get_by_text("The nearest training images, with")
    expect(near).to_be_visible(timeout=120_000)
    expect(page.locator(".clf-stage")).to_be_visible()
    for key, left in (("1", 2), ("d", 1), ("2", 0)):
        page.keyboard.press(key)
        expect(page.get_by_text(re.compile(f" {left} left" if left else "Every image is decided"))).to_be_visible()
    assert {d.item: d.action for d in read_decisions(str(inbox))} == {
        "first.png": "label",
        "second.png": "drop",
        "third.png": "label",
    }
    page.get_by_role("button", name="Add to training").click()
    expect(page.get_by_text("inbox: 2 added to training")).to_be_attached()
