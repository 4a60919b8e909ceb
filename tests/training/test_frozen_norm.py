"""Frozen batch normalization folded into its convolution: the same logits, the same gradients, nothing left behind."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from clfcore.architectures.build import build
from clfcore.training.depthwise import depthwise, is_wide_depthwise
from clfcore.training.frozen_norm import FrozenNorm


class Swapped(nn.Sequential):
    """Children that are not called in their order."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        convolution, norm = self[0], self[1]
        return convolution(norm(x)).mean((2, 3))


def shaken(module: nn.Module) -> nn.Module:
    """In double precision, with statistics, scales and shifts that are not those of a new layer."""
    torch.manual_seed(0)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for values in (layer.running_mean, layer.running_var, layer.weight.data, layer.bias.data):
                values.uniform_(0.5, 1.5)
    return module.double().eval()


def gradients(module: nn.Module, x: torch.Tensor, norm: FrozenNorm | None) -> tuple[torch.Tensor, list[torch.Tensor]]:
    module.zero_grad()
    if norm is None:
        logits = module(x)
    else:
        with norm.folded():
            logits = module(x)
    F.cross_entropy(logits, torch.arange(len(x)) % logits.shape[1]).backward()
    return logits.detach(), [p.grad.clone() for p in module.parameters() if p.grad is not None]


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet18"])
def test_the_fold_changes_neither_logits_nor_gradients(name: str) -> None:
    module = shaken(build(name, columns=3, image_size=32).module)
    x = torch.randn(3, 3, 32, 32, dtype=torch.double)
    norm = FrozenNorm(module)
    norm.check(x)
    calls = []
    layer = next(part for part in module.modules() if isinstance(part, nn.BatchNorm2d))
    layer.register_forward_hook(lambda part, inputs, output: calls.append(inputs[0]))
    plain, expected = gradients(module, x, None)
    folded, found = gradients(module, x, norm)
    assert not torch.equal(calls[0], calls[1]), "nothing was folded"
    torch.testing.assert_close(folded, plain, rtol=1e-9, atol=1e-9)
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-9)
    copied = copy.deepcopy(module)  # of which nothing may point back
    assert all("forward" not in part.__dict__ and "weight" not in part.__dict__ for part in copied.modules())


def test_children_that_are_called_in_another_order_are_not_folded() -> None:
    module = shaken(Swapped(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)))
    x = torch.randn(2, 4, 5, 5, dtype=torch.double)
    expected = module(x)
    norm = FrozenNorm(module)
    norm.check(x)
    with norm.folded():
        assert torch.equal(module(x), expected)


def test_batch_normalization_that_learns_its_statistics_is_not_folded() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).train()
    norm = FrozenNorm(module)
    with norm.folded():
        module(torch.randn(2, 3, 6, 6))
    assert module[1].num_batches_tracked == 1


@pytest.mark.parametrize(("size", "stride"), [(5, 1), (5, 2), (7, 1)])
def test_wide_depthwise_convolution_has_the_gradients_of_torch(size: int, stride: int) -> None:
    layer = nn.Conv2d(4, 4, size, stride=stride, padding=size // 2, groups=4).double()
    assert is_wide_depthwise(layer)
    assert not is_wide_depthwise(nn.Conv2d(4, 4, 3, padding=1, groups=4))
    x = torch.randn(2, 4, 9, 8, dtype=torch.double, requires_grad=True)
    inputs = (x, layer.weight, layer.bias)
    expected = layer(x)
    found = depthwise(*inputs, stride=layer.stride, padding=layer.padding)
    torch.testing.assert_close(found, expected)
    toward = torch.randn_like(expected)
    for a, b in zip(
        torch.autograd.grad(found, inputs, toward), torch.autograd.grad(expected, inputs, toward), strict=True
    ):
        torch.testing.assert_close(a, b)
