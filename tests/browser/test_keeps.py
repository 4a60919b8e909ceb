"""What a person chose stays: through page changes, Back, a reload, and a second tab that trains and imports data."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import settled
from tests.browser.test_first_classifier import pack, zone
from tests.support.stored_runs import stored_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def change_epochs(page: Page, value: str) -> None:
    box = page.get_by_label("Epochs", exact=True)
    expect(box).to_be_editable()
    box.fill(value)
    box.press("Enter")
    settled(page)


def visit(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def train_holds(page: Page) -> None:
    expect(page.get_by_label("Epochs", exact=True)).to_have_value("7")


def evaluate_holds(page: Page) -> None:
    expect(page.get_by_role("tab", name="Confusion")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_label("Errors only").first).to_be_checked()


def test_no_choice_is_lost(
    page: Page, address: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLFLAB_RUNS", str(folder / "runs"))
    stored_run(3, right=0.6)
    page.goto(f"{address}/train?data=digits&architecture=lenet5")
    settled(page)
    change_epochs(page, "7")
    visit(page, "Evaluate")
    page.get_by_role("tab", name="Confusion").click()
    page.get_by_text("Errors only").first.click()
    evaluate_holds(page)
    settled(page)
    other = page.context.new_page()  # a second tab begins a run, and imports a dataset meanwhile
    other.goto(f"{address}/train?data=digits&architecture=lenet5")
    settled(other)
    change_epochs(other, "12")
    other.get_by_role("button", name="Train", exact=True).click()
    other.wait_for_url(re.compile("run="))
    pack(tmp_path / "coins.zip")
    other.goto(address)
    zone(other).set_input_files(tmp_path / "coins.zip")
    expect(other.get_by_role("heading", name="coins")).to_be_visible()
    other.close()
    page.reload()
    evaluate_holds(page)
    visit(page, "Train")
    train_holds(page)
    page.reload()
    train_holds(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Evaluate", level=1)).to_be_visible()
    evaluate_holds(page)
