"""The Compare page: two runs beside each other in numbers and words, and what it refuses, in place."""

import shutil
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from clfcore.evaluation.compare import compare
from clfcore.files import runs_folder
from clfcore.reports.compare_page import compare_html
from clfcore.runs import measured_speed
from clfcore.runs.create import create_run
from clfcore.runs.folder import Run
from tests.support.pages import OpenPage, refused, until, words
from tests.support.stored_runs import of_labels, short, stored_run


def shown(open_page: OpenPage, *runs: Run, view: str = "") -> AppTest:
    app = open_page("compare")
    assert not app.exception, app.exception
    app.multiselect(key="runs").set_value([run.id for run in runs]).run()
    if view:
        app.session_state["view"] = view
        app.run()
    assert not app.exception, app.exception
    return app


def test_without_two_runs_it_offers_to_train(open_page: OpenPage) -> None:
    app = open_page("compare")
    assert "A comparison needs two" in words(app)
    assert any(button.label == "Train" for button in app.button)


def test_two_runs_are_told_apart_in_words_and_their_settings_marked(open_page: OpenPage) -> None:
    a, b = stored_run(1, right=0.6), stored_run(2, right=0.95)
    app = shown(open_page, a, b)
    table = app.dataframe[0].value
    right = {
        run: (run.predictions("test").logits.argmax(1) == run.predictions("test").targets).mean() for run in (a, b)
    }
    found = dict(zip(table["run"], table["Accuracy"], strict=True))
    assert found == pytest.approx({short(run): 100 * share for run, share in right.items()})
    assert {column for column in table if column.startswith("≠")} == {"≠ seed"}
    expected = compare([(short(run), run.predictions("test")) for run in (b, a)]).pairs[0].describe()
    assert expected.split(",")[0] in words(app).replace("\\", "")
    assert f"{short(b)} is better by" in words(app).replace("\\", "")


@pytest.mark.parametrize(
    ("view", "says"),
    [
        ("Training curves", "marks the best epoch"),
        ("Accuracy vs. cost", "Pareto front"),
        ("Disagreements", "All runs are right on"),
        ("Per class", "items right than"),
        ("Ensemble", "averages the members"),
        ("One image", "The runs disagree on"),
    ],
)
def test_each_view_of_two_runs_is_drawn(open_page: OpenPage, view: str, says: str) -> None:
    app = shown(open_page, stored_run(1, right=0.6), stored_run(2, right=0.9), view=view)
    assert says in words(app).replace("\\", "")
    assert app.get("plotly_chart") or view == "One image"
    assert not refused(app)


def test_no_view_of_several_labels_is_refused(open_page: OpenPage) -> None:
    a, b = of_labels(1, 0.5), of_labels(2, 0.9)
    app = shown(open_page, a, b)
    for view in ("Paired tests", "Training curves", "Accuracy vs. cost", "Disagreements", "Per class", "Ensemble"):
        app.session_state["view"] = view
        app.run()
        assert not app.exception, app.exception
        assert not refused(app), view
        if view == "Per class":
            moved = app.dataframe[-1].value
            found = [(run.predictions("test").probabilities()[:, 0], at) for run, at in ((a, 0.5), (b, 0.9))]
            there = a.predictions("test").targets[:, 0] > 0
            before, after = (int(((p >= at) & there).sum()) for p, at in found)
            assert moved["true positives"][0] in (f"{before} to {after}", f"{after} to {before}")
            assert before != after


def test_runs_of_other_classes_stay_in_the_table_and_pairing_is_refused(open_page: OpenPage) -> None:
    app = shown(open_page, stored_run(1, right=0.6), stored_run(2, right=0.9, classes=("cat", "dog", "cow")))
    assert len(app.dataframe[0].value) == 2
    assert any("different classes" in line for line in refused(app))


def of_an_earlier_day(run: Run) -> Run:
    return Run(run.path.rename(run.path.with_name(f"20200101{run.id[8:]}")))


def test_runs_on_versions_are_compared_on_their_common_items(open_page: OpenPage) -> None:
    before, after = of_an_earlier_day(stored_run(1, right=0.6)), stored_run(2, right=0.9, data="digits@checked")
    predictions = after.predictions("test")
    targets = predictions.targets[20:].copy()  # 20 images were dropped, and two relabeled
    targets[:2] = (targets[:2] + 1) % 3
    corrected = replace(predictions, ids=predictions.ids[20:], targets=targets, logits=predictions.logits[20:])
    corrected.save(after.path / "predictions-test.npz")
    app = shown(open_page, before, after)
    assert not refused(app)
    assert "180 common items, under the labels of digits@checked; 2 labels differ" in words(app).replace("\\", "")
    table = app.dataframe[0].value
    assert table["run"].tolist() == [short(before), short(after)], "oldest first, as versions follow each other"
    assert table["images"].tolist() == [180, 180]
    expected = [100 * (run.predictions("test").logits[-180:].argmax(1) == targets).mean() for run in (before, after)]
    assert table["Accuracy"].tolist() == pytest.approx(expected)
    for view in ("Accuracy vs. cost", "Disagreements", "Per class", "Ensemble", "One image"):
        app.session_state["view"] = view
        app.run()
        assert not app.exception, app.exception
        assert not refused(app), view
    report = compare_html([before, after], "test")
    assert "180 common items" in report
    assert f"{expected[0]:.1f}%" in report


def test_runs_on_versions_without_a_common_item_are_refused(open_page: OpenPage) -> None:
    before, after = stored_run(1, right=0.6), stored_run(2, right=0.9, data="digits@checked")
    predictions = after.predictions("test")
    replace(predictions, ids=tuple(f"new/{i}" for i in range(200))).save(after.path / "predictions-test.npz")
    app = shown(open_page, before, after)
    assert any("no item of the test split in common" in line for line in refused(app))


def test_a_run_without_test_moves_the_comparison_to_validation(open_page: OpenPage) -> None:
    b = stored_run(2, right=0.9, splits=("validation",))
    app = shown(open_page, stored_run(1, right=0.6), b)
    assert f"{short(b)} has no test split" in words(app)


def test_damaged_predictions_are_named_and_the_others_compared(open_page: OpenPage) -> None:
    a, b, c = stored_run(1, right=0.6), stored_run(2, right=0.9), stored_run(3, right=0.8)
    (c.path / "predictions-test.npz").write_bytes(b"not a zip")
    app = shown(open_page, a, b, c)
    assert any(short(c) in line and "damaged" in line for line in refused(app))
    assert set(app.dataframe[0].value["run"]) == {short(a), short(b)}


def test_train_to_compare_queues_every_combination_and_fills_the_table(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[Run] = []

    class Stub:
        def submit(self, config):
            queued.append(create_run(config))
            return queued[-1]

    monkeypatch.setattr("pages.compare.sweep.worker", Stub)
    app = open_page("compare")
    app.session_state["together"] = True
    app.run()
    app = until(app, lambda app: any(button.label.startswith("Queue") for button in app.button))
    assert [button.label for button in app.button if button.label.startswith("Queue")] == ["Queue 2 runs"]
    app.button(key="together go").click().run()
    assert not app.exception, app.exception
    assert [run.config.recipe.seed for run in queued] == [0, 1]
    assert "appears when two of the queued runs have finished" in words(app)

    a, b = stored_run(1, right=0.6), stored_run(2, right=0.9)
    app.query_params["batch"] = [a.id, b.id]
    app.run()
    assert not app.exception, app.exception
    assert set(app.dataframe[0].value["run"]) == {short(a), short(b)}
    assert "batch" not in app.query_params


def test_latency_and_memory_are_measured_on_a_button_and_fill_the_table(open_page: OpenPage, trained: Run) -> None:
    finished_run = Run(shutil.copytree(trained.path, runs_folder() / trained.id))
    b = stored_run(2, right=0.9)  # without weights: it cannot be measured
    app = open_page("compare")
    app.multiselect(key="runs").set_value([finished_run.id, b.id]).run()
    assert not app.exception, app.exception
    assert "latency (ms/image)" not in app.dataframe[0].value, "a column of nothing"
    app.button(key="measure runs").click().run()
    until(app, lambda app: "latency (ms/image)" in app.dataframe[0].value)
    table = app.dataframe[0].value.set_index("run")
    measured = measured_speed.kept(finished_run)
    assert table.loc[short(finished_run), "latency (ms/image)"] == pytest.approx(1e3 * measured.seconds)
    assert table.loc[short(finished_run), "memory per prediction (MB)"] == pytest.approx(measured.memory / 1e6)
    assert table.loc[short(finished_run), "multiply-adds"] == measured.multiply_adds
    assert any("has no weights to open" in line for line in refused(app))
