"""A search on the pages: ranges on Train become a study, and Compare shows what its trials came to."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from clfcore.api import sweep
from clfcore.experiments.study import list_studies, read_study
from tests.conftest import small_config
from tests.support.pages import until, words

SPACE = {"learning_rate": {"low": 1e-3, "high": 1e-1, "log": True}, "optimizer": ["adamw", "sgd"]}


def test_ranges_become_a_space_a_command_and_a_study(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setattr("clfcore.experiments.search_launch.start_worker", lambda said: started.append(said) or _Ended())
    app = offered(open_page("train", data="shapes:count=60", architecture="lenet5"))
    app.multiselect(key="search fields").set_value(["recipe.learning_rate", "recipe.optimizer"]).run()
    app.number_input(key="search recipe.learning_rate low").set_value(0.001).run()
    app.number_input(key="search trials").set_value(3).run()
    app = offered(app)
    commands = [code.value for code in app.code]
    assert any("clfcore sweep" in text and "--space space.json --trials 3" in text for text in commands)
    assert any('"learning_rate": {"low": 0.001, "high":' in text and '"log": true' in text for text in commands)
    app.button(key="start search").click().run()
    assert not app.exception
    assert len(started) == 1
    [path] = list_studies()
    assert [dimension.field for dimension in read_study(path).space.dimensions] == [
        "recipe.learning_rate",
        "recipe.optimizer",
    ]


def offered(app: AppTest) -> AppTest:
    """The page when the search's form stands there."""
    return until(app, lambda app: any(box.key == "search fields" for box in app.multiselect))


class _Ended:
    """A worker that has ended."""

    stdin = None

    def poll(self) -> int:
        return 0


def test_a_range_that_cannot_be_is_refused_beside_it(open_page: Callable[..., AppTest]) -> None:
    app = offered(open_page("train", data="shapes:count=60", architecture="lenet5"))
    app.number_input(key="search recipe.learning_rate high").set_value(20.0).run()
    app = offered(app)
    assert any("recipe.learning_rate is 20" in error.value.replace("\\", "") for error in app.error)
    assert not any(button.key == "start search" for button in app.button)


def test_compare_shows_a_study_and_compares_its_best(open_page: Callable[..., AppTest]) -> None:
    result = sweep(small_config(epochs=1), SPACE, trials=4)
    app = open_page("compare")
    app.session_state["searches"] = True
    app = until(app.run(), lambda app: any(box.key == "search" for box in app.selectbox))
    assert not app.exception
    assert f"Best so far: run {result.best}" in words(app).replace("\\", "")
    app.button(key="compare best").click().run()
    assert not app.exception
    assert result.best in app.query_params["runs"]
