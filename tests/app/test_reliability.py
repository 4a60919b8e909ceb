"""Evaluate says how far a run can be trusted; Predict shows the prediction set of a photo."""

from dataclasses import replace

import pytest

from clfcore.quality.robustness import measure_robustness
from clfcore.runs.folder import Run
from clfcore.runs.prediction_sets import kept_sets
from clfcore.runs.unknown_file import UnknownFile, kept_rule
from tests.support.pages import OpenPage, refused, until, words
from tests.support.stored_runs import of_labels, run_of, stored_run


def test_the_limit_is_measured_and_kept_by_a_click(open_page: OpenPage, finished_run: Run) -> None:
    (finished_run.path / UnknownFile.file).unlink()
    app = open_page("evaluate", run=finished_run.id)
    assert not app.exception
    assert "has no limit yet" in words(app)
    app.button(key="unknown measure").click().run()
    until(app, lambda app: any(metric.label == "Far strangers caught" for metric in app.metric))
    assert not app.exception
    rule = kept_rule(finished_run)
    assert rule is not None
    assert rule.chosen.far is not None
    assert "pictures of shapes, clothing-small" in words(app)


@pytest.mark.parametrize("task", ["single-label", "multi-label", "hierarchical"])
def test_sets_are_shown_for_every_task(task: str, open_page: OpenPage) -> None:
    run = {"single-label": lambda: stored_run(1, right=0.7), "multi-label": lambda: of_labels(1, 0.5)}.get(
        task, lambda: run_of("hierarchical")
    )()
    address = {"run": run.id, "limits view": "Prediction sets"}
    app = open_page("evaluate", **address)
    assert not app.exception
    (coverage,) = [metric for metric in app.metric if metric.label == "Coverage"]
    assert coverage.value.endswith("%")
    assert f"clfcore sets {run.id} --coverage 0.9" in " ".join(code.value for code in app.code)
    app.button(key="keep sets").click().run()
    assert not app.exception
    assert kept_sets(run).coverage == 0.9
    assert "carry their 90% set" in words(app)
    app.button(key="forget sets").click().run()
    assert kept_sets(run).coverage is None
    assert app.button(key="keep sets")


def test_too_few_validation_images_are_refused_beside_the_slider(open_page: OpenPage) -> None:
    run = stored_run(1, right=0.7)
    stored = run.predictions("validation")
    few = replace(stored, ids=stored.ids[:50], targets=stored.targets[:50], logits=stored.logits[:50])
    few.save(run.path / "predictions-validation.npz")
    app = open_page("evaluate", run=run.id, **{"limits view": "Prediction sets"})
    app.select_slider(key="coverage").set_value(0.99).run()
    assert not app.exception
    assert refused(app) == [
        "there are 50 validation images: sets with 99% coverage need at least 99; ask for less coverage, or train with "
        "more images"
    ]


def test_a_photo_has_its_set(open_page: OpenPage, finished_run: Run) -> None:
    app = open_page("predict", sample="cat", model=finished_run.id)
    assert not app.exception
    shown = " ".join(str(element.proto.body) for element in app.get("html"))
    assert "90% set (" in shown
    assert "of 10 classes)" in shown


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("task", ["single-label", "multi-label"])
def test_slices_are_looked_for_on_a_click(task: str, open_page: OpenPage, finished_run: Run) -> None:
    run = finished_run if task == "single-label" else run_of(task, data=f"shapes-{task}:count=300,side=24")
    app = open_page("evaluate", run=run.id, **{"limits view": "Slices"})
    app.button(key="slices ask").click().run()
    until(app, lambda app: "significantly weaker" in words(app))
    assert not app.exception
    assert any(f"clfcore slices {run.id} --split test" in code.value for code in app.code)
    assert any("clf-card" in str(element.proto.body) for element in app.get("html"))
    app.button(key="review slice").click().run()
    assert not app.exception
    assert not app.error
    assert [title.value for title in app.title] == ["Review"]
    (queue,) = (box for box in app.selectbox if box.label == "Queue")
    assert any(option.startswith("Slice (") for option in queue.options)


def test_robustness_is_measured_on_a_click(open_page: OpenPage, finished_run: Run) -> None:
    measure_robustness([finished_run], items=100)  # what is kept is shown at once
    app = open_page("evaluate", run=finished_run.id, **{"limits view": "Robustness"})
    app.segmented_control(key="robustness items").set_value(100).run()
    app.button(key="robustness ask").click().run()
    until(app, lambda app: any(metric.label == "Under corruption" for metric in app.metric))
    assert not app.exception
    assert any(f"clfcore robustness {finished_run.id} --items 100" in code.value for code in app.code)
