"""A server that has just started, and everybody comes at once: no page ends in a traceback. `make cold`: ten starts."""

import os
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from clfcore.runs.folder import Run
from tests.browser.driver import serving, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
STARTS = int(os.environ.get("CLFLAB_COLD", "1"))
ROOM = 240_000  # milliseconds: ten pages share the processor with the imports


def lab(tmp_path: Path, trained: Run) -> Path:
    """A folder with one finished run."""
    shutil.copytree(trained.path, tmp_path / "runs" / trained.id)
    return tmp_path


def pages(run: str) -> dict[str, str]:
    """Every page, with something to show."""
    return {
        "home": "",
        "predict": "predict?sample=cat",
        "explain": "explain?sample=coffee",
        "data": "data?data=digits",
        "augmentations": "augmentations",
        "architectures": "architectures?architecture=resnet18",
        "train": "train?data=digits&architecture=lenet5",
        "runs": f"train?run={run}",
        "evaluate": f"evaluate?run={run}",
        "compare": "compare",
    }


def all_well(page: Page, log: Path) -> None:
    settled(page, timeout=ROOM)
    shown = page.get_by_test_id("stException")
    assert not shown.count(), f"{page.url}: {shown.first.inner_text()}"
    before, traceback, after = re.sub(r"\x1b\[[\d;]*m", "", log.read_text(encoding="utf-8")).partition("Traceback")
    assert not traceback, f"{page.url}: {before[-500:]}{after[:6000]}"


@pytest.mark.parametrize("start", range(STARTS))
def test_all_pages_at_once(start: int, browser: Browser, tmp_path: Path, trained: Run) -> None:
    folder, addresses = lab(tmp_path, trained), pages(trained.id)
    names = list(addresses)
    names = names[start % len(names) :] + names[: start % len(names)]  # another page comes first
    with serving(folder) as where:
        context = browser.new_context()
        tabs = [context.new_page() for _ in names]
        for tab, name in zip(tabs, names, strict=True):
            tab.goto(f"{where}/{addresses[name]}", wait_until="commit")
        for tab in tabs:
            all_well(tab, folder / "server.log")
        context.close()


@pytest.mark.parametrize("start", range(-(-STARTS // 2)))
def test_a_second_page_while_the_first_still_works(start: int, browser: Browser, tmp_path: Path, trained: Run) -> None:
    with serving(lab(tmp_path, trained)) as where:
        page = browser.new_page()
        page.goto(f"{where}/train?data=digits&architecture=lenet5")
        page.wait_for_selector("h1")
        page.wait_for_timeout(400 + 200 * start)
        page.get_by_role("link", name="Predict").click()
        expect(page.get_by_role("heading", name="Predict", level=1)).to_be_visible(timeout=ROOM)
        all_well(page, tmp_path / "server.log")
        page.close()
