import pytest
import timm
import torch
import torchvision
from torch import nn

from clfcore.errors import InputError
from clfcore.explain.dispatch import explain, stages
from clfcore.explain.target_layers import layer_candidates
from tests.explain.small_classifiers import picture, small_net, small_vit, stub

# name -> the layer that a person of the field would take, its layout and grid at the image size
TORCHVISION = {
    "alexnet": (224, "features.11", "channels-first", 13),
    "vgg11_bn": (64, "features.27", "channels-first", 4),
    "resnet18": (64, "layer4", "channels-first", 2),
    "densenet121": (64, "features", "channels-first", 2),
    "mobilenet_v3_small": (64, "features", "channels-first", 2),
    "efficientnet_b0": (64, "features", "channels-first", 2),
    "squeezenet1_1": (64, "features", "channels-first", 3),
    "swin_t": (64, "permute", "channels-first", 2),
    "convnext_tiny": (64, "features", "channels-first", 2),
}
TIMM = {
    "tf_efficientnet_lite0": (64, "bn2", "channels-first", 2),
    "resnet18": (64, "layer4", "channels-first", 2),
    "mobilenetv3_small_050": (64, "blocks", "channels-first", 2),
    "swin_tiny_patch4_window7_224": (224, "norm", "channels-last", 7),
    "vit_tiny_patch16_224": (224, "blocks.11.norm1", "tokens", 14),
    "deit_tiny_distilled_patch16_224": (224, "blocks.11.norm1", "tokens", 14),
    "pit_ti_224": (224, "transformers.2.blocks.3.norm1", "tokens", 7),
    "xcit_nano_12_p16_224": (224, "cls_attn_blocks.0", "tokens", 14),
    "mixer_s32_224": (224, "norm", "tokens", 7),
    "poolformer_s12": (64, "stages", "channels-first", 2),
    "pvt_v2_b0": (64, "stages", "channels-first", 2),
}


@pytest.mark.parametrize("name", TORCHVISION)
def test_the_automatic_layer_of_torchvisions_networks(name: str) -> None:
    size, layer, layout, rows = TORCHVISION[name]
    module = torchvision.models.get_model(name, weights=None, num_classes=4).eval()
    found = layer_candidates(module, torch.zeros(1, 3, size, size)).automatic
    assert (found.name, found.layout, found.rows, found.columns) == (layer, layout, rows, rows)


@pytest.mark.parametrize("name", TIMM)
def test_the_automatic_layer_of_timms_networks(name: str) -> None:
    size, layer, layout, rows = TIMM[name]
    module = timm.create_model(name, num_classes=4).eval()
    found = layer_candidates(module, torch.zeros(1, 3, size, size)).automatic
    assert (found.name, found.layout, found.rows, found.columns) == (layer, layout, rows, rows)


def test_stages_are_the_ends_of_blocks_not_their_insides() -> None:
    module = timm.create_model("tf_efficientnet_lite0", num_classes=4).eval()
    assert stages(stub(module, size=64, classes=4)) == ("blocks.0", "blocks.1", "blocks.2", "blocks.4", "bn2")


def test_prefix_tokens_are_left_out_and_places_keep_their_order() -> None:
    module = small_vit(reg_tokens=4)
    layer = layer_candidates(module, torch.zeros(1, 3, 32, 32)).automatic
    tokens = torch.arange(21.0)[None, :, None]  # class token, four registers, sixteen places
    assert layer.prefix == 5
    assert layer.as_map()(tokens)[0, 0].flatten().tolist() == list(range(5, 21))


def test_a_part_called_twice_is_not_chosen() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
            self.active, self.head = nn.ReLU(), nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.active(self.b(self.active(self.a(x)))).mean((2, 3)))

    assert layer_candidates(Twice(), torch.zeros(1, 3, 8, 8)).automatic.name == "b"


def test_an_altered_network_is_traced_anew() -> None:
    module = small_net()
    assert layer_candidates(module, torch.zeros(1, 3, 16, 16)).automatic.name == "4"
    module[5] = nn.Sequential(nn.Conv2d(8, 8, 3), nn.AdaptiveAvgPool2d(1))
    assert layer_candidates(module, torch.zeros(1, 3, 16, 16)).automatic.name == "5.0"


def test_refusals(net) -> None:
    with pytest.raises(InputError, match=r"layer is '9': stub has no such layer; choose one of 1, 4"):
        explain(net, picture(16), layer="9")
    with pytest.raises(InputError, match=r"layer is '7': its output is no single spatial map; choose one of 1, 4"):
        explain(net, picture(16), layer="7")
    flat = stub(nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 4)), size=16, classes=4)
    with pytest.raises(InputError, match="stub has no layer with a spatial map: choose a method that needs none"):
        explain(flat, picture(16))
