"""Before a launch and while it runs: the checks as buttons, presets, the schedule, a run's rate and gradient."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from clfcore.presets import PRESETS
from clfcore.runs.folder import Run
from tests.support.pages import finished

OpenPage = Callable[..., AppTest]


def test_one_batch_is_learned_and_a_first_batch_is_seen(open_page: OpenPage) -> None:
    app = finished(open_page("train", data="digits", architecture="lenet5"), "steps an epoch")
    next(button for button in app.button if button.label == "Overfit one batch").click()
    app = finished(app, "The network overfits one batch")
    next(button for button in app.button if button.label == "Preview a batch").click()
    app = finished(app, "network's input ranges from")
    assert not app.exception


def test_a_preset_fills_the_recipe_and_says_why(open_page: OpenPage) -> None:
    app = open_page("train", data="digits", architecture="lenet5")
    app.selectbox(key="preset").set_value("from scratch, small images")
    app = finished(app, PRESETS["from scratch, small images"].why[:20])
    epochs = next(box for box in app.number_input if box.label == "Epochs")
    assert epochs.value == 30
    assert any(box.label == "Warm-up share (one-cycle)" for box in app.number_input)
    assert not any(box.label == "Plateau patience" for box in app.number_input)


def test_a_run_tells_its_rate_gradient_and_memory(open_page: OpenPage, finished_run: Run) -> None:
    app = open_page("train", run=finished_run.id)
    told = " ".join(str(caption.value) for caption in app.caption)
    assert "gradient norm" in told
    assert "memory" in told
    assert "learning rate" in told
