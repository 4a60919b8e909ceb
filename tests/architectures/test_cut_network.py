"""Networks cut behind their frozen stages: the same logits from the activations, and whatever cannot be cut says so."""

import pytest
import torch
from torch import nn

from clfcore.architectures.build import build
from clfcore.architectures.cut_network import NotCuttable, cut
from clfcore.architectures.stages import layer_groups
from clfcore.training.phases import frozen_parts


def frozen_behind(module: nn.Module, count: int) -> list[str]:
    """Freeze the first groups as training does; their names."""
    groups = layer_groups(module)
    for place, group in enumerate(groups):
        for name in group.parameters:
            module.get_parameter(name).requires_grad_(place >= count)
    module.train()
    for part in frozen_parts(module):
        part.eval()
    return [group.name for group in groups[:count]]


@pytest.mark.parametrize(
    "name", ["lenet5", "resnet18_small", "densenet121", "mobilenet_v3_small", "vit_b_16", "swin_t", "convnext_tiny"]
)
def test_activations_and_rest_make_the_logits_of_the_whole(name: str) -> None:
    module = build(name, columns=3, image_size=32).module.to(memory_format=torch.channels_last)
    x = torch.randn(3, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    count = len([group for group in layer_groups(module) if group.name.startswith(("stem", "stage"))])
    for frozen in {1, count // 2, count}:
        names = frozen_behind(module, max(1, frozen))
        network = cut(module, names, x)
        modes = {part: part.training for part in module.modules()}
        network = cut(module, names, x)
        assert {part: part.training for part in module.modules()} == modes
        module.eval()
        with torch.no_grad():
            activations = network.activations(x)
            before = activations.clone()
            assert activations.shape[1:] == network.shape
            assert torch.equal(network.logits(activations), module(x))
        assert torch.equal(activations, before), "the rest of the network worked in place"
        assert not any("forward" in part.__dict__ for part in module.modules())


def test_gradients_behind_the_cut_are_those_of_the_whole() -> None:
    module = build("resnet18_small", columns=3, image_size=32).module
    x = torch.randn(2, 3, 32, 32)
    network = cut(module, frozen_behind(module, 3), x)
    module(x).sum().backward()
    expected = {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None}
    module.zero_grad()
    with torch.no_grad():
        activations = network.activations(x)
    network.logits(activations).sum().backward()
    gradients = {name: p.grad for name, p in module.named_parameters() if p.grad is not None}
    assert gradients.keys() == expected.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-5, atol=1e-6)


class Skipping(nn.Module):
    """Its last stage reads the stem's output too."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, 2, 1)
        self.layer1 = nn.Conv2d(4, 4, 3, 2, 1)
        self.layer2 = nn.Conv2d(4, 4, 3, 2, 1)
        self.fc = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        early = self.conv(x)
        return self.fc(self.layer2(self.layer1(early)).mean((2, 3)) + early.mean((2, 3)))


class Dropping(nn.Sequential):
    """Draws at random between two frozen layers, in a part without parameters."""

    def __init__(self) -> None:
        layers = [nn.Conv2d(3, 4, 3, 2, 1), nn.Dropout(0.5), nn.Conv2d(4, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 2, 1)]
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


@pytest.mark.parametrize(
    ("module", "count", "reason"),
    [
        (Skipping(), 2, "read more than the output"),
        (Dropping(), 2, "draws at random"),
        (Skipping(), 0, "nothing before"),
    ],
)
def test_what_cannot_be_cut_says_why(module: nn.Module, count: int, reason: str) -> None:
    with pytest.raises(NotCuttable, match=reason):
        cut(module, frozen_behind(module, count), torch.randn(2, 3, 16, 16))
