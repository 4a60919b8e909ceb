"""From one drop on Home to an evaluated classifier, counted in clicks."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
COLORS = {"cent": (180, 90, 40), "dime": (150, 150, 170)}


def picture(name: str, number: int, *, side: int = 28) -> bytes:
    """A noisy square in the class's color."""
    noise = np.random.default_rng(number).integers(-40, 40, (side, side, 3))
    out = io.BytesIO()
    Image.fromarray(np.clip(np.array(COLORS[name]) + noise, 0, 255).astype(np.uint8)).save(out, "png")
    return out.getvalue()


def pack(file: Path, *, side: int = 28) -> None:
    """A zip of two classes, ten pictures each."""
    with zipfile.ZipFile(file, "w") as packed:
        for name in COLORS:
            for i in range(10):
                packed.writestr(f"{file.stem}/{name}/{i}.png", picture(name, i, side=side))


def zone(page: Page) -> Locator:
    return page.locator(".st-key-drop").get_by_test_id("stFileUploaderDropzoneInput")


def test_a_zip_becomes_an_evaluated_classifier_in_one_drop_and_one_click(
    page: Page, address: str, tmp_path: Path
) -> None:
    pack(tmp_path / "coins.zip", side=72)  # of a photograph's size: a pretrained network takes seconds
    page.goto(address)
    zone(page).set_input_files(tmp_path / "coins.zip")
    expect(page.get_by_role("heading", name="coins")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("cent 10 · dime 10")).to_be_visible()
    button = page.get_by_role("button", name="Train a first classifier")
    expect(page.get_by_text(re.compile(r"About .+ on this machine"))).to_be_visible(timeout=60_000)
    button.click()
    page.wait_for_url(re.compile(r"/evaluate\?.*run="), timeout=200_000)
    settled(page)
    expect(page.get_by_role("heading", name="Evaluate")).to_be_visible()
    page.go_back()  # Home, with the finished run, which opens nothing a second time
    expect(page.get_by_role("button", name="Evaluate", exact=True)).to_be_visible(timeout=60_000)
    settled(page)
    assert "/evaluate" not in page.url


def test_photos_are_predicted_at_once_and_go_on_to_predict(page: Page, address: str) -> None:
    samples = Path(__file__).parents[2] / "assets" / "samples"
    page.goto(address)
    zone(page).set_input_files(samples / "coffee.jpg")
    expect(page.get_by_text("espresso").first).to_be_visible(timeout=90_000)
    page.get_by_role("link", name=re.compile("Predict: where it looked")).click()
    expect(page.get_by_alt_text(re.compile("Where it looked"))).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Home").first.click()
    expect(page.get_by_text("espresso").first).to_be_visible()


@pytest.mark.parametrize("way", ["chosen", "dropped"])
def test_a_folder_keeps_its_classes(page: Page, address: str, tmp_path: Path, way: str) -> None:
    for name in COLORS:
        (tmp_path / f"box-{way}" / name).mkdir(parents=True)
        for i in range(10):
            (tmp_path / f"box-{way}" / name / f"{i}.png").write_bytes(picture(name, i))
    page.goto(address)
    settled(page)
    if way == "chosen":
        page.get_by_role("button", name="Choose a folder").click()
        page.locator('input[type="file"][webkitdirectory]').set_input_files(tmp_path / "box-chosen")
    else:
        place = page.locator('.st-key-drop [data-testid="stFileUploaderDropzone"]').bounding_box()
        devtools = page.context.new_cdp_session(page)
        data = {"items": [], "files": [str(tmp_path / "box-dropped")], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            middle = {"x": place["x"] + place["width"] / 2, "y": place["y"] + place["height"] / 2}
            devtools.send("Input.dispatchDragEvent", {"type": kind, "data": data, **middle})
    expect(page.get_by_role("heading", name=f"box-{way}")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("cent 10 · dime 10")).to_be_visible()


def test_a_refusal_names_the_uploaded_file(page: Page, address: str, tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK no zip")
    page.goto(address)
    zone(page).set_input_files(tmp_path / "broken.zip")
    alert = page.get_by_test_id("stAlert")
    expect(alert).to_contain_text("broken.zip is not a zip that can be read", timeout=60_000)
    assert str(tmp_path) not in alert.inner_text()


def test_the_box_for_a_path_closes_when_it_was_used(page: Page, address: str, tmp_path: Path) -> None:
    page.goto(address)
    settled(page)
    page.get_by_role("button", name="Paste a path").click()
    box = page.get_by_role("textbox", name="Path of a folder, a .zip or a .csv on this machine")
    box.fill(str(tmp_path / "nowhere"))
    box.press("Enter")
    expect(page.get_by_text("nowhere").first).to_be_visible()
    expect(box).to_be_hidden()
