"""The Lessons page without a browser: every lesson to its end with a right and a wrong prediction."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from clfcore.lessons import catalogue
from clfcore.lessons.catalogue import LESSONS
from clfcore.lessons.lesson import Curve, Curves, Finding, Lesson, Measured
from clfcore.lessons.progress import predict_outcome, read_progress
from tests.support.pages import until

OpenPage = Callable[..., AppTest]


def text_of(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.title, app.header, app.success, app.info, app.warning)
    return "\n".join(element.value for kind in kinds for element in kind)


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return app.run()


def stands_for(row: Lesson, *, holds: bool) -> Callable[..., Finding]:
    """An experiment that takes no time and ends with the first choice."""
    curves = Curves("epoch", "loss", (Curve("one", (1.0, 2.0), (0.5, 0.25)),))
    finding = Finding("accuracy", (Measured("one", 0.5), Measured("two", 0.75)), 0, holds, "It was so.", curves=curves)
    return lambda setting, seed, progress: finding


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Every lesson with an experiment that takes no time."""

    def replace(*, holds: bool) -> None:
        for row in LESSONS:
            monkeypatch.setitem(row.__dict__, "experiment", stands_for(row, holds=holds))

    return replace


@pytest.mark.parametrize("row", LESSONS, ids=[str(row.number) for row in LESSONS])
def test_a_lesson_is_walked_to_its_end_with_a_wrong_and_a_right_prediction(
    open_page: OpenPage, quick: Callable[..., None], row: Lesson
) -> None:
    from pages.lessons.experiment import job

    job.clear_all()
    quick(holds=True)
    app = open_page("lessons", lesson=str(row.number))
    assert row.steps[0].text.strip() in text_of(app)
    press(app, "Next")
    assert row.steps[1].text.strip() in text_of(app)
    press(app, "Next")
    app.radio[0].set_value(row.choices[1].text).run()
    press(app, "Save my prediction")
    assert read_progress()[row.number].prediction == 1
    until(press(app, "Run the experiment"), lambda app: "The claim held here" in text_of(app))
    assert row.choices[1].reply in text_of(app)
    assert row.choices[0].reply in text_of(app)
    assert "You were right" not in text_of(app)
    assert read_progress()[row.number].right is False
    predict_outcome(row.number, 0)
    assert "You were right" in text_of(app.run())
    press(app, "Your turn: change one thing")
    assert row.setting.exercise in text_of(app)
    assert app.get("plotly_chart") == []
    until(press(app, "Run the experiment"), lambda app: len(app.get("plotly_chart")) == 2)
    assert not app.exception


def test_a_claim_that_fails_here_is_said(open_page: OpenPage, quick: Callable[..., None]) -> None:
    from pages.lessons.experiment import job

    job.clear_all()
    quick(holds=False)
    predict_outcome(3, 0)
    app = open_page("lessons", lesson="3", step="Experiment")
    until(press(app, "Run the experiment"), lambda app: "The claim did not hold here" in text_of(app))
    assert catalogue.lesson(3).claim in text_of(app)


def test_nothing_runs_before_there_is_a_prediction(open_page: OpenPage) -> None:
    app = open_page("lessons", lesson="7", step="Experiment")
    assert "Predict first" in text_of(app)
    assert "Run the experiment" not in [button.label for button in app.button]


def test_the_list_says_how_far_the_reader_is(open_page: OpenPage) -> None:
    app = open_page("lessons")
    assert "0 of 8 done" in text_of(app)
    predict_outcome(1, 0)
    assert "Predicted; the experiment has not run yet" in text_of(app.run())
    press(app, "Delete them")
    assert read_progress() == {}


def test_an_address_opens_a_lesson_with_its_setting(open_page: OpenPage) -> None:
    app = open_page("lessons", lesson="4", step="Your turn", setting="44")
    assert app.get("button_group")[0].value == "44"


def test_a_lesson_that_is_not_there_shows_the_list(open_page: OpenPage) -> None:
    app = open_page("lessons", lesson="99")
    assert "Not started" in text_of(app)
    assert not app.exception
