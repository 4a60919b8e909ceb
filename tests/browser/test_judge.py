"""Judging in a real browser: a report without a network, and two runs compared on the page."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from clfcore import api
from tests.browser.driver import settled
from tests.support.stored_runs import short, stored_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_reports_open_without_a_network_and_without_a_complaint(browser: Browser, tmp_path: Path) -> None:
    a, b = stored_run(1, right=0.6), stored_run(2, right=0.95)
    api.report(a.id, tmp_path / "run.html")
    api.compare([a.id, b.id], html=tmp_path / "compared.html")
    context = browser.new_context()
    context.set_offline(True)
    for name, figures in (("run.html", 6), ("compared.html", 7)):
        page, asked, answer = context.new_page(), [], []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("console", lambda message, console=answer: console.append(message.text))
        page.on("pageerror", lambda error, console=answer: console.append(str(error)))
        page.goto((tmp_path / name).as_uri())
        expect(page.locator(".js-plotly-plot")).to_have_count(figures)
        page.wait_for_timeout(1000)
        assert {url for url in asked if not url.startswith(("data:", "blob:"))} == {(tmp_path / name).as_uri()}
        assert answer == []
    context.close()


def test_two_runs_are_compared_in_words(
    page: Page, address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLFLAB_RUNS", str(folder / "runs"))
    a, b = stored_run(1, right=0.6), stored_run(2, right=0.95)
    page.goto(f"{address}/compare?runs={a.id}&runs={b.id}")
    settled(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text(f"{short(b)} is better by").first).to_be_visible(timeout=60_000)


def test_a_click_on_a_cell_a_row_and_a_class_shows_exactly_its_pictures(
    page: Page, address: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLFLAB_RUNS", str(folder / "runs"))
    run = stored_run(1, right=0.6)
    predictions = run.predictions("test")
    predicted = predictions.logits.argmax(1)
    page.goto(f"{address}/evaluate?run={run.id}")
    settled(page, timeout=150_000)
    cells = len(predictions.classes) + 1  # with the totals

    def click(column: int, row: int, expected: np.ndarray) -> None:
        """Plotly clicks what it hovers."""
        plot = page.locator(".js-plotly-plot .nsewdrag").first
        plot.evaluate("node => node.scrollIntoView({ block: 'center' })")
        box = plot.bounding_box()
        x, y = (box[o] + box[s] * (i + 0.5) / cells for o, s, i in (("x", "width", column), ("y", "height", row)))
        page.mouse.move(x - 4, y - 4)
        page.mouse.move(x, y)
        page.wait_for_timeout(400)
        page.mouse.down()
        page.mouse.up()
        expect(page.get_by_text(f"{expected.sum()} images", exact=True)).to_be_visible()
        settled(page, timeout=150_000)
        shown = {card.get_attribute("title") for card in page.locator(".clf-card").all()}
        assert shown <= {predictions.ids[i] for i in np.flatnonzero(expected)}
        assert len(shown) == min(24, expected.sum())

    click(1, 0, (predictions.targets == 0) & (predicted == 1))
    click(3, 2, predictions.targets == 2)  # the last column: all of a true class
    click(1, 3, predicted == 1)  # the last row: all predictions of a class
    page.get_by_text("Errors only").click()
    wrong = (predicted == 1) & (predictions.targets != 1)
    expect(page.get_by_text(f"{wrong.sum()} images", exact=True)).to_be_visible()


def test_a_figure_is_saved_as_svg_from_the_page_the_report_and_the_command_line(
    page: Page, address: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLFLAB_RUNS", str(folder / "runs"))
    run = stored_run(1, right=0.6)
    page.goto(f"{address}/evaluate?run={run.id}&figure+format=SVG")
    settled(page, timeout=150_000)
    page.locator(".js-plotly-plot").first.hover()
    with page.expect_download() as saved:
        page.locator(".modebar-btn[data-title='Download plot']").first.click()
    assert saved.value.suggested_filename == "confusion.svg"
    assert "<svg" in saved.value.path().read_text(encoding="utf-8")
    api.report(run.id, tmp_path / "run.html", figures=tmp_path / "figures")
    page.goto((tmp_path / "run.html").as_uri())
    for kind, begins in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with page.expect_download() as saved:
            page.get_by_role("button", name=kind, exact=True).first.click()
        assert saved.value.path().read_bytes().startswith(begins)
    written = sorted((tmp_path / "figures").iterdir())
    assert [path.suffix for path in written] == [".png", ".svg"] * 6
    assert written[0].read_bytes().startswith(b"\x89PNG")
    assert "predicted" in (tmp_path / "figures" / "03-confusion-matrix.svg").read_text(encoding="utf-8")
