"""The strategy part of the Train page, and the way from a finished run to one that is trained further."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from clfcore.runs.folder import Run
from tests.support.pages import until, until_ready


def test_a_strategy_shows_what_it_can_be_told(open_page: Callable[..., AppTest]) -> None:
    app = open_page("train", data="digits", architecture="efficientnet_lite0")
    labels = [widget.label for widget in (*app.number_input, *app.text_input, *app.selectbox)]
    assert {"Head", "Views", "Weights"} <= set(labels)
    app.button_group(key="strategy box").set_value("progressive-unfreezing").run()
    assert not app.exception
    labels = [widget.label for widget in (*app.number_input, *app.text_input)]
    assert {"Unfreeze", "Backbone learning rate", "Group decay"} <= set(labels)


def test_a_network_without_weights_says_so_and_takes_ones_own(open_page: Callable[..., AppTest]) -> None:
    app = open_page("train", data="digits", architecture="lenet5")
    app.button_group(key="strategy box").set_value("fine-tuning").run()
    assert "lenet5 has no published weights" in app.error[0].value
    assert "Weights" in [widget.label for widget in app.text_input]


def test_a_finished_run_is_trained_further(open_page: Callable[..., AppTest], finished_run: Run) -> None:
    app = open_page("train", **{"from": finished_run.id})
    assert not app.exception
    assert not app.error
    assert any("Starts from the weights of lenet5 on digits" in c.value for c in app.caption)
    assert app.button_group(key="strategy box").value == "fine-tuning"


def test_the_plan_shows_what_trains_and_advises(open_page: Callable[..., AppTest]) -> None:
    app = open_page("train", data="digits", architecture="efficientnet_lite0")
    app.button_group(key="strategy box").set_value("progressive-unfreezing").run()
    until_ready(app)
    labels = [box.label for box in app.expander]
    assert {"What trains, when and how fast", "Which strategy fits?", "Find a learning rate"} <= set(labels)
    assert any("Start with **" in text.value for text in app.markdown)
    assert "Compare strategies on a sample" in [button.label for button in app.button]


def test_a_search_for_the_rate_is_drawn_and_taken(open_page: Callable[..., AppTest]) -> None:
    app = open_page("train", data="digits", architecture="lenet5")
    waited(app, "Search")
    next(button for button in app.button if button.label == "Search").click().run()
    waited(app, "Use 0", begins=True)
    next(button for button in app.button if button.label.startswith("Use 0")).click().run()
    assert not app.exception
    assert app.session_state["field recipe.learning_rate"] > 1e-6


def waited(app: AppTest, label: str, *, begins: bool = False) -> None:
    until(app, lambda app: any(b.label == label or (begins and b.label.startswith(label)) for b in app.button))


def test_a_fine_tuned_run_shows_how_far_it_moved_and_where_it_began(
    open_page: Callable[..., AppTest], finished_run: Run
) -> None:
    from clfcore.config import make
    from clfcore.runs.create import create_run
    from clfcore.runs.execute import execute

    values = {"data": "digits", "architecture": "lenet5", "weights": str(finished_run.path)}
    recipe = {"epochs": 2, "trainable_groups": 2, "learning_rate": 1e-3, "backbone_learning_rate": 1e-3}
    run = create_run(make({**values, "recipe": recipe}))
    execute(run)
    app = open_page("train", run=run.id)
    assert not app.exception
    assert any(finished_run.id in caption.value for caption in app.caption)
    moved = any(run.results.moved.values())
    assert ("Weight change by layer group" in [box.label for box in app.expander]) == moved
    assert "Train further" in [button.label for button in app.button]
