"""The Data box: what is typed is what is read; data that can be read in several ways is asked about."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.support.pages import until, until_ready

OpenPage = Callable[..., AppTest]


def lay(root: Path, counts: dict[str, int]) -> str:
    for folder, n in counts.items():
        (root / folder).mkdir(parents=True)
        for k in range(n):
            pixels = np.random.default_rng([k, *folder.encode()]).integers(0, 255, (12, 12, 3), np.uint8)
            Image.fromarray(pixels).save(root / folder / f"{k}.png")
    return str(root)


def ways(app: AppTest) -> list:
    """The buttons that each read the folder in a way."""
    return [button for button in app.button if "16 pictures" in button.label or "8 pictures" in button.label]


def test_folders_in_folders_are_a_choice_with_counts(open_page: OpenPage, tmp_path: Path) -> None:
    spec = lay(tmp_path / "d", {"animals/cat": 4, "animals/dog": 4, "vehicles/bus": 4, "vehicles/car": 4})
    app = until(open_page("data", data=spec), ways)
    assert not app.error
    assert len(ways(app)) == 5
    (nested,) = (button for button in ways(app) if button.label.startswith("2 levels"))
    app = until_ready(nested.click().run())
    assert app.text_input(key="data").value == f"nested:{spec}"
    assert {metric.label: metric.value for metric in app.metric}["Classes"] == "4"


def test_what_was_taken_for_what_is_shown_and_is_no_problem(open_page: OpenPage, tmp_path: Path) -> None:
    counts = {f"{split}/{name}": n for split, n in (("Training", 12), ("Testing", 4)) for name in ("cat", "dog")}
    app = until_ready(open_page("data", data=lay(tmp_path / "d", counts)))
    assert any("Read as splits" in caption.value for caption in app.caption)
    assert {metric.label: metric.value for metric in app.metric}["Problems"] == "0"


def test_a_path_is_extended_and_corrected(open_page: OpenPage, tmp_path: Path) -> None:
    inner = lay(tmp_path / "signs", {"Dataset/0": 12, "Dataset/1": 12}) + "/Dataset"
    app = until_ready(open_page("data", data=str(tmp_path / "sign")))
    assert len(app.error) == 1
    for path in (str(tmp_path / "signs"), inner, f' "{inner}" '):
        app = until_ready(app.text_input(key="data").set_value(path).run())
        assert app.text_input(key="data").value == path
        assert not app.error
        assert app.query_params["data"] in ("signs", "signs (2)")
        assert {metric.label: metric.value for metric in app.metric}["Images"] == "24"


def test_the_address_names_the_dataset_and_never_a_path(open_page: OpenPage, tmp_path: Path) -> None:
    path = lay(tmp_path / "birds", {"jay": 12, "owl": 12})
    app = until_ready(open_page("data", data=path))  # an old link
    assert app.query_params["data"] == "birds"
    assert app.text_input(key="data").value == path
    app = until_ready(app.text_input(key="data").set_value(f"{tmp_path}/nowhere").run())
    assert app.error
    assert "data" not in app.query_params
    app = until_ready(app.text_input(key="data").set_value("shapes:count=60").run())
    assert app.query_params["data"] == "shapes:count=60"
    app = until_ready(open_page("data", data="birds"))  # a reload
    assert not app.error
    assert {metric.label: metric.value for metric in app.metric}["Images"] == "24"


def test_back_shows_the_data_of_the_address_before(open_page: OpenPage) -> None:
    app = until_ready(open_page("data"))
    assert "data" not in app.query_params
    app = until_ready(app.text_input(key="data").set_value("shapes:count=60").run())
    app = until_ready(app.text_input(key="data").set_value("shapes:count=90").run())
    app.query_params["data"] = "shapes:count=60"
    assert until_ready(app.run()).text_input(key="data").value == "shapes:count=60"
    del app.query_params["data"]
    assert until_ready(app.run()).text_input(key="data").value == "digits"
