"""The catalogue against the networks themselves: counts, weights, smallest sizes; lookups and refusals."""

import re
import subprocess
import sys

import pytest
import torch
import torchvision

from clfcore.architectures import pretrained, weights_index
from clfcore.architectures.build import build
from clfcore.architectures.catalogue import architecture, architectures, configured, weights_at_hand
from clfcore.architectures.families import FAMILIES
from clfcore.architectures.search import nearest_networks, search
from clfcore.architectures.shapes_alone import shapes_alone
from clfcore.errors import InputError

ROWS = architectures()
TORCHVISION = [row for row in ROWS if row.source == "torchvision"]
NAMED = (
    "lenet5 alexnet vgg11 vgg13 vgg16 vgg19 vgg11_bn vgg13_bn vgg16_bn vgg19_bn resnet18 resnet34 resnet50 resnet101 "
    "resnet152 mobilenet_v3_small mobilenet_v3_large efficientnet_b0 efficientnet_b1 efficientnet_b2 efficientnet_b3 "
    "efficientnet_b4 efficientnet_b5 efficientnet_b6 efficientnet_b7 efficientnet_lite0 efficientnet_lite1 "
    "efficientnet_lite2 convnext_tiny densenet121 vit_b_16 swin_t resnet18_small "
    "vgg8_bn_small vgg16_bn_small mnasnet1_0 vgg resnet efficientnet"
)


def names(rows) -> list[str]:
    return [row.name for row in rows]


def test_every_promised_network_is_there_once():
    assert set(NAMED.split()) <= set(names(ROWS))
    assert len(set(names(ROWS))) == len(ROWS)


SLOW_TO_BUILD = {"resnet101", "resnet152", *(f"efficientnet_b{n}" for n in range(1, 8))}
SIZED = [pytest.param(row, id=row.name, marks=[pytest.mark.slow] * (row.name in SLOW_TO_BUILD)) for row in ROWS]


@pytest.mark.parametrize("row", SIZED)
def test_parameters_are_those_of_the_network(row):
    with shapes_alone():
        module = build(row.name, columns=row.classes, channels=row.channels).module
    assert sum(parameter.numel() for parameter in module.parameters()) == row.parameters


@pytest.mark.parametrize("row", TORCHVISION, ids=names(TORCHVISION))
def test_row_agrees_with_torchvision(row):
    """Parameters, names of weights, file and side against torchvision's metadata."""
    weights = torchvision.models.get_model_weights(row.name)
    assert row.parameters == weights.DEFAULT.meta["num_params"]
    assert row.native_image == weights.DEFAULT.transforms().crop_size[0]
    assert row.default_weights == weights.DEFAULT.name
    assert row.weights_file == weights.DEFAULT.url.rpartition("/")[2]
    assert set(row.weights) == {entry.name for entry in weights if re.fullmatch(r"IMAGENET1K_V\d", entry.name)}


@pytest.mark.parametrize("row", SIZED)
def test_smallest_image_is_the_smallest_that_trains(row):
    """Runs at the stated side, and fails one step below it where it is not one pixel."""
    side, step = row.smallest_image, row.multiple
    with shapes_alone():
        module = build(row.name, columns=3, channels=row.channels, image_size=side).module.train()
        assert module(torch.empty(2, row.channels, side, side)).shape == (2, 3)
        if side > step and row.name not in ("lenet5", "vit_b_16"):  # those are built for one size
            with pytest.raises(RuntimeError):
                module(torch.empty(2, row.channels, side - step, side - step))
    if side > step:
        with pytest.raises(InputError, match=f"image_size is {side - step}: {row.name} needs at least {side}"):
            build(row.name, columns=3, image_size=side - step)


def test_published_counts_of_the_papers():
    """LeNet-5, VGG-16, ResNet-50 and EfficientNet-B0 as the issue names them."""
    counts = {"lenet5": 61_706, "alexnet": 61_100_840, "vgg16": 138_357_544, "vgg16_bn": 138_365_992}
    counts |= {"resnet50": 25_557_032, "efficientnet_b0": 5_288_548}
    assert {name: architecture(name).parameters for name in counts} == counts


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(InputError, match=re.escape("architecture is 'resnet81'") + ".*did you mean resnet18"):
        architecture("resnet81")
    with pytest.raises(InputError, match=r"timm has no such network .did you mean timm/resnet50"):
        architecture("timm/resnet5")
    with pytest.raises(InputError, match="did you mean timm/vit_tiny_patch16_224"):
        architecture("vit_tiny_patch16_224")


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("vit", "vit_b_16"),
        ("effnet b0", "efficientnet_b0"),
        ("Vision Transformer", "vit_b_16"),
        ("2012", "alexnet"),
        ("resnet 2015", "resnet18"),
        ("ResNet-50", "resnet50"),
        ("convnext tny", "convnext_tiny"),
        ("lenet", "lenet5"),
        ("timm/resnet18", "timm/resnet18"),
    ],
)
def test_search_takes_any_part_of_name_family_and_year(typed: str, first: str) -> None:
    assert search(typed)[0].name == first


def test_what_search_does_not_find_has_near_names() -> None:
    assert search("resnet81") == ()
    assert nearest_networks("resnet81")[0].name == "resnet18"
    assert search("xyzzy") == nearest_networks("xyzzy") == ()


def test_search_covers_timm_without_importing_torch():
    code = (
        "import sys; from clfcore.architectures.catalogue import weights_at_hand, architecture;"
        "from clfcore.architectures.search import search;"
        "names = [row.name for row in search('ResNet18')];"
        "assert 'resnet18' in names and 'timm/resnet18' in names, names;"
        "assert weights_at_hand('efficientnet_lite0') and not weights_at_hand('timm/resnet18');"
        "assert architecture('timm/resnet18').parameters == 11689512;"
        "assert architecture('resnet18').about.block;"
        "assert not {'torch', 'timm', 'torchvision'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_weights_at_hand_sees_a_downloaded_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    assert not weights_at_hand("resnet18")
    assert not weights_at_hand("timm/resnet10t")
    assert not weights_at_hand("lenet5")
    for file in (
        "hub/checkpoints/resnet18-f37072fd.pth",
        "hf/hub/models--timm--resnet10t.c3_in1k/snapshots/a/model.safetensors",
    ):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).touch()
    assert weights_at_hand("resnet18")
    assert weights_at_hand("timm/resnet10t")
    assert weights_at_hand("timm/resnet10t.c3_in1k")


def test_stored_list_of_timm_is_timms():
    import timm

    rows = {row.name.removeprefix("timm/"): row for row in search("timm/")}
    assert set(timm.list_models()) <= set(rows)
    for name in ("resnet50", "vit_base_patch16_224", "convnext_tiny", "mobilenetv3_large_100"):
        config = timm.get_pretrained_cfg(name)
        assert rows[name].default_weights == config.tag
        assert rows[name].native_image == config.input_size[-1]
        with shapes_alone():
            assert rows[name].parameters == sum(
                p.numel() for p in timm.create_model(name, num_classes=1000).parameters()
            )


def test_each_family_has_its_paper_idea_and_source():
    from clfcore.architectures.papers import source

    for row in ROWS:
        about = row.about
        assert about is FAMILIES[row.family]
        assert about.paper.authors
        assert about.paper.url.startswith("https://")
        assert about.solved
        assert len(re.findall(r"[.] |[.]$|[.)] ", about.idea)) >= 3
        assert about.block.partition(":")[2] in source(row.name).splitlines()[0]


def test_options_move_the_image_size():
    assert configured("efficientnet", {"phi": 1})[0].native_image == 258  # 224 x 1.15
    assert configured("vgg", {"layers": "8,M,8,M"})[0].smallest_image == 4
    assert configured("resnet18")[1] == {}


def test_a_networks_size_is_that_of_its_published_weights_wherever_it_is_shown() -> None:
    for name in ("resnet50", "vit_b_16", "timm/vit_tiny_patch16_224"):
        row = architecture(name)
        known = weights_index.find(name, row.default_weights)
        assert known is not None
        assert pretrained.size(row) == known.bytes
    lite = architecture("efficientnet_lite0")
    assert pretrained.size(lite) == pretrained.weights_file(lite, "packaged").stat().st_size
    assert pretrained.size(architecture("lenet5")) == 4 * 61_706  # nothing is published: its float32 parameters
