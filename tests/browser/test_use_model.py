"""Use this model: a web page is exported with its proof, and answers a photo where it was made."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from clfcore.config import make
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from tests.browser.driver import settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SAMPLE = Path(__file__).parents[2] / "assets" / "samples" / "coffee.jpg"


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    """A run of the lab under test."""
    config = make({"data": "shapes:count=60,side=32", "architecture": "lenet5", "recipe": {"epochs": 1}})
    made = create_run(config, folder / "runs")
    execute(made)
    return made


def test_a_web_page_is_tried_where_it_was_exported(page: Page, address: str, run: Run) -> None:
    page.goto(f"{address}/evaluate?run={run.id}")
    settled(page)
    page.get_by_text("Use this model", exact=True).click()
    page.get_by_test_id("stRadio").get_by_text("Web page", exact=True).click()
    settled(page)
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.get_by_text("✓ Verified")).to_be_visible(timeout=120_000)
    page.get_by_text("Try it here", exact=True).click()
    inside = page.frame_locator('iframe[title="The exported web page"]')
    expect(inside.locator("html[data-state=ready]")).to_be_attached(timeout=60_000)
    inside.locator("input[type=file]").set_input_files(SAMPLE)
    expect(inside.locator("article .label").first).to_be_visible(timeout=60_000)
