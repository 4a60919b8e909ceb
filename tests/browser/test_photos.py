"""A tab's photos: on every page that asks for photos, after a reload, and in no other tab."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SAMPLES = Path(__file__).parents[2] / "assets" / "samples"


def drop(page: Page, *files: Path) -> None:
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(files)


def photo(page: Page, name: str) -> Locator:
    """The button of one that the tab holds; the uploader has one of its own while it uploads."""
    return page.locator(".st-key-held").get_by_role("button", name=re.compile(name))


def held(page: Page, name: str) -> None:
    expect(photo(page, name)).to_be_visible(timeout=60_000)


def test_photos_stay_through_pages_and_a_reload_and_in_their_tab(page: Page, address: str) -> None:
    page.goto(f"{address}/predict")
    drop(page, SAMPLES / "coffee.jpg")
    held(page, "coffee.jpg")
    page.wait_for_url(re.compile("photos=[0-9a-f]{24}"))
    page.get_by_role("link", name="Runs").first.click()
    page.wait_for_url(re.compile("/runs.*photos="))
    page.reload()
    settled(page)
    page.get_by_role("link", name="Explain").first.click()
    held(page, "coffee.jpg")
    page.wait_for_url(re.compile("/explain.*photos="))
    other = page.context.new_page()
    other.goto(page.url)  # the same address in a second tab
    held(other, "coffee.jpg")
    drop(other, SAMPLES / "cat.jpg")
    held(other, "cat.jpg")
    page.reload()
    held(page, "coffee.jpg")
    expect(photo(page, "cat.jpg")).to_have_count(0)
    photo(page, "coffee.jpg").click()
    expect(photo(page, "coffee.jpg")).to_have_count(0)
    page.wait_for_url(re.compile("^(?!.*photos=)"))
    other.reload()
    held(other, "coffee.jpg")
    held(other, "cat.jpg")
    other.close()


def test_back_needs_one_press_with_photos_held(page: Page, address: str) -> None:
    page.goto(f"{address}/predict")
    drop(page, SAMPLES / "coffee.jpg")
    held(page, "coffee.jpg")
    page.get_by_role("link", name="Runs").first.click()
    page.wait_for_url(re.compile("/runs.*photos="))
    settled(page)
    page.go_back()
    page.wait_for_url(re.compile("/predict"))
    held(page, "coffee.jpg")
