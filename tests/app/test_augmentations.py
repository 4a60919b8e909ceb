"""The Augmentations page: every look without an exception, steps that can be changed, policies that are kept."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from clfcore.augment.policies import policy
from clfcore.augment.policy import step
from clfcore.augment.saved_policies import load_policy
from pages.augmentations.previews import LOOKS

OpenPage = Callable[..., AppTest]


def looked_at(open_page: OpenPage, look: str) -> AppTest:
    app = open_page("augmentations", data="digits")
    control = next(group for group in app.button_group if look in group.options)
    return control.set_value(look).run()


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_is_drawn(open_page: OpenPage, look: str) -> None:
    app = looked_at(open_page, look)
    assert not app.exception
    assert not app.error


def test_the_original_and_a_view_an_epoch_are_shown(open_page: OpenPage) -> None:
    app = open_page("augmentations", data="digits")
    html = next(block for block in app.get("html") if "clf-cards" in block.proto.body).proto.body
    assert html.count('clf-card"') == 18
    assert "Original" in html
    assert "Epoch 17" in html


@pytest.mark.parametrize(("data", "policy"), [("digits", "digits"), ("clothing-small", "none"), ("shapes", "small")])
def test_the_page_opens_with_the_policy_that_training_would_take(open_page: OpenPage, data: str, policy: str) -> None:
    app = open_page("augmentations", data=data)
    while any("Reading and checking" in element.proto.text for element in app.get("progress")):
        app.run()
    assert app.selectbox(key="policy").value == policy
    assert not app.warning


def test_a_flip_of_digits_is_warned_of_until_the_labels_are_said_to_survive(open_page: OpenPage) -> None:
    app = open_page("augmentations", data="digits", policy="basic")
    assert any("horizontal flip" in warning.value for warning in app.warning)
    app.multiselect(key="policy safe").set_value(["horizontal-flip"]).run()
    assert not app.warning


def test_a_changed_policy_is_saved_under_a_name_and_offered(open_page: OpenPage) -> None:
    app = open_page("augmentations", data="digits", policy="basic")
    zoom = next(slider for slider in app.slider if slider.label == "Zoom")
    zoom.set_value(1.5).run()
    app.text_input(key="policy name").set_value("mine").run()
    next(button for button in app.button if button.label == "Save").click().run()
    assert not app.exception
    assert load_policy("mine").steps[0]["zoom"] == 1.5


def test_a_name_that_is_taken_is_refused_in_a_line(open_page: OpenPage) -> None:
    app = open_page("augmentations", data="digits")
    app.text_input(key="policy name").set_value("basic").run()
    next(button for button in app.button if button.label == "Save").click().run()
    assert "comes with the lab" in app.error[0].value


def test_steps_are_added_moved_and_removed(open_page: OpenPage) -> None:
    app = open_page("augmentations", data="digits", policy="basic")
    app.selectbox(key="policy add").set_value("erasing").run()
    kinds = [step["step"] for _, step in app.session_state["policy steps"]]
    assert kinds == ["crop", "horizontal-flip", "colour-jitter", "rotation", "erasing"]
    app.selectbox(key="policy add").set_value("shift").run()
    kinds = [step["step"] for _, step in app.session_state["policy steps"]]
    assert kinds[-2:] == ["shift", "erasing"]
    next(button for button in app.button if (button.key or "").startswith("off")).click().run()
    assert app.session_state["policy steps"][0][1]["step"] == "horizontal-flip"
    assert not app.exception


def test_a_pasted_policy_takes_the_place_of_the_steps_or_is_refused_in_a_line(open_page: OpenPage) -> None:
    app = open_page("augmentations", data="digits")
    wanted = policy([{"step": "rotation", "degrees": 30}, "erasing"])
    app.text_area(key="policy text").set_value(wanted.as_json()).run()
    found = [step(values) for _, values in app.session_state["policy steps"]]
    assert tuple(found) == wanted.steps
    assert [slider.value for slider in app.slider if slider.label == "Degrees"] == [30]
    app.text_area(key="policy text").set_value(wanted.as_json().replace('"version": 1', '"version": 7')).run()
    assert "version is 7" in app.error[0].value
    assert [values["step"] for _, values in app.session_state["policy steps"]] == ["rotation", "erasing"]
    assert not app.exception


def test_alphas_are_handed_to_train(open_page: OpenPage) -> None:
    app = looked_at(open_page, "Mixup and CutMix")
    next(slider for slider in app.slider if slider.label == "Mixup alpha").set_value(0.4).run()
    next(button for button in app.button if button.label == "Use these alphas in Train").click().run()
    assert not app.exception
    fields = {box.key: box.value for box in app.number_input}
    assert (fields["field recipe.mixup"], fields["field recipe.cutmix"]) == (0.4, 1.0)
