"""Ways that cross pages: a stopped run finished with its best epoch, networks on one photo, a photo up to its map."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import settled
from tests.browser.test_photos import drop, held
from tests.browser.test_ways import train_digits

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SAMPLES = Path(__file__).parents[2] / "assets" / "samples"


def test_a_stopped_run_is_finished_with_its_best_epoch_and_evaluated(page: Page, address: str) -> None:
    train_digits(page, address, 400)
    expect(page.get_by_text(re.compile(r"epoch [2-9]\d* of 400"))).to_be_visible(timeout=90_000)
    page.get_by_role("button", name="Stop now").click()
    expect(page.get_by_text(re.compile("^Stopped"))).to_be_visible(timeout=60_000)
    settled(page)  # what the run had while it worked is gone by then
    page.get_by_role("button", name="Finish with the best epoch so far").click()
    page.get_by_role("button", name="Evaluate").click(timeout=90_000)
    page.wait_for_url(re.compile("/evaluate"))
    expect(page.get_by_text(re.compile(r"\d+ of 269 test images"))).to_be_visible(timeout=60_000)


def test_three_networks_answer_side_by_side_from_compare(page: Page, address: str) -> None:
    page.goto(f"{address}/compare")
    page.get_by_role("link", name=re.compile("3 pretrained networks on one photo")).click()
    names = [page.get_by_text(f"efficientnet_lite{i}, ImageNet", exact=True) for i in range(3)]
    maps = page.get_by_alt_text(re.compile("^Where it looked"))
    expect(maps).to_have_count(3, timeout=120_000)
    tops = [name.last.bounding_box() for name in names]
    assert len({round(top["y"]) for top in tops}) == 1
    assert [top["x"] for top in tops] == sorted(top["x"] for top in tops)


def test_a_photo_goes_to_its_map_to_explain_and_back(page: Page, address: str) -> None:
    page.goto(f"{address}/predict")
    drop(page, SAMPLES / "coffee.jpg")
    map_of_it = page.get_by_alt_text(re.compile("^Where it looked"))
    expect(map_of_it).to_be_visible(timeout=90_000)
    page.get_by_role("link", name="Explain").first.click()
    held(page, "coffee.jpg")
    expect(page.locator(".clf-maps img").first).to_be_visible(timeout=60_000)
    page.go_back()  # one press: what stands there by default takes no entry of the history
    page.wait_for_url(re.compile("/predict"))
    held(page, "coffee.jpg")
    expect(map_of_it).to_be_visible(timeout=30_000)


def test_a_sample_goes_along_to_explain(page: Page, address: str) -> None:
    page.goto(f"{address}/predict?sample=coffee")
    settled(page)
    page.get_by_role("link", name="Explain").first.click()
    expect(page.locator(".clf-maps img").first).to_be_visible(timeout=60_000)


def test_a_file_that_is_no_picture_is_named(page: Page, address: str, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("milk, bread")
    page.goto(address)
    drop(page, tmp_path / "note.txt", SAMPLES / "coffee.jpg")
    refusal = page.get_by_test_id("stAlert")
    expect(refusal).to_contain_text("note.txt is not a picture, a zip or a CSV: bring photos (JPG,", timeout=60_000)
    held(page, "coffee.jpg")
