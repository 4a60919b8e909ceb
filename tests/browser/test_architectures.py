"""The Architectures page in a real browser: choosing, the timeline, scaling φ, a VGG handed to training."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def go(page: Page, address: str, path: str) -> None:
    """The first network of a server waits for torch, on a busy machine for a minute."""
    page.goto(f"{address}/{path}")
    settled(page, timeout=150_000)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def parameters(page: Page, value: str) -> None:
    """Waits until the headline says so."""
    metric = page.get_by_test_id("stMetric").filter(has_text="Parameters")
    expect(metric).to_contain_text(value, timeout=60_000)


def test_a_network_is_chosen_by_typing_and_by_a_click_on_the_timeline(page: Page, address: str) -> None:
    go(page, address, "architectures?architecture=lenet5")
    parameters(page, "61,706")
    box = page.get_by_role("combobox", name=re.compile("Architecture"))
    box.click()
    box.fill("densenet")
    page.get_by_role("option", name="densenet121").click()
    parameters(page, "7,978,856")
    assert "architecture=densenet121" in page.url
    page.get_by_role("tab", name="Timeline").click()
    settled(page)
    points = page.locator(".js-plotly-plot").last
    expect(points.locator(".scatterlayer .point").first).to_be_visible()
    points.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    spot = points.locator(".scatterlayer .trace").nth(1).locator(".point").first.bounding_box()
    page.mouse.click(spot["x"] + spot["width"] / 2, spot["y"] + spot["height"] / 2)
    parameters(page, "61,100,840")  # the second family of the years: AlexNet
    expect(page).to_have_url(re.compile("architecture=alexnet"))


def test_a_part_of_a_name_and_enter_take_a_network_that_stays(page: Page, address: str) -> None:
    go(page, address, "architectures?architecture=lenet5")
    box = page.get_by_role("combobox", name=re.compile("Architecture"))
    for typed, taken in (("vit", "vit_b_16"), ("effnet b0", "efficientnet_b0"), ("resnet81", "efficientnet_b0")):
        box.click()
        box.fill(typed)
        box.press("Enter")
        expect(page.get_by_text(f"“{typed}”")).to_be_visible(timeout=60_000)
        expect(page).to_have_url(re.compile(f"architecture={taken}$"))
    parameters(page, "5,288,548")
    page.reload()
    parameters(page, "5,288,548")
    page.go_back()
    parameters(page, "86,567,656")
    expect(page).to_have_url(re.compile("architecture=vit_b_16$"))


def test_phi_scales_the_network_and_its_image(page: Page, address: str) -> None:
    go(page, address, "architectures?architecture=efficientnet&see=Scaling&option=phi%3D0.8")
    expect(page.get_by_text("φ = 0.8", exact=True)).to_be_visible(timeout=60_000)
    slider = page.get_by_role("slider", name="φ")
    for tenths in (9, 10):  # one at a time: a key pressed while the page is drawn anew is lost
        slider.press("ArrowRight")
        expect(page.get_by_text(f"φ = {tenths / 10:g}", exact=True)).to_be_visible()
        settled(page)
    expect(page.get_by_text("images of 258 pixels. α·β²·γ² = 1.920 (target 2)")).to_be_visible()
    settled(page)
    expect(page.get_by_text("per 258-pixel image")).to_be_visible()
    assert "option=phi" in page.url


def test_a_vgg_of_ones_own_is_built_and_handed_to_training(page: Page, address: str) -> None:
    go(page, address, "architectures?architecture=vgg")
    parameters(page, "132,863,336")
    layers = page.get_by_role("textbox", name="Layers", exact=True)
    for box, value in ((layers, "8,M,16,M"), (page.get_by_label("Hidden", exact=True), "0")):
        box.fill(value)
        box.press("Enter")
        settled(page)
    page.get_by_text("Batch norm", exact=True).click()
    parameters(page, f"{28 * 8 + 16 + 73 * 16 + 32 + 17 * 1000:,}")
    page.get_by_role("link", name="Train this").click()
    page.wait_for_url(re.compile("/train"))
    settled(page)
    expect(page.get_by_role("textbox", name="Layers", exact=True)).to_have_value("8,M,16,M")
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url(re.compile("run="), timeout=120_000)
    expect(page.get_by_text("Completed in")).to_be_visible(timeout=180_000)


def test_a_wrong_token_is_said_beside_its_cause_and_can_be_mended(page: Page, address: str) -> None:
    go(page, address, "architectures?architecture=vgg")
    box = page.get_by_role("textbox", name="Layers", exact=True)
    box.fill("64,Q,M")
    box.press("Enter")
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_contain_text("option layers is '64,Q,M'")
    box.fill("64,M")
    box.press("Enter")
    expect(alert).to_have_count(0)
    parameters(page, ",")


def test_a_narrow_window_stacks_and_overflows_nothing(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 820, "height": 1100})
    for view in ("Layers", "Side by side"):
        go(page, address, f"architectures?architecture=resnet152&see={view}")
        parameters(page, "60,192,808")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
