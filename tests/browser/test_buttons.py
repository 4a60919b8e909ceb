"""Every button of every page is pressed, with data and a network that are not the default: none ends in a traceback."""

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from clfcore.runs.folder import Run
from tests.browser.driver import serving, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
MAIN = '[data-testid="stMainBlockContainer"]'
BUTTONS = ", ".join(
    f"{place} {kind}:visible"
    for place in (MAIN, '[role="dialog"]')
    for kind in ('[data-testid="stButton"] button:enabled', '[role="tab"]')
)
FOLDS = f'{MAIN} [data-testid="stExpander"] details:not([open]) > summary'
DATA = ("shapes-hierarchical", "shapes-multi-label")
MOST = 30  # presses a page


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, trained: Run, browser: Browser) -> Iterator[tuple[str, Path]]:
    """A server of its own, for what is pressed stays pressed; its address and its folder, with one finished run."""
    folder = tmp_path_factory.mktemp("pressed")
    shutil.copytree(trained.path, folder / "runs" / trained.id)
    with serving(folder) as where:
        yield where, folder


@pytest.fixture(scope="module")
def empty_lab(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[tuple[str, Path]]:
    """A server without runs."""
    folder = tmp_path_factory.mktemp("empty")
    with serving(folder) as where:
        yield where, folder


def still(page: Page) -> None:
    settled(page, timeout=150_000, least=200)


def dismiss_toasts(page: Page) -> None:
    """A toast under the resting mouse stays, and covers the button below it: close it as a person would."""
    for _ in range(8):
        toast = page.get_by_test_id("stToast").first
        if not toast.count():
            return
        with contextlib.suppress(PlaywrightError):  # it left by itself meanwhile
            toast.get_by_role("button").first.click(timeout=5_000)
    page.mouse.move(0, 0)


def go(page: Page, address: str) -> None:
    """The page with all its folds open."""
    page.goto(address)
    still(page)
    for _ in range(8):
        fold = page.locator(FOLDS).first
        if not fold.count():
            break
        fold.click()
        still(page)


def press_all(page: Page, address: str, log: Path) -> list[str]:
    """The labels that were pressed, each once; numbers in them and the signs of moving a step aside."""
    pressed: list[str] = []
    go(page, address)
    for _ in range(2 * MOST):  # presses, and dialogs to close
        buttons = page.locator(BUTTONS)
        found = buttons.evaluate_all("all => all.map(one => [one.innerText, !!one.closest('[inert]')])")
        labels = [re.sub(r"\d+", "0", label) for label, _ in found]
        free = [place for place, (_, behind) in enumerate(found) if not behind]  # not behind a dialog
        fresh = next((place for place in free if labels[place] not in pressed), None)
        if fresh is None and len(free) < len(found):
            page.keyboard.press("Escape")
            still(page)
            continue
        if fresh is None or len(pressed) == MOST:
            break
        dismiss_toasts(page)
        try:
            buttons.nth(fresh).click(timeout=10_000)
        except PlaywrightTimeout:  # a dialog opened over it meanwhile: look again
            continue
        pressed.append(labels[fresh])
        still(page)
        assert not page.get_by_test_id("stException").count(), f"{address}: {labels[fresh]}"
        assert "Traceback" not in log.read_text(encoding="utf-8"), f"{address}: {labels[fresh]}"
        if page.url.split("?")[0] != address.split("?")[0] and not page.get_by_role("dialog").count():
            go(page, address)
    return pressed


WITH_A_RUN = {
    "predict": "predict?sample=cat&model={run}", "explain": "explain?sample=coffee&model={run}",
    "data": "data?data={photos}",
    "train": "train?data={data}&architecture=resnet18_small",
    "watch": "train?run={run}", "runs": "runs", "evaluate": "evaluate?run={run}", "compare": "compare?runs={run}",
    "augmentations": "augmentations?data={photos}",
    "mixtures": "augmentations?data={data}&policy=conservative",
    "architectures": "architectures?architecture=lenet5&see=Speed",
}  # fmt: skip


@pytest.mark.parametrize("name", list(WITH_A_RUN))
def test_every_button(name: str, page: Page, lab: tuple[str, Path], trained: Run, photos: Path) -> None:
    where, folder = lab
    data = DATA[len(name) % 2]
    path = WITH_A_RUN[name].format(run=trained.id, data=data, photos=photos)
    if name == "mixtures":
        go(page, f"{where}/{path}")
        page.get_by_text("Mixup and CutMix", exact=True).click()
        page.get_by_role("button", name="Use these alphas in Train").click(timeout=60_000)
        page.wait_for_url(re.compile("/train"))
        still(page)
        assert not page.get_by_test_id("stException").count()
        return
    pressed = press_all(page, f"{where}/{path}", folder / "server.log")
    assert pressed


@pytest.mark.parametrize("name", ["runs", "evaluate", "explain?pictures+of=A+run%27s+errors"])
def test_every_button_where_there_is_no_run(name: str, page: Page, empty_lab: tuple[str, Path]) -> None:
    where, folder = empty_lab
    joined = "&" if "?" in name else "?"
    assert press_all(page, f"{where}/{name}{joined}data=shapes-hierarchical", folder / "server.log")
