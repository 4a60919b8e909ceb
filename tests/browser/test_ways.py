"""Each page's main way, on the real server in a real browser, as a newcomer goes it."""

import io
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from clfcore.config import make
from tests.browser.driver import serving, settled
from tests.conftest import trained_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SAMPLES = Path(__file__).parents[2] / "assets" / "samples"


def go(page: Page, address: str, path: str = "") -> None:
    page.goto(f"{address}/{path}")
    settled(page)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def upload_box(page: Page) -> Locator:
    """The file box of the open popover "Upload a dataset": other tabs of the page have boxes for photos."""
    return page.get_by_test_id("stPopoverBody").get_by_test_id("stFileUploaderDropzoneInput")


def train_digits(page: Page, address: str, epochs: int) -> str:
    """Configure lenet5 on digits, launch it, and return the run's id from the address."""
    go(page, address, "train?data=digits&architecture=lenet5")
    box = page.get_by_label("Epochs", exact=True)
    box.fill(str(epochs))
    box.press("Enter")
    settled(page)
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url(re.compile(r"run="), timeout=60_000)
    return re.search(r"run=([^&]+)", page.url).group(1)


def test_home_leads_to_a_prediction_of_a_sample(page: Page, address: str) -> None:
    go(page, address)
    expect(page.get_by_text("Nothing leaves this machine")).to_be_visible()
    page.get_by_role("link", name=re.compile("Cat")).click()
    expect(page.get_by_text("Egyptian cat").first).to_be_visible(timeout=90_000)
    expect(page.get_by_alt_text(re.compile("Where it looked"))).to_be_visible()
    assert "sample=cat" in page.url


def test_a_damaged_upload_is_named_and_the_rest_lives(page: Page, address: str, tmp_path: Path) -> None:
    whole = (SAMPLES / "coffee.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 3])
    (tmp_path / "note.jpg").write_text("this is no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    go(page, address, "predict")
    files = [SAMPLES / "coffee.jpg", *(tmp_path / name for name in ("cut.jpg", "note.jpg", "empty.png"))]
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(files)
    expect(page.get_by_text("espresso").first).to_be_visible(timeout=90_000)
    alerts = page.get_by_test_id("stAlert")
    expect(alerts).to_have_count(3)
    expect(alerts.filter(has_text="truncated")).to_have_count(1)
    expect(alerts.filter(has_text="0 bytes")).to_have_count(1)


def test_data_shows_its_pictures_by_class_and_split(page: Page, address: str) -> None:
    go(page, address, "data?data=digits&split=test&class=7")
    cards = page.locator(".clf-card")
    expect(cards.first).to_be_visible()
    assert {card.inner_text().strip().splitlines()[0] for card in cards.all()} == {"7"}
    expect(page.get_by_text("1,797", exact=True)).to_be_visible()


def test_data_takes_a_folder_with_a_damaged_file(page: Page, address: str, tmp_path: Path) -> None:
    for name in ("red", "<b>blue</b>".replace("/", "")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(12):
            noise = np.random.default_rng(i).integers(0, 255, (40, 60, 3), np.uint8)
            Image.fromarray(noise).save(tmp_path / "photos" / name / f"{i}.png")
    (tmp_path / "photos" / "red" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a jpeg")
    go(page, address, f"data?data={tmp_path / 'photos'}")
    page.get_by_role("tab", name=re.compile("Problems")).click()
    expect(page.get_by_role("tab", name=re.compile(r"Problems \([1-9]"))).to_be_visible()
    page.get_by_role("tab", name="Browse").click()
    expect(page.locator(".clf-card b")).to_have_count(0)  # a class name is text, never markup


def test_the_data_box_keeps_what_is_typed(page: Page, address: str, tmp_path: Path) -> None:
    for name in ("0", "1"):
        (tmp_path / "signs" / "Dataset" / name).mkdir(parents=True)
        for i in range(10):
            noise = np.random.default_rng([i, int(name)]).integers(0, 255, (20, 20, 3), np.uint8)
            Image.fromarray(noise).save(tmp_path / "signs" / "Dataset" / name / f"{i}.png")
    go(page, address, "data")
    box = page.get_by_role("textbox", name="Data", exact=True).first
    for path in (tmp_path / "signs", tmp_path / "signs" / "Dataset", tmp_path / "sign", tmp_path / "signs"):
        box.click()
        box.press("Control+a")
        box.press_sequentially(str(path), delay=5)
        box.press("Enter")
        settled(page)
        expect(box).to_have_value(str(path))
        if path.name != "sign":  # it names no folder
            page.wait_for_url(re.compile(r"data\?data=signs"))
        assert "Dataset" not in page.url
    expect(page.locator(".clf-card").first).to_be_visible()


def test_data_takes_an_uploaded_zip_and_keeps_it_in_the_address(page: Page, address: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "coins.zip", "w") as packed:
        for name in ("cent", "dime"):
            for i in range(10):
                out = io.BytesIO()
                Image.fromarray(np.random.default_rng(i).integers(0, 255, (24, 24, 3), np.uint8)).save(out, "png")
                packed.writestr(f"coins/{name}/{i}.png", out.getvalue())
    go(page, address, "data")
    page.get_by_role("button", name="Upload").first.click()
    upload_box(page).set_input_files(tmp_path / "coins.zip")
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url(re.compile("data=.*coins"))
    expect(page.locator(".clf-card", has_text="dime").first).to_be_visible()
    page.reload()
    expect(page.locator(".clf-card", has_text="dime").first).to_be_visible()


def test_training_is_watched_survives_reload_and_is_seen_from_another_tab(page: Page, address: str) -> None:
    run = train_digits(page, address, 60)
    expect(page.get_by_text(re.compile(r"epoch \d+ of 60"))).to_be_visible(timeout=90_000)
    page.reload()
    settled(page)
    expect(page.get_by_text(re.compile(r"epoch \d+ of 60"))).to_be_visible()
    other = page.context.new_page()
    go(other, address, "runs")
    expect(other.get_by_text("lenet5 on digits").first).to_be_visible()
    expect(other.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    other.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text(re.compile("^Stopped"))).to_be_visible(
        timeout=30_000
    )  # the first tab hears of it by itself
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    assert run in page.url


def test_the_train_button_is_in_sight_in_a_narrow_window(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 820, "height": 900})
    go(page, address, "train?data=digits&architecture=lenet5")
    button = page.get_by_role("button", name="Train", exact=True)
    expect(button).to_be_in_viewport(ratio=1)
    button.click(trial=True)  # nothing lies over it


@pytest.fixture(scope="module")
def run_on_digits(folder: Path) -> str:
    """The id of a finished run in the server's folder; how one comes about on the page is tested elsewhere."""
    config = make({"data": "digits", "architecture": "lenet5", "recipe": {"epochs": 2}})
    run = trained_at(folder, config)
    return run.id


def test_a_finished_run_is_evaluated_and_a_cell_shows_its_pictures(
    page: Page, address: str, run_on_digits: str
) -> None:
    run = run_on_digits
    go(page, address, f"train?run={run}")
    page.get_by_role("button", name="Evaluate").click()
    page.wait_for_url(re.compile("evaluate"))
    settled(page)
    assert run in page.url
    expect(page.get_by_text(re.compile(r"of 269 test images"))).to_be_visible()
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    x, y = box["x"] + box["width"] * 0.05, box["y"] + box["height"] * 0.05  # the first of ten by ten cells
    page.mouse.move(x - 4, y - 4)
    page.mouse.move(x, y)
    page.wait_for_timeout(300)  # Plotly clicks what it hovers
    page.mouse.down()
    page.mouse.up()
    expect(page.get_by_text(re.compile(r"\d+ images? of 0, predicted as 0"))).to_be_visible()
    expect(page.locator(".clf-card").first).to_be_visible()


def test_a_run_is_deleted_only_after_a_second_word(page: Page, address: str, folder: Path, run_on_digits: str) -> None:
    run = Path(shutil.copytree(folder / "runs" / run_on_digits, folder / "runs" / f"{run_on_digits}-copy")).name
    go(page, address, f"train?run={run}")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)  # else its buttons, as they go, are those that are found below
    assert (folder / "runs" / run).exists()
    settled(page)
    page.get_by_role("button", name="Delete", exact=True).click()
    settled(page)  # while the page behind the dialog is still being drawn, its buttons are drawn anew, too
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_role("heading", name="Train")).to_be_visible()
    assert not (folder / "runs" / run).exists()


def test_a_link_to_a_page_is_a_good_first_visit(tmp_path: Path, browser: Browser) -> None:
    """Streamlit itself would run the page without app.py: no style, no navigation."""
    with serving(tmp_path) as where:
        page = browser.new_page()
        page.goto(f"{where}/runs")
        expect(page.get_by_text("There are no runs yet")).to_be_visible()
        expect(page.get_by_role("link", name="Evaluate")).to_be_visible()
        expect(page.get_by_text("Explore")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)  # no notice that there is no such page
        page.close()


def test_the_first_page_is_painted_soon(tmp_path: Path, browser: Browser) -> None:
    with serving(tmp_path) as where:
        page = browser.new_page()
        page.goto(where, timeout=15_000)
        heading = page.get_by_role("heading", name="A lab for image classification")
        expect(heading).to_be_visible(timeout=15_000)  # 3 s on a quiet machine; here two servers may start at once
        page.close()


def test_an_imported_dataset_is_in_every_session_under_its_name(
    browser: Browser, page: Page, address: str, tmp_path: Path
) -> None:
    packed = tmp_path / "Holiday photos.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("beach", "city"):
            for i in range(10):
                noise = np.random.default_rng([i, len(name)]).integers(0, 255, (20, 20, 3), np.uint8)
                Image.fromarray(noise).save(tmp_path / "one.png")
                archive.write(tmp_path / "one.png", f"{name}/{i}.png")
    go(page, address, "data")
    page.get_by_role("button", name="Upload a dataset").click()
    upload_box(page).set_input_files(packed)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("heading", name="Holiday photos")).to_be_visible()
    context = browser.new_context()
    try:
        other = context.new_page()
        go(other, address, "data")
        other.get_by_role("button", name="Holiday photos").click()
        expect(other.get_by_role("heading", name="Holiday photos")).to_be_visible()
        other.get_by_role("button", name="Train on this data").click()
        other.wait_for_url("**/train?data=Holiday+photos")
        box = other.get_by_role("textbox", name="Data", exact=True)
        expect(box).to_have_value("Holiday photos")
    finally:
        context.close()
