"""The ways by keyboard alone: Tab, Enter and arrows reach everything, and what has the focus can be seen."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import settled
from tests.support.stored_runs import stored_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SAMPLES = Path(__file__).parents[2] / "assets" / "samples"
STOPS = 80
LOOKS = """node => { const look = getComputedStyle(node);
  return [look.outlineStyle, look.outlineWidth, look.outlineColor, look.boxShadow, look.borderColor,
    look.backgroundColor].join(" "); }"""


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus, and see that it looks different with it."""
    expect(target).to_be_visible(timeout=60_000)
    before = target.evaluate(LOOKS)
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        if target.evaluate("node => node === document.activeElement"):
            assert target.evaluate(LOOKS) != before, f"no focus is seen on {target}"
            return
    raise AssertionError(f"{STOPS} times Tab do not reach {target}")


def test_a_photo_is_brought_and_a_sample_goes_to_its_map(page: Page, address: str) -> None:
    page.goto(address)
    settled(page)
    # The drop zone is painted before the rest.
    expect(page.get_by_role("link", name=re.compile("Cat$"))).to_be_visible()
    # Around the whole way: Playwright does not wait until Chromium hands choosers to it.
    with page.expect_file_chooser() as chooser:
        tab_to(page, page.locator(".st-key-drop button", has_text="Upload"))
        page.keyboard.press("Enter")
    chooser.value.set_files(SAMPLES / "coffee.jpg")
    expect(page.get_by_text("espresso").first).to_be_visible(timeout=90_000)
    settled(page)
    tab_to(page, page.get_by_role("link", name=re.compile("Cat$")))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/predict.*sample=cat"))
    expect(page.get_by_alt_text(re.compile("^Where it looked for Egyptian cat"))).to_be_visible(timeout=60_000)


def test_a_first_classifier_is_trained_and_its_run_opened(page: Page, address: str) -> None:
    page.goto(f"{address}/?data=digits")
    settled(page)
    tab_to(page, page.get_by_role("button", name="Train a first classifier"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("run="), timeout=60_000)
    stop = page.get_by_role("button", name="Stop now")
    tab_to(page, stop)
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^Stopped|^Completed"))).to_be_visible(timeout=90_000)


def test_a_run_is_opened_from_the_table(
    page: Page, address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLFLAB_RUNS", str(folder / "runs"))
    run = stored_run(5, right=0.6)
    page.goto(f"{address}/runs")
    settled(page)
    table = page.get_by_test_id("data-grid-canvas").first
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        if table.evaluate("node => node.contains(document.activeElement)"):
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")  # the newest run's row
    page.keyboard.press("Shift+Space")
    tab_to(page, page.get_by_role("button", name="Evaluate", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/evaluate.*run={run.id}"))
