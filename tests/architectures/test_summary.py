"""The layer table against torch's own flop counter, torchvision's metadata and numbers worked by hand."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from clfcore.architectures import summary
from clfcore.architectures.build import build
from clfcore.architectures.catalogue import architectures
from clfcore.architectures.shapes_alone import shapes_alone
from clfcore.errors import InputError
from tests.support.allocated import Allocated

QUICK = ("lenet5", "alexnet", "vgg16_bn", "resnet50", "mobilenet_v3_small", "efficientnet_lite0", "vit_b_16", "swin_t")
NAMES = [pytest.param(r.name, marks=[] if r.name in QUICK else pytest.mark.slow) for r in architectures()]


@pytest.mark.parametrize("name", NAMES)
def test_multiply_adds_agree_with_torchs_counter(name):
    found = summary.table(name)
    with shapes_alone():
        module = build(name, columns=found.classes, channels=found.channels).module.eval()
        with FlopCounterMode(display=False) as counter:
            module(torch.empty(1, found.channels, found.image_size, found.image_size))
    assert found.multiply_adds == pytest.approx(counter.get_total_flops() / 2, rel=0.01)
    assert sum(layer.parameters for layer in found.layers) == found.parameters
    assert sum(group.parameters for group in found.groups) == found.parameters


def test_multiply_adds_are_those_torchvision_publishes():
    from clfcore.architectures.published_accuracy import published

    for name in QUICK[1:5]:
        last = published(name)[-1]
        assert summary.table(name).multiply_adds == pytest.approx(last.multiply_adds, rel=0.01)


def test_lenet_by_hand():
    """LeCun et al. (1998), figure 2, with every second-layer map joined to every first-layer map."""
    found = summary.table("lenet5")
    rows = {layer.name: layer for layer in found.layers}
    first = rows["features.0"]
    assert (first.type, first.output_shape, first.parameters) == ("Conv2d", (6, 28, 28), 156)
    assert first.multiply_adds == 6 * 28 * 28 * 25
    assert first.activation_bytes == 6 * 28 * 28 * 4
    assert [rows[f"features.{n}"].receptive_field for n in (0, 2, 3, 5)] == [5, 6, 14, 16]
    assert rows["features.3"].multiply_adds == 16 * 10 * 10 * 25 * 6
    assert [group.name for group in found.groups] == ["stem", "stage_1", "neck", "head"]
    assert found.groups[-1].multiply_adds == 84 * 10


@pytest.mark.parametrize(("name", "field"), [("alexnet", 195), ("vgg16", 212), ("resnet18", 435)])
def test_receptive_fields_are_those_published(name, field):
    """Araujo et al., Computing receptive fields of convolutional neural networks, 2019, table 1 (and by hand)."""
    assert max(layer.receptive_field or 0 for layer in summary.layer_table(name)) == field


def test_attention_has_no_receptive_field():
    rows = {layer.name: layer.receptive_field for layer in summary.layer_table("vit_b_16")}
    assert rows.pop("conv_proj") == 16
    assert set(rows.values()) == {None}


def test_saved_memory_is_what_autograd_keeps():
    """One convolution, ReLU, pooling, linear: each keeps its input or its output, and the maps are one tensor."""
    options = {"layers": "4", "hidden": 0}
    found = summary.table("vgg", options=options, image_size=8, channels=3, classes=2)
    image, maps, pooled = 3 * 8 * 8, 4 * 8 * 8, 4
    assert found.saved_bytes == 4 * (image + maps + pooled)
    assert found.training_bytes(10) == 4 * 4 * found.parameters + 10 * found.saved_bytes


def test_the_table_follows_options_channels_and_classes():
    table = summary.table("vgg", options={"layers": "8,M,16"}, image_size=16, channels=1, classes=5)
    assert table.layers[0].parameters == 8 * 9 + 8
    assert table.layers[-1].output_shape == (5,)
    assert (table.image_size, table.channels, table.classes) == (16, 1, 5)
    with pytest.raises(InputError, match="image_size is 8: vgg11 needs at least 32"):
        summary.table("vgg11", image_size=8)


def test_no_weights_are_allocated():
    """VGG-19 would take 575 MB; its shapes take next to nothing."""
    with Allocated() as allocated:
        summary.table("vgg19", classes=999)
    assert allocated.bytes < 1_000_000


FAMILIES = ("resnet10t", "vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "convnext_atto", "mixer_s32_224")
FAMILIES += ("poolformer_s12", "pit_ti_224", "regnety_002", "levit_128s", "mobilevit_xxs", "xcit_nano_12_p16_224")
FAMILIES += ("fastvit_t8", "mobilenetv3_small_050", "densenet121", "ghostnet_050", "rexnet_100", "repvit_m0_9")
FAMILIES += ("edgenext_xx_small", "hgnetv2_b0", "coat_lite_tiny", "deit_tiny_distilled_patch16_224", "dla34")


@pytest.mark.parametrize(
    "name", [*FAMILIES[:3], *(pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES[3:])]
)
def test_timm_families_give_a_table_and_take_a_step(name):
    found = summary.table(f"timm/{name}", classes=3)
    with shapes_alone():  # the numbers are timm's
        module = build(f"timm/{name}", columns=3).module
    assert sum(layer.parameters for layer in found.layers) == sum(p.numel() for p in module.parameters())
    groups = summary.layer_groups(module)
    assert (groups[0].name, groups[-1].name) == ("stem", "head")
    assert len(groups) >= 4
    named = [parameter for group in groups for parameter in group.parameters]
    assert sorted(named) == sorted(parameter for parameter, _ in module.named_parameters())
    side = found.image_size
    with torch.device("meta"):
        torch.nn.functional.cross_entropy(module(torch.rand(2, 3, side, side)), torch.tensor([0, 1])).backward()
    assert module.get_parameter(groups[0].parameters[0]).grad is not None
