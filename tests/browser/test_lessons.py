"""Lessons in a real browser: each walked to its end, and what stays after Reload, Back and in a second tab."""

import re
from collections import Counter

import pytest
from playwright.sync_api import Page, expect

from clfcore.lessons.catalogue import LESSONS, lesson
from clfcore.lessons.recorded import record
from tests.browser.driver import settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def press(page: Page, label: str) -> None:
    page.get_by_role("button", name=label, exact=True).click()
    settled(page)


def test_a_lesson_is_walked_with_a_wrong_and_a_right_prediction(page: Page, address: str) -> None:
    page.goto(f"{address}/lessons")
    settled(page)
    page.get_by_role("button", name="Open").nth(4).click()
    expect(page.get_by_role("heading", name="5. Scaling, and attention")).to_be_visible()
    settled(page)
    expect(page.locator(".katex").first).to_be_visible()
    expect(page.locator(".katex-error")).to_have_count(0)
    press(page, "Next")
    press(page, "Next")
    page.get_by_text("About 2 times").click()
    press(page, "Save my prediction")
    press(page, "Run the experiment")
    expect(page.get_by_text("The claim held here")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("You predicted “About 2 times”.")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    page.reload()
    settled(page)
    expect(page.get_by_role("tab", name="Experiment")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Predict").click()
    settled(page)
    page.get_by_text("About 4 times").click()
    press(page, "Save my prediction")
    press(page, "Run the experiment")
    expect(page.get_by_text("You were right: About 4 times.")).to_be_visible(timeout=120_000)
    press(page, "Your turn: change one thing")
    press(page, "Run the experiment")
    expect(page.get_by_text("The claim holds with this setting, too.")).to_be_visible(timeout=120_000)
    second = page.context.new_page()
    second.goto(page.url)
    settled(second)
    expect(second.get_by_role("tab", name="Your turn")).to_have_attribute("aria-selected", "true")
    with second.expect_download() as started:
        second.get_by_role("button", name="Download this lesson to print (HTML)").click()
    assert started.value.suggested_filename == "lesson-5.html"
    second.close()
    press(page, "All lessons")
    expect(page.get_by_text("1 of 8 done")).to_be_visible()
    page.go_back()
    settled(page)
    expect(page).to_have_url(re.compile("lesson=5"))


PICTURES = {2: 36}  # after the experiment: six filters of two networks: before, after, the change
RESULT = re.compile("The claim held here|The claim did not hold here")


@pytest.mark.parametrize("number", [row.number for row in LESSONS if row.number != 5])
def test_every_lesson_is_walked_with_a_wrong_and_a_right_prediction(number: int, page: Page, address: str) -> None:
    choices = [choice.text for choice in lesson(number).choices]
    usual = Counter(record()[number].answers).most_common(1)[0][0]
    wrong = next(place for place in range(len(choices)) if place != usual)
    page.goto(f"{address}/lessons?lesson={number}")
    settled(page)
    for _ in range(2):  # its idea and its details
        expect(page.locator(".katex-error")).to_have_count(0)
        press(page, "Next")
    page.get_by_text(choices[wrong], exact=True).click()
    press(page, "Save my prediction")
    press(page, "Run the experiment")
    expect(page.get_by_text(RESULT).first).to_be_visible(timeout=200_000)
    expect(page.get_by_text(f"You predicted “{choices[wrong]}”.")).to_be_visible()
    expect(page.get_by_text(f"What happened here: {choices[usual]}.")).to_be_visible()
    if number in PICTURES:
        expect(page.locator(".clf-card img")).to_have_count(PICTURES[number])
    page.get_by_role("tab", name="Predict").click()
    settled(page)
    page.get_by_text(choices[usual], exact=True).click()
    press(page, "Save my prediction")
    expect(page.get_by_text(f"You were right: {choices[usual]}.")).to_be_visible()
    press(page, "Your turn: change one thing")
    expect(page.get_by_role("button", name="Run the experiment", exact=True)).to_be_visible()


def test_pictures_stand_beside_the_text(page: Page, address: str) -> None:
    page.goto(f"{address}/lessons?lesson=8&step=Details")
    settled(page)
    expect(page.get_by_text("The same shapes with the mark")).to_be_visible()
    expect(page.locator(".clf-card img")).to_have_count(8)


def test_logits_are_read_as_they_are_moved_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}/lessons?lesson=1")
    settled(page)
    expect(page.get_by_text("Softmax, sum 1.00")).to_be_visible()
    expect(page.get_by_text("Sigmoid, sum 1.81")).to_be_visible()
    handle = page.get_by_role("slider", name="Logit of circle")
    handle.focus()
    for _ in range(4):
        handle.press("ArrowLeft")
    expect(page.get_by_text("Sigmoid, sum 1.43")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Softmax, sum 1.00")).to_be_visible()
