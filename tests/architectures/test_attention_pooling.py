"""The attention head on networks of several families: its map is beside the logits, and explains."""

import copy

import numpy as np
import pytest
import torch

from clfcore.architectures.attention_pooling import AttentionHead, with_attention_head
from clfcore.architectures.build import build
from clfcore.architectures.heads import head_name
from clfcore.architectures.stages import layer_groups, stages
from clfcore.errors import InputError


@pytest.mark.parametrize(
    ("name", "side"), [("lenet5", 28), ("resnet18_small", 32), ("mobilenet_v3_small", 64), ("efficientnet_lite0", 64)]
)
def test_any_network_with_maps_takes_it(name: str, side: int) -> None:
    torch.manual_seed(0)
    network = build(name, columns=7, image_size=side)
    last = stages(network.module)[-1][0]
    module = with_attention_head(network.module, 3, channels=3, side=side).eval()
    x = torch.randn(2, 3, side, side)
    logits, attention = module.with_map(x)
    assert logits.shape == (2, 3)
    assert attention.shape[:2] == (2, 1)
    assert ((attention > 0) & (attention < 1)).all()
    assert torch.equal(module(x), logits)
    assert stages(module)[-1][0] == f"network.{last}"  # explanations still look at the last maps
    assert layer_groups(module)[-1].name == "head"
    assert head_name(module).startswith("classifier.")
    named = {name for group in layer_groups(module) for name in group.parameters}
    assert named == {name for name, _ in module.named_parameters()}
    twin = copy.deepcopy(module)  # as averaged weights are
    with torch.no_grad():
        twin.classifier.layers[4].bias.add_(1)
    assert torch.equal(module(x), logits)
    assert not torch.equal(twin(x), logits)


def test_the_head_is_a_weighted_mean_of_places() -> None:
    """By hand: where the gate is open in one place alone, the maps of that place go on."""
    head = AttentionHead(2, 4).eval()
    maps = torch.randn(1, 2, 3, 3)
    with torch.no_grad():
        head.gate.weight.copy_(torch.tensor([[[[50.0]], [[0.0]]]]))
        head.gate.bias.fill_(-200.0)
        maps[0, 0] = 0
        maps[0, 0, 1, 2] = 8.0  # sigmoid(200) there, sigmoid(-200) elsewhere
        logits, attention = head(maps)
        assert logits[0].numpy() == pytest.approx(head.layers(maps[:, :, 1, 2])[0].numpy(), abs=1e-4)
    assert int(attention.flatten().argmax()) == 5


def test_all_parameters_of_the_head_learn() -> None:
    torch.manual_seed(0)
    module = with_attention_head(build("lenet5", columns=2, image_size=28).module, 2, channels=3, side=28)
    module(torch.randn(4, 3, 28, 28)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters())


def test_a_network_of_tokens_is_refused() -> None:
    network = build("vit_b_16", columns=2, image_size=32).module
    with pytest.raises(InputError, match="no feature maps"):
        with_attention_head(network, 2, channels=3, side=32)


def test_its_map_is_what_the_explanation_shows() -> None:
    from clfcore.classifier import Classifier
    from clfcore.explain.dispatch import explain
    from clfcore.task import single_label

    torch.manual_seed(0)
    network = build("resnet18_small", columns=2, image_size=32)
    module = with_attention_head(network.module, 2, channels=3, side=32).eval()
    classifier = Classifier("made", module, network.preprocess, single_label(["a", "b"]))
    square = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    found = explain(classifier, square, method="attention-head")
    _, attention = module.with_map(classifier.input(square[None]))
    low, high = (np.unravel_index(int(i), attention.shape[2:]) for i in (attention.argmin(), attention.argmax()))
    scale = 32 // attention.shape[-1]
    middle = scale // 2
    assert found.values[high[0] * scale + middle, high[1] * scale + middle] > 0.8
    assert found.values[low[0] * scale + middle, low[1] * scale + middle] < 0.2
