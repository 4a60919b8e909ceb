"""Each page in the app, without a browser: its empty state, its main way, its refusals."""

import json

import pytest

from clfcore.config import make
from clfcore.runs.create import create_run
from clfcore.runs.folder import Run
from clfcore.runs.samples import of_run
from tests.support.pages import OpenPage, refused, until_ready, words


def test_home_says_what_one_can_do_and_that_nothing_leaves(open_page: OpenPage) -> None:
    app = open_page("home")
    assert not app.exception
    assert "Nothing leaves this machine" in words(app)
    links = [link.proto.label for link in app.get("page_link")]
    assert [name for name in ("Predict", "Data", "Train", "Runs", "Evaluate") if f"**{name}**" in links] == [
        "Predict",
        "Data",
        "Train",
        "Runs",
        "Evaluate",
    ]
    assert any(label.endswith(" Cat") for label in links)


def test_predict_without_a_photo_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page("predict")
    assert not app.exception
    assert "click one of the samples" in words(app)


@pytest.mark.parametrize(("page", "says"), [("runs", "There are no runs yet"), ("evaluate", "no finished run")])
def test_without_runs_a_page_offers_the_click_that_makes_one(open_page: OpenPage, page: str, says: str) -> None:
    app = open_page(page)
    assert not app.exception
    assert says in words(app)
    assert [button.label for button in app.button if button.label.startswith("Train")]


def test_data_tells_counts_advice_and_splits(open_page: OpenPage) -> None:
    app = until_ready(open_page("data", data="digits"))
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown == {
        "Images": "1,797",
        "Classes": "10",
        "Training": "1,259",
        "Validation": "269",
        "Test": "269",
        "Problems": "0",
    }
    assert "balanced" in words(app)


def test_data_that_is_not_there_is_refused_in_one_line(open_page: OpenPage) -> None:
    app = until_ready(open_page("data", data="digitz"))
    assert len(app.error) == 1
    assert "did you mean digits" in app.error[0].value


def test_a_refused_folder_that_was_mended_is_read_again(open_page: OpenPage, tmp_path) -> None:
    import numpy as np
    from PIL import Image

    app = until_ready(open_page("data", data=str(tmp_path / "photos")))
    assert len(app.error) == 1
    for name in ("a", "b"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(8):
            pixels = np.random.default_rng([i, ord(name)]).integers(0, 255, (20, 30, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{i}.png")
    app = until_ready(app.run())
    assert not app.error
    assert {metric.label: metric.value for metric in app.metric}["Images"] == "16"


def test_train_shows_the_plan_and_the_command(open_page: OpenPage) -> None:
    app = until_ready(open_page("train", data="digits", architecture="lenet5"))
    assert {metric.label: metric.value for metric in app.metric}["Trainable"] == "61,706"
    assert "train --data digits --architecture lenet5" in app.code[0].value
    assert make(json.loads(app.code[1].value)).recipe.epochs == 15
    assert [button.label for button in app.button].count("Train") == 1


def test_train_names_the_nearest_of_an_unknown_architecture_and_opens_with_the_default(open_page: OpenPage) -> None:
    app = until_ready(open_page("train", data="digits", architecture="resnet81"))
    assert "did you mean resnet18" in app.error[0].value
    assert "lenet5" in words(app)
    assert "resnet81" not in [box.value for box in app.selectbox]


def test_train_shows_a_refusal_where_a_setting_does_not_fit(open_page: OpenPage) -> None:
    app = until_ready(open_page("train", data="digits", architecture="lenet5"))
    app.number_input(key="field recipe.image_size").set_value(8)
    app = until_ready(app.run())
    assert refused(app) == ["image_size is 8: lenet5 needs at least 12"]


def test_a_run_in_the_address_that_is_gone_is_said(open_page: OpenPage) -> None:
    app = until_ready(open_page("train", run="20200101-nothing"))
    assert any("20200101-nothing" in error.value.replace("\\", "") for error in app.error)


@pytest.fixture
def failed_run() -> Run:
    run = create_run(make({"data": "digits", "architecture": "lenet5"}))
    run.set_state("failed", "memory ran out: try recipe.batch_size 8 (it was 16)")
    return run


def test_a_failed_run_says_why_and_can_be_resumed_or_deleted(open_page: OpenPage, failed_run: Run) -> None:
    app = open_page("train", run=failed_run.id)
    assert not app.exception
    assert "try recipe" in app.error[0].value
    assert {"Resume", "Delete"} <= {button.label for button in app.button}
    assert "Stop now" not in {button.label for button in app.button}


def test_an_interrupted_run_is_listed_at_once(open_page: OpenPage) -> None:
    run = create_run(make({"data": "digits", "architecture": "lenet5"}))
    run.set_state("running")
    app = open_page("runs", columns="run")
    table = app.dataframe[0].value
    assert table["state"][0] == "‖ interrupted"
    assert table["run"][0] == run.id


def test_a_damaged_run_is_listed_and_the_page_lives(open_page: OpenPage, failed_run: Run) -> None:
    (failed_run.path / "config.json").write_text("{")
    app = open_page("runs")
    assert not app.exception
    assert app.dataframe[0].value["state"][0] == "✗ damaged"


def test_delete_asks_first(open_page: OpenPage, failed_run: Run) -> None:
    app = open_page("train", run=failed_run.id)
    app.button(key=f"delete {failed_run.id}").click().run()
    assert {"Delete permanently", "Cancel"} <= {button.label for button in app.button}
    assert failed_run.path.exists()


@pytest.mark.slow
def test_a_finished_run_is_judged_and_predicts(open_page: OpenPage, finished_run: Run) -> None:
    app = open_page("evaluate", run=finished_run.id)
    assert not app.exception
    accuracy = finished_run.metrics["test"]["accuracy"]
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Accuracy"] == f"{100 * accuracy:.1f}%"
    assert f"{round(accuracy * 269)} of 269 test images" in words(app)
    assert "Home" not in words(app)

    home = open_page("home")
    assert any("lenet5 on digits" in link.proto.label for link in home.get("page_link"))

    listed = open_page("runs")
    assert listed.dataframe[0].value["state"][0] == "✓ completed"

    predict = open_page("predict", sample="cat", model=finished_run.id)
    assert not predict.exception
    assert finished_run.id in predict.multiselect[0].value


def test_samples_on_predict_and_explain_are_of_the_runs_own_data(open_page: OpenPage, finished_run: Run) -> None:
    own = {f"sample {sample.name}" for sample in of_run(finished_run)}
    for name in ("predict", "explain"):
        app = open_page(name, model=finished_run.id)
        keys = {button.key for button in app.button if (button.key or "").startswith("sample ")}
        assert keys == own, name
    app = open_page("predict", model="efficientnet_lite0")
    assert "sample cat" in [button.key for button in app.button]
    assert "EfficientNet 2020 · 4.7 M · 18.8 MB, weights here" in words(app)
    item = next(iter(own)).removeprefix("sample ")
    app = open_page("predict", model=finished_run.id, sample=item)
    assert not app.exception
    assert item in "\n".join(element.value for element in app.subheader)


def test_the_curves_name_the_classes_that_are_not_drawn(open_page: OpenPage, finished_run: Run) -> None:
    app = open_page("evaluate", run=finished_run.id, view="ROC and PR")
    answer = words(app).replace("\\", "")
    assert "Drawn: 8 of 10 classes; the averages are over all of them. Without a curve: 8, 9." in answer
