"""What a person chose stays: through a page change, Back, a reload, a second tab, and an import while a run works."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import settled
from tests.browser.test_first_classifier import pack, zone
from tests.support.stored_runs import stored_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
STRENGTH = "0"  # of the first step of the policy, where its slider ends


def choice(page: Page, name: str) -> Locator:
    """A choice of a segmented control."""
    return page.get_by_role("radio", name=name, exact=True)


def change(page: Page, name: str, value: str) -> None:
    box = page.get_by_label(name, exact=True)
    expect(box).to_be_editable(timeout=120_000)
    box.fill(value)
    box.press("Enter", timeout=120_000)
    settled(page, timeout=150_000)


def visit(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible(timeout=90_000)
    settled(page, timeout=150_000)


def holds(page: Page, name: str) -> None:
    """Waits until the page shows what was chosen on it."""
    if name == "Train":
        expect(page.get_by_label("Epochs", exact=True)).to_have_value("7", timeout=90_000)
    elif name == "Predict":
        expect(choice(page, "Horizontal flip")).to_be_checked(timeout=90_000)
    elif name == "Evaluate":
        expect(page.get_by_role("tab", name="Confusion")).to_have_attribute("aria-selected", "true", timeout=90_000)
        expect(page.get_by_label("Errors only")).to_be_checked(timeout=90_000)
    else:
        expect(page.get_by_label("Seed", exact=True)).to_have_value("5", timeout=90_000)
        expect(choice(page, "Pixels")).to_be_checked()
        expect(page.get_by_role("slider").nth(1)).to_have_value(STRENGTH, timeout=90_000)


def test_no_choice_is_lost(
    page: Page, address: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLFLAB_RUNS", str(folder / "runs"))
    stored_run(3, right=0.6)
    page.goto(f"{address}/train?data=digits&architecture=lenet5")
    settled(page, timeout=150_000)
    change(page, "Epochs", "7")
    visit(page, "Predict")
    choice(page, "Horizontal flip").click()
    settled(page, timeout=150_000)
    visit(page, "Evaluate")
    page.get_by_role("tab", name="Confusion").click()
    page.get_by_text("Errors only").click()
    settled(page, timeout=150_000)
    visit(page, "Augmentations")
    change(page, "Seed", "5")
    choice(page, "Pixels").click()
    settled(page, timeout=150_000)
    slider = page.get_by_role("slider").nth(1)
    expect(slider).not_to_have_value(STRENGTH)
    slider.press("Home")
    settled(page, timeout=150_000)
    holds(page, "Augmentations")
    page.reload()
    settled(page, timeout=150_000)
    holds(page, "Augmentations")
    other = page.context.new_page()  # meanwhile in a second tab: a run starts, and a dataset is imported
    other.goto(f"{address}/train?data=digits&architecture=lenet5")
    settled(other, timeout=150_000)
    change(other, "Epochs", "40")
    other.get_by_role("button", name="Train", exact=True).click()
    other.wait_for_url(re.compile("run="), timeout=150_000)
    pack(tmp_path / "coins.zip")
    other.goto(address)
    zone(other).set_input_files(tmp_path / "coins.zip")
    expect(other.get_by_role("heading", name="coins")).to_be_visible(timeout=150_000)
    other.close()
    for name in ("Train", "Predict", "Evaluate"):
        visit(page, name)
        holds(page, name)
    page.go_back()
    expect(page.get_by_role("heading", name="Predict", level=1)).to_be_visible(timeout=90_000)
    holds(page, "Predict")
    page.reload()
    holds(page, "Predict")
    visit(page, "Train")
    holds(page, "Train")
