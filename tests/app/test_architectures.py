"""The Architectures page without a browser: every network, its options and sizes, refusals, and the way to Train."""

from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
import torchvision
from streamlit.testing.v1 import AppTest

from clfcore.architectures.catalogue import architectures
from tests.support.pages import until

OpenPage = Callable[..., AppTest]
WORK = ("Building the network", "Reading and checking", "Timing", "Computing", "Running")


def ready(app: AppTest) -> AppTest:
    """The page when no job is waited for."""
    return until(app, lambda app: not any(bar.proto.text.startswith(WORK) for bar in app.get("progress")))


def numbers(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def refused(app: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in app.error]


def text_of(app: AppTest) -> str:
    return "\n".join(element.value for kind in (app.markdown, app.caption, app.title) for element in kind)


@pytest.fixture
def opened(open_page: OpenPage) -> Callable[..., AppTest]:
    return lambda **address: ready(open_page("architectures", **address))


def test_a_network_shows_its_totals_its_layers_and_its_diagram(opened) -> None:
    app = opened(architecture="resnet18")
    module = torchvision.models.resnet18()
    assert numbers(app)["Parameters"] == f"{sum(p.numel() for p in module.parameters()):,}"
    titles = [expander.label for expander in app.expander]
    assert [t.split("*:")[0].strip("*") for t in titles if t.startswith("**")] == [
        "stem",
        "stage 1",
        "stage 2",
        "stage 3",
        "stage 4",
        "head",
    ]
    assert not app.dataframe, "a grid that nobody opened"
    for title in ("stem", "stage_1", "stage_2", "stage_3", "stage_4", "head"):
        app.session_state[f"fold {title}"] = True
    ready(app.run())
    names = [name for frame in app.dataframe for name in frame.value["name"]]
    with_parameters = {name.rpartition(".")[0] for name, _ in module.named_parameters()}
    assert with_parameters <= set(names)
    assert app.get("plotly_chart")


def test_every_catalogue_network_appears_from_shapes_alone(opened) -> None:
    app = opened(architecture="lenet5")
    for row in architectures():
        app.selectbox(key="architecture box").set_value(row.name)
        ready(app.run())
        assert not app.error
        assert numbers(app)["Parameters"] == f"{row.parameters:,}"


def test_options_come_from_the_address_and_change_the_network(opened) -> None:
    app = opened(architecture="vgg", option=["layers=8,M,16,M", "batch_norm=true", "hidden=0"], classes="10")
    assert numbers(app)["Parameters"] == f"{(3 * 9 + 1) * 8 + 16 + (8 * 9 + 1) * 16 + 32 + 17 * 10:,}"
    app.text_input(key="option vgg layers").set_value("8,M,32,M")
    ready(app.run())
    assert numbers(app)["Parameters"] == f"{(3 * 9 + 1) * 8 + 16 + (8 * 9 + 1) * 32 + 64 + 33 * 10:,}"
    assert app.query_params["option"] == ["layers=8,M,32,M", "batch_norm=true", "hidden=0"]
    app.session_state["commands"] = True
    ready(app.run())
    assert "--option layers=8,M,32,M --option batch_norm=true --option hidden=0" in app.code[0].value


def test_phi_scales_and_stands_beside_what_was_published(opened) -> None:
    app = opened(architecture="efficientnet", see="Scaling")
    app.slider(key="option efficientnet phi").set_value(1.0)
    ready(app.run())
    assert "depth × 1.2, width × 1.1, images of 258 pixels" in text_of(app)
    assert "1.920 (target 2)" in text_of(app)
    table = app.dataframe[0].value
    b1 = table[table["network"] == "efficientnet_b1"].iloc[0]
    assert (b1["depth"], b1["published depth"], b1["image"], b1["published image"]) == (1.2, 1.1, 258, 240)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ({"architecture": "vgg11", "side": "8"}, "image_size is 8: vgg11 needs at least 32"),
        ({"architecture": "vit_b_16", "side": "100"}, "needs a multiple of 16, such as 96 or 112"),
        ({"architecture": "vgg", "option": "layers=64,X,M"}, "1 to 64 widths from 1 to 2048"),
        ({"architecture": "vgg", "option": "layers=" + ",".join(["64"] * 3000)}, "1 to 64 widths"),
        ({"architecture": "vgg", "option": "layers=64,0,M"}, "1 to 64 widths from 1 to 2048"),
        ({"architecture": "resnet", "option": "depths=0,2"}, "whole numbers from 1 to 100"),
        ({"architecture": "resnet", "option": "depths=1000,1000"}, "whole numbers from 1 to 100"),
        ({"architecture": "resnet", "option": "width=-8"}, "a whole number from 4 to 256"),
        ({"architecture": "efficientnet", "option": "phi=-1"}, "a number from 0 to 7"),
        ({"architecture": "efficientnet", "option": "depth=3"}, "its options are phi, alpha, beta, gamma"),
        ({"architecture": "resnet81"}, "did you mean resnet18"),
    ],
)
def test_bad_input_is_one_plain_line_that_says_what_works(opened, address: dict, says: str) -> None:
    app = opened(**address)
    assert len(app.error) == 1
    assert says in refused(app)[0]
    assert len(refused(app)[0]) < 300


def test_what_is_typed_wrong_is_refused_beside_its_cause(opened) -> None:
    app = opened(architecture="vgg")
    app.text_input(key="option vgg layers").set_value("64,,M")
    ready(app.run())
    assert len(app.error) == 1
    assert "option layers is '64,,M'" in refused(app)[0]
    assert not [link for link in app.get("page_link") if "Train this" in link.proto.label]
    app.text_input(key="option vgg layers").set_value("64,M")
    ready(app.run())
    assert not app.error


def test_two_networks_stand_side_by_side(opened) -> None:
    app = opened(architecture="resnet18", see="Side by side", beside="resnet34")
    table = next(frame.value for frame in app.dataframe if "ratio" in frame.value)
    row = table[table["what"] == "parameters"].iloc[0]
    assert (row["resnet18"], row["resnet34"]) == ("11,689,512", "21,797,672")
    assert row["ratio"] == f"{21_797_672 / 11_689_512:.3g}"
    assert table[table["what"] == "stem"].iloc[0][""] == ""


def test_timm_is_searched_by_a_part_of_the_name(opened) -> None:
    app = opened(architecture="lenet5")
    app.session_state["architecture browse"] = True
    ready(app.run())
    app.text_input(key="architecture browse text").set_value("maxvit_tiny")
    ready(app.run())
    names = [name for frame in app.dataframe if "family" in frame.value for name in frame.value["name"]]
    assert "timm/maxvit_tiny_tf_224" in names


def test_idea_paper_and_source_are_shown(opened) -> None:
    app = opened(architecture="resnet50", see="Idea and source")
    assert "Kaiming He" in text_of(app)
    assert "https://arxiv.org/abs/1512.03385" in text_of(app)
    assert any("class BasicBlock" in code.value for code in app.code)


def test_train_takes_over_the_network_and_its_options(open_page: OpenPage) -> None:
    app = open_page("train", data="digits", architecture="vgg", option=["layers=8,M,16,M", "hidden=0"])
    app = ready(app)
    assert app.text_input(key="option vgg layers").value == "8,M,16,M"
    assert any("--option layers=8,M,16,M --option hidden=0" in code.value for code in app.code)


def test_train_this_hands_over_the_network_and_its_options(opened) -> None:
    app = opened(architecture="vgg", option=["layers=8,M,16,M", "batch_norm=true"])
    link = next(link.proto for link in app.get("page_link") if "Train this" in link.proto.label)
    assert parse_qs(link.query_string) == {"architecture": ["vgg"], "option": ["layers=8,M,16,M", "batch_norm=true"]}


@pytest.mark.slow
def test_maps_speed_gradients_and_timeline_are_shown(opened) -> None:
    app = opened(architecture="lenet5", see="Inside")
    assert "stage 1" in text_of(app)
    assert "First layer's filters" in text_of(app)
    app = opened(architecture="lenet5", see="Speed")
    app.button(key="measure").click()
    ready(app.run())
    assert list(app.dataframe[0].value["batch"]) == [1, 16]
    app = opened(architecture="lenet5", see="Timeline")
    assert len(app.get("plotly_chart")) == 2
    assert "year is that of the paper" in text_of(app)
    app = opened(architecture="lenet5", see="Timeline", against="Multiply-adds")  # a link from before the years
    assert "Left out, as no ImageNet accuracy is published with their weights: lenet5, " in text_of(app)
    app = opened(architecture="lenet5", see="Gradients")
    app.button(key="gradients").click()
    ready(app.run())
    assert len(app.get("plotly_chart")) == 4  # the diagram, two of gradients, the losses of the trained networks
    app.get("button_group")[-1].set_value("lenet5").run()
    app.button(key="gradients").click()
    ready(app.run())
    assert "lenet5: " in text_of(app)


def test_a_transformer_is_shown_as_patches_and_tokens(opened) -> None:
    app = opened(architecture="timm/test_vit", side="64", see="Patches and tokens")
    assert "4 × 4 patches of 16 × 16 pixels" in text_of(app)
    assert "the network's own: class token" in text_of(app)
    assert "Untrained: these weights are random" in text_of(app)
    assert "prefix tokens have no place" in text_of(app)
    app.selectbox(key="token query").set_value(7)
    app.selectbox(key="token head 2").set_value(1)
    ready(app.run())
    assert "patch 2, 3" in text_of(app)
    assert "head 2" in text_of(app)
    assert "Cosine similarity" in text_of(app)
    app = opened(architecture="resnet18", see="Patches and tokens")
    assert any("does not attend from every patch to every patch" in text for text in refused(app))


def test_samples_suit_the_network(opened) -> None:
    app = opened(architecture="lenet5", see="Feature maps")
    sample = app.get("button_group")[-1]
    assert len(sample.options) == 6
    assert set(sample.options) <= set("0123456789")
    app = opened(architecture="resnet18", see="Feature maps")
    assert "cat" in app.get("button_group")[-1].options
    app = opened(architecture="resnet18", see="Feature maps", channels="1")  # it takes gray pictures
    assert set(app.get("button_group")[-1].options) <= set("0123456789")
