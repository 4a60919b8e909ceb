"""Evaluate beyond the headline: baselines, both curves, error lists, verdicts, calibration."""

import threading

import pytest
from streamlit.testing.v1 import AppTest

from clfcore.data import label_review
from clfcore.data.catalogue import open_dataset
from clfcore.data.versions.log import read_decisions
from clfcore.evaluation.errors import most_confident
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.evaluation.metrics import MultiLabel, SingleLabel, evaluate, evaluate_finest
from clfcore.predictions import Predictions
from clfcore.runs.temperature import temperature_of
from pages.evaluate import overview
from tests.support.pages import OpenPage, refused, until, words
from tests.support.stored_runs import stored_run
from ui import loaders
from ui.formatting import rate


def test_baselines_stand_beside_the_headline(open_page: OpenPage) -> None:
    run = stored_run(1, right=0.7)
    app = open_page("evaluate", run=run.id)
    assert not app.exception, app.exception
    assert "random guessing 33.3%" in words(app)
    app.session_state["intervals"] = True
    app.run()
    assert not app.exception, app.exception
    tables = [table.value for table in app.dataframe if "random guessing" in table.value]
    assert tables[0]["random guessing"][0] == "33.3%"
    assert "to" in tables[0]["95% interval"][0]


@pytest.mark.parametrize(
    ("view", "says"),
    [
        ("ROC and PR", "diagonal is random guessing"),
        ("Errors", "good place to look for wrong labels"),
        ("Calibration", "divides all logits by one number"),
    ],
)
def test_each_view_is_drawn(open_page: OpenPage, view: str, says: str) -> None:
    app = open_page("evaluate", run=stored_run(1, right=0.7).id, view=view)
    assert not app.exception, app.exception
    assert says in words(app)
    assert not refused(app)


@pytest.mark.parametrize("errors", ["least_confident_correct", "closest_calls", "highest_loss"])
def test_each_list_of_errors_is_drawn_with_verdicts(open_page: OpenPage, errors: str) -> None:
    app = open_page("evaluate", run=stored_run(1, right=0.7).id, view="Errors")
    app.session_state["verdicts"] = True
    app.selectbox(key="errors").set_value(errors).run()
    assert not app.exception, app.exception
    assert not refused(app)
    assert "by the content of each image" in words(app)


def test_a_temperature_is_fitted_kept_and_forgotten_on_the_page(open_page: OpenPage) -> None:
    run = stored_run(1, right=0.7)
    app = open_page("evaluate", run=run.id, view="Calibration")
    app.button(key="fit temperature").click().run()
    assert not app.exception, app.exception
    assert temperature_of(run) is not None
    assert "as trained" in words(app)
    app.button(key="forget temperature").click().run()
    assert temperature_of(run) is None


def test_a_stored_verdict_stands_beside_its_picture_and_is_left_as_it_is(open_page: OpenPage) -> None:
    run = stored_run(1, right=0.7)
    worst = most_confident(run.predictions("test"), 1)[0]
    dataset = open_dataset("digits")
    label_review.keep_review("digits", dataset, worst.id, kind="ambiguous", note="a seven or a one")
    kept = read_decisions("digits")
    app = open_page("evaluate", run=run.id, view="Errors")
    app.session_state["verdicts"] = True
    app.run()
    assert not app.exception, app.exception
    assert not refused(app)
    assert read_decisions("digits") == kept
    assert label_review.reviews_of("digits", dataset, {worst.id: worst.truth})[worst.id].note == "a seven or a one"


def test_a_class_and_a_pair_show_their_pictures_and_errors_only_leaves_right_ones_out(open_page: OpenPage) -> None:
    run = stored_run(1, right=0.7)
    predictions = run.predictions("test")
    wrong = (predictions.targets == 0) & (predictions.logits.argmax(1) != 0)
    app = open_page("evaluate", run=run.id)
    app.selectbox(key="true class").set_value(0).run()
    assert f"**{(predictions.targets == 0).sum()} images** of digit 0" in words(app)
    app.toggle(key="errors only").set_value(True).run()
    assert not app.exception, app.exception
    assert f"**{wrong.sum()} images** of digit 0, errors only" in words(app)
    app.selectbox(key="taken for").set_value(1).run()
    assert f"**{wrong.sum()} images** of digit 0, predicted as digit 1, errors only" in words(app)
    app = open_page("evaluate", run=run.id, view="Errors")
    app.selectbox(key="errors").set_value("pair").run()
    assert not app.exception, app.exception
    assert "most confident first" in words(app)
    assert not refused(app)


def test_sixty_classes_are_shown_in_parts(open_page: OpenPage) -> None:
    run = stored_run(1, right=0.7, classes=tuple(f"kind {i}" for i in range(60)))
    app = open_page("evaluate", run=run.id)
    for part in ("confused", "blocks", "around"):
        app.segmented_control(key="part").set_value(part).run()
        assert not app.exception, app.exception
        assert not refused(app)
        assert app.get("plotly_chart")


def test_the_operating_point_is_moved_by_a_threshold_too(open_page: OpenPage) -> None:
    app = open_page("evaluate", run=stored_run(1, right=0.7).id, view="Operating point")
    assert len(app.get("plotly_chart")) == 3  # its matrix beside both curves
    app.segmented_control(key="move by").set_value("threshold").run()
    app.slider(key="wanted threshold").set_value(0.25).run()
    assert not app.exception, app.exception
    assert "At a threshold of 0.25" in words(app)


def test_what_is_wrong_with_a_run_is_said_in_place(open_page: OpenPage) -> None:
    """A split of one class, a run without a test split, and damaged predictions."""
    one = stored_run(1, right=1.0, classes=("only",))
    for view in ("Confusion", "Errors", "ROC and PR", "Per class", "Operating point", "Calibration"):
        app = open_page("evaluate", run=one.id, view=view)
        assert not app.exception, (view, app.exception)
    app = open_page("evaluate", run=stored_run(2, right=0.7, splits=("validation",)).id)
    assert not app.exception, app.exception
    assert "validation also chose the best epoch" in words(app)
    damaged = stored_run(3, right=0.7)
    (damaged.path / "predictions-test.npz").write_bytes(b"not a zip")
    app = open_page("evaluate", run=damaged.id)
    assert not app.exception, app.exception
    assert any("damaged and cannot be read" in line for line in refused(app))


def test_of_very_many_logits_the_page_stands_before_the_area_under_the_roc(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, let_go = stored_run(1, right=0.7), threading.Event()

    computed = 0

    def held(predictions: Predictions) -> SingleLabel | MultiLabel:
        nonlocal computed
        computed += 1
        assert let_go.wait(60)
        return evaluate_finest(predictions)

    def unranked(predictions: Predictions, *, ranked: bool) -> SingleLabel | MultiLabel:
        assert not ranked  # else the area is computed a second time
        return evaluate_finest(predictions, ranked=False)

    monkeypatch.setattr(overview, "RANKED", 100)
    monkeypatch.setattr(loaders, "evaluate_finest", unranked)
    monkeypatch.setattr(overview, "evaluate_finest", held)
    app = open_page("evaluate", run=run.id)
    auc = METRICS["macro_auc"].title
    assert not app.exception, app.exception
    assert number(app, auc) == "…"
    assert number(app, "Accuracy").endswith("%")
    let_go.set()
    until(app, lambda app: number(app, auc) != "…")
    assert number(app, auc) == rate(evaluate(run.predictions("test")).as_dict()["macro_auc"])
    app.session_state["intervals"] = True
    app.run()
    (table,) = (table.value for table in app.dataframe if "random guessing" in table.value)
    assert number(app, auc) in set(table["this run"])
    assert computed == 1


def number(app: AppTest, label: str) -> str:
    (found,) = (metric.value for metric in app.metric if metric.label == label)
    return found
