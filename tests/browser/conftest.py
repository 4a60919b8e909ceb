"""One server and one Chromium for all browser tests of a process; a fresh page for each."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver

PATIENCE = 60_000  # milliseconds; a wait ends with what it waits for, and two servers may share the processor
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs, datasets and caches of the server under test."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="session")
def address(folder: Path) -> Iterator[str]:
    with driver.serving(folder) as where:
        yield where


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if driver.chromium_path() is None:
        missing = "there is no Chromium here: install the packages chromium and chromium-driver"
        if os.environ.get("CLFLAB_BROWSER_TESTS") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    with driver.chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A window of 1440 x 900 with a session of its own; whatever the page throws fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    window = context.new_page()
    thrown: list[str] = []
    window.on("pageerror", lambda error: thrown.append(str(error)))
    yield window
    context.close()
    assert not thrown
