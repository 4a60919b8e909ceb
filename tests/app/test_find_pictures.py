"""The Data page's map, its search by picture, and what to label next."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.support.pages import until

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    root = tmp_path_factory.mktemp("find")
    for folder in ("data/train/a", "data/train/b", "data/test/a", "data/test/b", "pool"):
        (root / folder).mkdir(parents=True)
        for i in range(3):
            Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8)).save(root / folder / f"{i}.png")
    return root


def clicked(app: AppTest, label: str) -> AppTest:
    (button,) = (button for button in app.button if button.label == label)
    return button.click().run()


def test_the_map_is_drawn_by_one_click(open_page: OpenPage, photos: Path) -> None:
    app = open_page("data", data=str(photos / "data"))
    app = until(app, lambda page: [button for button in page.button if button.label == "Draw the map"])
    app = until(
        clicked(app, "Draw the map"), lambda page: [text for text in page.caption if "lasso or the box" in text.value]
    )
    assert not app.exception
    assert not app.error
    assert app.button_group(key="map color").value == "class"
    assert any(text.value.startswith("12 images. Select points with the lasso or the box") for text in app.caption)
    assert any("Select points on the map" in text.value for text in app.markdown)


def test_an_item_that_the_address_names_is_searched_for(open_page: OpenPage, photos: Path) -> None:
    app = open_page("data", data=str(photos / "data"), like="test/b/1.png")
    app = until(app, lambda page: [code for code in page.code if "clflab search" in code.value])
    assert not app.exception
    assert any(text.value.startswith("The 11 images most similar to test/b/1.png") for text in app.caption)


def test_what_to_label_next_is_listed_or_refused(open_page: OpenPage, photos: Path) -> None:
    app = open_page("data", data=str(photos / "data"))
    app = until(app, lambda page: [button for button in page.button if button.label == "Choose images"])
    app.text_input(key="next pool").set_value(str(photos / "nowhere"))
    app = until(clicked(app, "Choose images"), lambda page: page.error)
    assert "name a folder of pictures without labels" in app.error[0].value
    app.text_input(key="next pool").set_value(str(photos / "pool"))
    app = until(clicked(app, "Choose images"), lambda page: [c for c in page.code if "clflab next" in c.value])
    assert not app.exception
    assert any(text.value.startswith("3 images of 3 images, by margin") for text in app.caption)
