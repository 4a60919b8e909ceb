"""The Train page opens with what suits the data, keeps what a person chose, and offers a network that fits."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.pages import until

PHOTOS, SMALL = "shapes:side=96,count=60", "shapes:count=60"


def ready(app: AppTest) -> AppTest:
    """The app when its data is read."""
    return until(app, lambda app: any(box.key == "architecture box" for box in app.selectbox))


def network(app: AppTest) -> str:
    return app.selectbox(key="architecture box").value


def words(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


@pytest.mark.parametrize(
    ("data", "name", "strategy"),
    [
        (PHOTOS, "efficientnet_lite0", "feature-extraction"),
        (SMALL, "vgg8_bn_small", "scratch"),
        ("shapes-multi-label:side=96,count=60", "efficientnet_lite0", "feature-extraction"),
        ("shapes-hierarchical:count=60", "vgg8_bn_small", "scratch"),
    ],
)
def test_train_opens_with_what_suits_the_data_and_says_why(
    open_page: Callable[..., AppTest], data: str, name: str, strategy: str
) -> None:
    app = ready(open_page("train", data=data))
    assert not app.exception
    assert not app.error
    assert network(app) == ""
    assert f"{name} · " in app.selectbox(key="architecture box").options[0]
    assert app.button_group(key="strategy box").value == strategy
    assert "The images are" in words(app)


def test_a_chosen_network_and_strategy_outlive_other_data(open_page: Callable[..., AppTest]) -> None:
    app = ready(open_page("train", data=PHOTOS))
    app.selectbox(key="architecture box").set_value("efficientnet_lite1").run()
    app.button_group(key="strategy box").set_value("fine-tuning").run()
    ready(app.text_input(key="data").set_value(SMALL).run())
    assert network(app) == "efficientnet_lite1"
    assert app.button_group(key="strategy box").value == "fine-tuning"
    app.selectbox(key="architecture box").set_value("efficientnet_lite2").run()
    assert app.button_group(key="strategy box").value == "fine-tuning"
    app.button_group(key="strategy box").set_value("scratch").run()
    app.selectbox(key="architecture box").set_value("").run()
    assert "vgg8_bn_small · " in app.selectbox(key="architecture box").options[0]


def test_a_misfit_offers_the_network_that_fits_and_keeps_the_plan(open_page: Callable[..., AppTest]) -> None:
    app = ready(open_page("train", data="digits", architecture="lenet5", strategy="feature-extraction"))
    assert "lenet5 has no published weights" in app.error[0].value
    assert "Plan with efficientnet_lite0" in [header.value for header in app.subheader]
    app.button(key="use fitting").click().run()
    assert not app.error
    assert network(app) == "efficientnet_lite0"
    assert app.button_group(key="strategy box").value == "feature-extraction"


def test_a_network_without_its_weights_here_offers_one_that_has_them(open_page: Callable[..., AppTest]) -> None:
    app = ready(open_page("train", data=PHOTOS, architecture="alexnet", strategy="feature-extraction"))
    assert "not on this machine" in words(app)
    app.button(key="use network here").click().run()
    assert network(app) == "efficientnet_lite0"
