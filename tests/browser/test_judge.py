"""Judging in a real browser: a report without a network, and two runs compared on the page."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from clfcore import commands
from tests.app.test_compare import short, stored_run
from tests.browser.driver import settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_reports_open_without_a_network_and_without_a_complaint(browser: Browser, tmp_path: Path) -> None:
    a, b = stored_run(1, right=0.6), stored_run(2, right=0.95)
    commands.report(a.id, tmp_path / "run.html")
    commands.compare([a.id, b.id], html=tmp_path / "compared.html")
    context = browser.new_context()
    context.set_offline(True)
    for name, figures in (("run.html", 6), ("compared.html", 7)):
        page, asked, said = context.new_page(), [], []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("pageerror", lambda error, said=said: said.append(str(error)))
        page.goto((tmp_path / name).as_uri())
        expect(page.locator(".js-plotly-plot")).to_have_count(figures)
        page.wait_for_timeout(1000)
        assert {url for url in asked if not url.startswith(("data:", "blob:"))} == {(tmp_path / name).as_uri()}
        assert said == []
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
