"""Quality of a dataset on the Data page: one button, then suspects, duplicates, outliers and flaws as cards."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest

from clfcore.data.catalogue import open_dataset
from clfcore.data.versions.log import read_decisions
from clfcore.data.versions.versions import list_versions
from tests.support.pages import until

OpenPage = Callable[..., AppTest]


def test_one_button_fills_the_tabs(open_page: OpenPage, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for name in ("a", "b"):
            folder = tmp_path / "d" / split / name
            folder.mkdir(parents=True)
            for i in range(3):
                Image.fromarray(rng.integers(0, 256, (96, 96, 3), np.uint8)).save(folder / f"{i}.png")
    (tmp_path / "d" / "test" / "b" / "copy.png").write_bytes((tmp_path / "d" / "train" / "a" / "0.png").read_bytes())
    app = open_page("data", data=str(tmp_path / "d"))
    app = until(app, lambda page: [button for button in page.button if button.label == "Check quality"])
    assert "Nothing was checked yet: press **Check quality** above." in [text.value for text in app.markdown]
    (check,) = (button for button in app.button if button.label == "Check quality")
    app = until(check.click().run(), lambda page: [code for code in page.code if "clflab quality" in code.value])
    assert not app.exception
    assert not app.error
    texts = [text.value for text in app.markdown]
    assert any("1 picture in several splits: what is tested was trained on." in text for text in texts)
    assert any(text.startswith("**Same file**, 2 images") for text in texts)
    assert any(text.endswith("different labels, of which one must be wrong") for text in texts)
    (group,) = (button for button in app.button if button.label == "Keep each cluster in one split")
    app = group.click().run()
    assert not app.exception
    assert not app.error
    grouped = open_dataset(f"{tmp_path / 'd'}@grouped")
    split_of = {grouped.ids[i]: split for split, rows in grouped.splits.items() for i in rows}
    assert split_of["train/a/0.png"] == split_of["test/b/copy.png"]
    assert app.text_input(key="data").value.endswith("@grouped")
    app = until(app, lambda page: [button for button in page.button if button.label == "Undo"])
    app = app.button(key="undo grouping").click().run()
    assert not app.exception
    assert not app.error
    assert app.text_input(key="data").value.endswith("d")
    assert not list_versions(str(tmp_path / "d"))
    assert not read_decisions(str(tmp_path / "d"))
