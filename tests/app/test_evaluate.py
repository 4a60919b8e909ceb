"""Evaluate beyond the headline: baselines, both curves, error lists, verdicts, calibration."""

import time

import pytest

from clfcore.data import verdicts
from clfcore.data.catalogue import open_dataset
from clfcore.evaluation.mistakes import most_confident
from clfcore.runs.store import Run
from clfcore.runs.temperature import temperature_of
from tests.app.test_compare import stored_run
from tests.app.test_pages import OpenPage, refused, words


def test_baselines_stand_beside_the_headline(open_page: OpenPage) -> None:
    run = stored_run(1, right=0.7)
    app = open_page("evaluate", run=run.id)
    assert not app.exception, app.exception
    assert "even guesses reach 33.3 %" in words(app)
    app.session_state["intervals"] = True
    app.run()
    assert not app.exception, app.exception
    tables = [table.value for table in app.dataframe if "even guesses" in table.value]
    assert tables[0]["even guesses"][0] == "33.3 %"
    assert "to" in tables[0]["95 % interval"][0]


@pytest.mark.parametrize(
    ("view", "says"),
    [("ROC and PR", "diagonal is guessing"), ("Errors", "surest of it"), ("Calibration", "One number divides")],
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
    assert "by the content of each picture" in words(app)


def test_a_temperature_is_fitted_kept_and_forgotten_on_the_page(open_page: OpenPage) -> None:
    run = stored_run(1, right=0.7)
    app = open_page("evaluate", run=run.id, view="Calibration")
    app.button(key="fit temperature").click().run()
    assert not app.exception, app.exception
    assert temperature_of(run) is not None
    assert "as trained" in words(app)
    app.button(key="forget temperature").click().run()
    assert temperature_of(run) is None


def test_one_picture_up_close_has_maps_and_its_nearest_training_pictures(
    open_page: OpenPage, finished_run: Run
) -> None:
    app = open_page("evaluate", run=finished_run.id, view="Errors")
    app.session_state["close"] = True
    app.run()
    assert not app.exception, app.exception
    assert "Grad-CAM" in words(app)
    app.toggle(key=f"nearest {finished_run.id}").set_value(True).run()
    for _ in range(100):
        if "nearest to it" in words(app):
            break
        time.sleep(0.2)
        app.run()
    assert not app.exception, app.exception
    assert "The 6 training pictures nearest to it" in words(app)


def test_a_stored_verdict_stands_beside_its_picture_and_is_left_as_it_is(open_page: OpenPage) -> None:
    run = stored_run(1, right=0.7)
    worst = most_confident(run.predictions("test"), 1)[0]
    dataset = open_dataset("digits")
    verdicts.keep(dataset, worst.id, worst.truth, kind="ambiguous", note="a seven or a one")
    kept = verdicts.read(dataset)
    app = open_page("evaluate", run=run.id, view="Errors")
    app.session_state["verdicts"] = True
    app.run()
    assert not app.exception, app.exception
    assert not refused(app)
    assert verdicts.read(dataset) == kept
    assert verdicts.of_items(dataset, {worst.id: worst.truth})[worst.id].note == "a seven or a one"
