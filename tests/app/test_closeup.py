"""A picture of a list, opened to full size: what stands beside it, where it leads, and what cannot be shown."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from clfcore.data.catalogue import open_dataset
from clfcore.evaluation.errors import most_confident
from clfcore.runs.folder import Run
from tests.support.pages import OpenPage, refused, until, words
from tests.support.stored_runs import run_of, stored_run


def html(app: AppTest) -> str:
    return "\n".join(block.proto.body for block in app.get("html"))


def linked(app: AppTest) -> str:
    """The item in the address: AppTest has a list of what it was given, and a string of what the page wrote."""
    value = app.query_params["item"]
    return value if isinstance(value, str) else value[-1]


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception, app.exception
    return app


def until_said(app: AppTest, text: str) -> AppTest:
    return until(app, lambda app: text in words(app) + html(app))


def test_an_error_opens_with_its_place_truth_prediction_map_and_neighbors(
    open_page: OpenPage, finished_run: Run
) -> None:
    predictions = finished_run.predictions("test")
    first, second = most_confident(predictions, 2)
    app = open_page("evaluate", run=finished_run.id, view="Errors", item=first.id)
    assert not app.exception, app.exception
    place = predictions.ids.index(first.id) + 1
    assert f"test, {place} of {len(predictions)}" in html(app)
    assert f"{first.predicted} ✗ wrong" in html(app)
    assert "this picture has no file" in words(app)
    press(app, "closeup map")
    until_said(app, f"where the run looked for {first.predicted}")
    assert 'class="clf-stage"' in html(app)
    press(app, "closeup nearest")
    until_said(app, "The 5 nearest training images")
    press(app, "closeup next")
    assert linked(app) == second.id
    assert app.button(key="closeup previous").disabled is False
    until_said(app, f"where the run looked for {second.predicted}")


def test_a_picture_of_the_data_opens_and_its_link_shows_its_split(open_page: OpenPage) -> None:
    dataset = open_dataset("digits")
    item = dataset.ids[int(dataset.splits["test"][3])]
    app = open_page("data", data="digits", item=item)
    until_said(app, f"test, 4 of {len(dataset.splits['test'])}")
    assert 'class="clf-sharp"' in re.findall(r'<figure class="clf-stage".*?</figure>', html(app))[0]


def test_a_link_to_a_picture_that_is_gone_says_so(open_page: OpenPage) -> None:
    app = open_page("data", data="digits", item="digits/none")
    until(app, refused)
    assert "digits/none is not in digits" in refused(app)[0]


def test_damaged_and_removed_pictures_are_said_to_be_and_deep_ones_are_shown(
    open_page: OpenPage, tmp_path: Path
) -> None:
    for name, level in (("dark", 20_000), ("light", 50_000)):
        (tmp_path / "set" / name).mkdir(parents=True)
        for k in range(8):
            pixels = np.full((20, 30), level + 100 * k, np.uint16)
            Image.fromarray(pixels).save(tmp_path / "set" / name / f"{k}.png")
    dataset = open_dataset(str(tmp_path / "set"))
    deep, cut, gone = (dataset.ids[int(i)] for i in dataset.splits["train"][:3])
    app = open_page("data", data=str(tmp_path / "set"), item=deep)
    until_said(app, "30 × 20 pixels")
    assert not refused(app)
    where = dataset.files
    where[dataset.ids.index(cut)].write_bytes(b"\x89PNG no more")
    where[dataset.ids.index(gone)].unlink()
    for item in (cut, gone):
        while linked(app) != item:
            press(app, "closeup next")
        assert refused(app)


@pytest.mark.parametrize(("task", "view"), [("multi-label", "labels view"), ("hierarchical", "view")])
def test_other_tasks_open_too(open_page: OpenPage, task: str, view: str) -> None:
    run = run_of(task)
    tab = {"labels view": "False positives and negatives", "view": "Errors"}[view]
    app = open_page("evaluate", run=run.id, **{view: tab})
    cards = re.findall(r'class="clf-name" title="([^"]+)"', html(app))
    if not cards:
        pytest.skip("this small run makes no error")
    app = open_page("evaluate", run=run.id, item=cards[0], **{view: tab})
    assert not app.exception, app.exception
    assert "<dt>Place</dt>" in html(app)
    assert not refused(app)


def test_a_run_whose_data_is_gone_says_so_instead_of_its_pictures(open_page: OpenPage) -> None:
    run = stored_run(1, right=0.5)
    error = most_confident(run.predictions("test"), 1)[0]
    run.write("config.json", {**run.config.model_dump(mode="json"), "data": "/nowhere/at/all"})
    app = open_page("evaluate", run=run.id, view="Errors", item=error.id)
    assert not app.exception, app.exception
    assert "there is no such folder" in refused(app)[0]
