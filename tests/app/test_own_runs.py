"""Runs are one's own: named, listed by their task's score, tried again after a failure, and led on from."""

import json

from streamlit.testing.v1 import AppTest

from clfcore.api import evaluate
from clfcore.config import make
from clfcore.runs.about import about, set_about
from clfcore.runs.create import create_run
from clfcore.runs.folder import Run
from tests.support.pages import OpenPage, refused, until_ready, words
from tests.support.stored_runs import of_labels, stored_run
from ui.runs.monitor import waits_for

MESSAGE = "memory ran out: try recipe.batch_size 8 (it was 16), " + "and so on " * 60


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def failed_run() -> Run:
    recipe = {"epochs": 7, "batch_size": 16, "learning_rate": 0.02, "optimizer": "sgd", "augmentation": "basic"}
    run = create_run(make({
        "data": "shapes:count=90,side=20", "architecture": "lenet5", "strategy": "scratch",
        "options": {"pooling": "max"}, "split_seed": 3, "fit": "pad", "recipe": recipe,
    }))  # fmt: skip
    run.set_state("failed", MESSAGE)
    return run


def test_the_list_has_the_score_of_each_task_by_name_and_sorts_by_a_column(open_page: OpenPage) -> None:
    single, several = stored_run(1, right=0.8), of_labels(2, 0.5)
    single.write("metrics.json", {"metrics": {"test": {"accuracy": 0.75}, "validation": {"accuracy": 0.5}}})
    several.write("metrics.json", {"metrics": {"test": {"mean_average_precision": 0.9}}})
    set_about(single, name="a <b>bold</b> baseline", tags=["week 3"])
    table = open_page("runs", sort="score", order="ascending", columns="score").dataframe[0].value
    assert list(table["score"]) == [0.75, 0.9]
    assert table["name"][0] == "a <b>bold</b> baseline"
    assert list(table.columns) == ["state", "name", "score"]
    table = open_page("runs").dataframe[0].value
    assert set(table["metric"]) == {"accuracy, test", "mean average precision, test"}
    assert "run" not in table.columns  # only what fits in a window of 1,440 pixels
    assert "tags" not in table.columns
    assert "week 3" in list(open_page("runs", columns="tags").dataframe[0].value["tags"])


def test_a_failed_run_shows_its_whole_message_and_train_opens_with_its_configuration(open_page: OpenPage) -> None:
    run = failed_run()
    app = open_page("train", run=run.id)
    assert [one.strip() for one in refused(app)] == [MESSAGE.strip()]
    assert "Change and try again" in labels(app)
    app = until_ready(open_page("train", again=run.id))
    assert MESSAGE[:40] in "".join(refused(app))
    plan = json.loads(next(one.value for one in app.code if one.value.startswith("{")))
    asked = run.config.recipe.model_dump(mode="json", exclude_none=True)
    assert {name: plan["recipe"][name] for name in asked} == asked
    same = ("data", "architecture", "options", "strategy", "fit", "split_seed")
    assert {name: plan[name] for name in same} == {name: getattr(run.config, name) for name in same}
    next(button for button in app.button if button.label == "Dismiss").click()
    app.run()
    assert not refused(app)


def test_a_finished_run_leads_on_and_can_be_named(open_page: OpenPage, finished_run: Run) -> None:
    app = open_page("train", run=finished_run.id)
    assert {"Evaluate", "Predict with it", "Explain", "Compare", "Train further", "Save"} <= set(labels(app))
    assert "Resume" not in labels(app)
    next(box for box in app.text_input if box.label == "Name").input("baseline *one*")
    next(box for box in app.text_input if box.label == "Tags").input("week 3, small")
    next(button for button in app.button if button.label == "Save").click()
    app.run()
    assert about(finished_run).tags == ["week 3", "small"]
    assert app.title[0].value == r"baseline \*one\*"
    assert {"Predict with it", "Explain", "Compare"} <= set(labels(open_page("evaluate", run=finished_run.id)))


def test_a_known_caution_stands_beside_the_score(open_page: OpenPage, finished_run: Run) -> None:
    values = finished_run.results.as_dict()
    finished_run.write("metrics.json", {**values, "overlap": {"test": {"items": 360, "trained_on": 3}}})
    sentence = "3 of 360 test images were also trained on: the score flatters."
    for page in ("evaluate", "train"):
        assert sentence in words(open_page(page, run=finished_run.id))
    assert sentence in list(open_page("runs").dataframe[0].value["caution"])


def test_a_run_of_another_queue_says_so() -> None:
    run = create_run(make({"data": "digits", "architecture": "lenet5"}))
    assert waits_for(run, "queued") == "Queued by another server on this folder"


def test_epochs_are_those_done_and_home_has_the_task_s_own_score(open_page: OpenPage, finished_run: Run) -> None:
    stored = json.loads((finished_run.path / "config.json").read_text())
    stored["recipe"]["epochs"] = 100
    finished_run.write("config.json", stored)
    several = of_labels(2, 0.5)
    several.write("metrics.json", {"metrics": {"test": {"mean_average_precision": 0.912}}})
    table = open_page("runs", columns="epochs").dataframe[0].value
    assert "2 of 100, stopped early" in list(table["epochs"])
    monitor = open_page("train", run=finished_run.id)
    assert "epochs: 2 of 100, stopped early" in monitor.get("progress")[0].proto.text
    for shown in monitor.get("plotly_chart"):
        _, last = json.loads(shown.proto.spec)["layout"]["xaxis"]["range"]
        assert last < 3
    assert "epochs done: 2 of 100, stopped early" in words(open_page("evaluate", run=finished_run.id))
    home = words(open_page("home"))
    assert "mean average precision 0.912 on test" in home
    assert "accuracy" in home


def test_evaluate_has_the_nearest_class_mean_of_a_run_that_embedded_its_images(
    open_page: OpenPage, finished_run: Run
) -> None:
    assert "nearest class mean" not in words(open_page("evaluate", run=finished_run.id))
    results = finished_run.results.as_dict()
    measured = {"nearest_class_mean": {"test": {"accuracy": 0.875}}}
    finished_run.write("metrics.json", {**results, "baselines": measured})
    assert "nearest class mean 87.5% (the class" in words(open_page("evaluate", run=finished_run.id))
    assert evaluate(finished_run.id).baselines == {"test": {"nearest_class_mean": 0.875}}
