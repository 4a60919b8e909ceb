"""The strategy part of the Train page, and the way from a finished run to one that is trained further."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from clfcore.runs.store import Run


def test_a_strategy_shows_what_it_can_be_told(open_page: Callable[..., AppTest]) -> None:
    app = open_page("train", data="digits", architecture="efficientnet_lite0")
    labels = [widget.label for widget in (*app.number_input, *app.text_input, *app.selectbox)]
    assert {"Head", "Views", "Weights"} <= set(labels)
    app.button_group[0].set_value("progressive-unfreezing").run()
    assert not app.exception
    labels = [widget.label for widget in (*app.number_input, *app.text_input)]
    assert {"Unfreeze", "Backbone learning rate", "Group decay"} <= set(labels)


def test_a_network_without_weights_says_so_and_takes_ones_own(open_page: Callable[..., AppTest]) -> None:
    app = open_page("train", data="digits", architecture="lenet5")
    app.button_group[0].set_value("fine-tuning").run()
    assert "lenet5 has no published weights" in app.error[0].value
    assert "Weights" in [widget.label for widget in app.text_input]


def test_a_finished_run_is_trained_further(open_page: Callable[..., AppTest], finished_run: Run) -> None:
    app = open_page("train", **{"from": finished_run.id})
    assert not app.exception
    assert not app.error
    assert any("Begins with the weights of lenet5 on digits" in c.value for c in app.caption)
    assert app.button_group[0].value == "fine-tuning"
