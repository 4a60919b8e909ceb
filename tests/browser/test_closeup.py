"""A picture up close, by keyboard alone: an error opens, the next one follows, and it leads to Data."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from clfcore.evaluation.errors import most_confident
from tests.browser.driver import settled
from tests.support.stored_runs import stored_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_an_error_opens_goes_on_by_keyboard_closes_and_leads_to_data(
    page: Page, address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLFLAB_RUNS", str(folder / "runs"))
    run = stored_run(3, right=0.6)
    first, second = (case.id for case in most_confident(run.predictions("test"), 2))
    page.goto(f"{address}/evaluate?run={run.id}&view=Errors")
    settled(page, timeout=150_000)
    dialog = page.get_by_role("dialog")
    page.locator(".clf-open").first.focus()
    page.keyboard.press("Enter")
    expect(dialog.get_by_text(first, exact=True)).to_be_visible(timeout=60_000)
    expect(dialog.locator(".clf-stage img")).to_be_visible()
    page.wait_for_url(re.compile(re.escape(first.replace("/", "%2F"))))
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_text(second, exact=True)).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(dialog.get_by_text(first, exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).not_to_have_url(re.compile("item="))
    page.locator(".clf-open").nth(1).click()
    expect(dialog.get_by_text(second, exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Open in Data").click()
    page.wait_for_url(re.compile("/data[?]"))
    expect(dialog.get_by_text(second, exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stException")).to_have_count(0)
