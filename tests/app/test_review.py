"""Review: a queue by keyboard, undo, several at once, a version, and the verdict of a retrained run."""

import json
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from clfcore import api
from clfcore.config import make
from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset
from clfcore.data.versions.log import read_decisions
from clfcore.data.versions.queue import Queue, QueueItem
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from tests.support.pages import OpenPage, until, words
from tests.support.stored_runs import stored_run
from ui.review.handover import HANDED, HANDED_DATA

pytestmark = pytest.mark.usefixtures("patient")
SPECS = [f"{kind}:count=60,side=12" for kind in ("shapes", "shapes-multi-label", "shapes-hierarchical")]


def review(open_page: OpenPage, spec: str, queue: Queue) -> AppTest:
    """The page with a queue that another page has handed over."""
    app = open_page("home")
    app.session_state[HANDED.key] = queue
    app.session_state[HANDED_DATA.key] = spec
    app.query_params["data"], app.query_params["from"] = spec, "list"
    app.switch_page("pages/review/page.py")
    app.run()
    assert not app.exception, app.exception
    return app


def actions(spec: str) -> dict[str, str]:
    return {one.item: one.action for one in read_decisions(spec)}


def queue_of(dataset: ImageDataset) -> Queue:
    items = [QueueItem(dataset.ids[i], "test", others=dataset.ids[i + 1 : i + 2]) for i in range(4)]
    return Queue("some pictures", tuple(items), expected=2)


@pytest.mark.parametrize("spec", SPECS)
def test_each_button_decides_and_undo_goes_back(open_page: OpenPage, spec: str) -> None:
    dataset = open_dataset(spec)
    app = review(open_page, spec, queue_of(dataset))
    assert not app.error
    if "multi" in spec:
        app.button(key="review class 1").click().run()
        app.button(key="review save").click().run()
    else:
        number = next(i for i, name in enumerate(dataset.classes, 1) if name != dataset.finest_label(0))
        app.button(key=f"review class {number}").click().run()
    assert actions(spec) == {dataset.ids[0]: "label"}
    app.button(key="review drop").click().run()
    app.button(key="review keep").click().run()
    assert actions(spec) == {dataset.ids[0]: "label", dataset.ids[1]: "drop", dataset.ids[2]: "keep"}
    app.button(key="review group").click().run()
    assert actions(spec)[dataset.ids[3]] == actions(spec)[dataset.ids[4]] == "group"
    app.button(key="review undo").click().run()
    app.button(key="review undo").click().run()
    assert actions(spec) == {dataset.ids[0]: "label", dataset.ids[1]: "drop"}
    assert any(dataset.ids[2] in html.proto.body for html in app.get("html"))
    app.button(key="make version").click().run()
    assert not app.exception, app.exception
    assert [version.name for version in api.list_versions(spec).versions] == ["v1"]
    assert len(open_dataset(f"{spec}@v1")) == 59


def test_a_bad_name_is_refused_beside_the_button(open_page: OpenPage) -> None:
    spec = SPECS[0]
    dataset = open_dataset(spec)
    api.decide(spec, dataset.ids[0], "drop")
    app = review(open_page, spec, queue_of(dataset))
    app.text_input(key=f"version name {spec}").set_value("../v").run()
    app.button(key="make version").click().run()
    assert [error.value for error in app.error if "version is" in error.value]
    assert not api.list_versions(spec).versions


def test_the_retrained_run_is_compared_on_labels_before_and_after(open_page: OpenPage) -> None:
    spec = "shapes:count=160,side=20"
    dataset = open_dataset(spec)
    recipe = {"epochs": 1, "batch_size": 16, "image_size": 20}
    config = make({"data": spec, "architecture": "lenet5", "strategy": "scratch", "recipe": recipe})
    before = create_run(config)
    execute(before)
    test = [dataset.ids[i] for i in dataset.splits["test"][:3]]
    other = [next(name for name in dataset.classes if name != dataset.label(dataset.ids.index(one))) for one in test]
    for item, name in zip(test[:2], other, strict=False):
        api.decide(spec, item, "label", label=[name])
    api.decide(spec, test[2], "drop")
    api.correct_dataset(spec, version="v1")
    done = api.retrain(before.id, f"{spec}@v1", show=lambda progress: None)
    verdict = done.verdict
    assert verdict is not None
    assert (verdict.test_relabeled, verdict.left_out) == (2, 1)
    assert verdict.items == len(dataset.splits["test"]) - 1
    assert any("flatters" in words for words in verdict.words)
    compared = api.compare([before.id, done.retrained.run])
    assert compared.comparison.items == verdict.items
    assert "versions of one dataset" in compared.notes[0]
    app = open_page(
        "review", **{"data": spec, "from": "problems", "before": before.id, "retrained": done.retrained.run}
    )
    assert not app.exception, app.exception
    texts = " ".join(text.value for text in app.markdown)
    assert "test labels were corrected. Under the original labels, accuracy went from" in texts.replace("\\", "")
    assert app.button(key="retrain")


def test_evaluate_hands_a_run_s_errors_over(open_page: OpenPage) -> None:
    run = stored_run(1, right=0.7)
    app = open_page("review", **{"data": "digits", "from": "errors", "run": run.id})
    assert not app.exception, app.exception
    assert app.button(key="review keep")
    assert any("predicted digit" in html.proto.body for html in app.get("html"))


def test_data_shows_a_version_and_deletes_it_alone(open_page: OpenPage) -> None:
    spec = SPECS[0]
    api.decide(spec, open_dataset(spec).ids[0], "drop")
    api.correct_dataset(spec, version="v1")
    run = stored_run(4, right=0.7, data=f"{spec}@v1")
    app = open_page("data", data=f"{spec}@v1")
    assert not app.exception, app.exception
    lost = next(text.value for text in app.markdown if "can no longer be shown" in text.value)
    assert "1 run trained on it" in lost
    assert run.id[-4:] in lost
    assert any("Based on the original data" in text.value and "1 dropped" in text.value for text in app.caption)
    app.button(key="delete version").click().run()
    assert not app.exception, app.exception
    assert app.text_input(key="data").value == spec
    assert not api.list_versions(spec).versions
    assert len(read_decisions(spec)) == 1


def test_an_inbox_is_labeled_by_keyboard_and_joins_training(open_page: OpenPage, photos: Path, tmp_path: Path) -> None:
    spec, inbox = str(photos), tmp_path / "odd"
    inbox.mkdir()
    for number, name in enumerate("abc"):
        Image.new("RGB", (24, 24), (number * 40, 10, 90)).save(inbox / f"{name}.png")
    top = [{"label": "red", "probability": 0.4}]
    (inbox / "a.json").write_text(json.dumps({"model": "m", "reasons": ["unsure"], "prediction": {"top": top}}))
    app = open_page("review", data="digits")
    app.text_input(key="data").set_value(spec).run()
    app.query_params["from"] = "inbox"
    app.run()
    app.text_input(key="inbox folder").set_value(str(tmp_path / "none")).run()
    assert "name a folder of photos" in app.error[0].value
    app.text_input(key="inbox folder").set_value(str(inbox)).run()
    assert not app.error
    assert not app.exception, app.exception
    keys = {button.key for button in app.button}
    assert "review keep" not in keys
    assert "join inbox" not in keys
    app.button(key="review nearest").click().run()
    until(app, lambda app: "nearest training images, with the labels" in words(app))
    assert any("similarity" in str(element.proto.body) for element in app.get("html"))
    app.button(key="review drop").click().run()
    app.button(key="review class 1").click().run()
    app.button(key="review accept").click().run()
    assert actions(str(inbox)) == {"a.png": "label", "b.png": "drop", "c.png": "label"}
    app.button(key="review undo").click().run()
    app.button(key="review accept").click().run()
    before = open_dataset(spec)
    app.button(key="join inbox").click().run()
    assert not app.exception, app.exception
    after = open_dataset(f"{spec}@v1")
    assert len(after.splits["train"]) == len(before.splits["train"]) + 2
    assert after.label(after.ids.index("added/a.png")) == "red"
    assert not read_decisions(spec)


def test_a_photo_that_is_gone_is_told_and_the_queue_goes_on(open_page: OpenPage, photos: Path) -> None:
    spec = str(photos)
    dataset = open_dataset(spec)
    app = review(open_page, "digits", queue_of(open_dataset("digits")))
    app.session_state[HANDED.key], app.session_state[HANDED_DATA.key] = queue_of(dataset), spec
    app.text_input(key="data").set_value(spec).run()
    assert not app.error
    dataset.files[3].unlink()
    for _ in range(3):
        app.button(key="review next").click().run()
    assert not app.exception, app.exception
    (error,) = app.error
    assert "blue/03.jpg" in error.value
    app.button(key="review drop").click().run()  # goes on to the first
    app.button(key="review class 2").click().run()
    assert actions(spec) == {"blue/03.jpg": "drop", "blue/00.jpg": "label"}
    app.button(key="make version").click().run()
    assert not app.exception, app.exception
    made = open_dataset(f"{spec}@v1")
    assert made.label(made.ids.index("blue/00.jpg")) == "red"
    assert any("1 decision has no effect (blue/03.jpg)" in problem.message for problem in made.problems)
    app.button(key="review undo").click().run()  # of what is in a version already
    assert actions(spec) == {"blue/03.jpg": "drop"}
    assert open_dataset(f"{spec}@v1").label(made.ids.index("blue/00.jpg")) == "red"


def test_two_tabs_decide_on_one_queue(open_page: OpenPage) -> None:
    spec = SPECS[0]
    dataset = open_dataset(spec)
    one = review(open_page, spec, queue_of(dataset))
    two = review(open_page, spec, queue_of(dataset))
    one.button(key="review drop").click().run()
    two.button(key="review keep").click().run()  # of the same picture, which two still shows: the later one holds
    assert actions(spec) == {dataset.ids[0]: "keep"}
    api.undo_decisions(spec)  # what two did
    two.button(key="review undo").click().run()
    assert "taken back already" in two.error[0].value
    assert actions(spec) == {dataset.ids[0]: "drop"}
    two.button(key="make version").click().run()
    one.text_input(key=f"version name {spec}").set_value("v1").run()
    one.button(key="make version").click().run()
    assert "has one of that name" in one.error[0].value
    assert not one.exception, one.exception
