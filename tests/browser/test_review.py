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


@pytest.fixture
def mislabeled(folder: Path) -> Path:
    """Two classes of a color each, two pictures of each under the other's name."""
    generator = np.random.default_rng(0)
    colors = {"red": (200, 40, 40), "blue": (40, 40, 200)}
    for name, other in (("red", "blue"), ("blue", "red")):
        (folder / "mislabeled" / name).mkdir(parents=True)
        for i in range(14):
            color = np.array(colors[other if i < 2 else name]) + generator.integers(-30, 30, 3)
            pixels = np.clip(generator.normal(color, 6, (40, 40, 3)), 0, 255).astype(np.uint8)
            top, left = generator.integers(4, 20, 2)
            pixels[top : top + 12, left : left + 12] = generator.integers(0, 256, 3)
            Image.fromarray(pixels).save(folder / "mislabeled" / name / f"{i:02}.png")
    return folder / "mislabeled"


def test_suspects_are_cleared_by_keyboard_and_the_run_is_retrained(
    page: Page, address: str, folder: Path, mislabeled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, name in (("CLFLAB_RUNS", "runs"), ("CLFLAB_DATASETS", "datasets"), ("CLFLAB_CACHE", "cache")):
        monkeypatch.setenv(variable, str(folder / name))
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
