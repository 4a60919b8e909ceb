"""Folding batch normalization: the same logits, from a copy that follows its network."""

import pytest
import torch
from torch import Tensor, nn

from clfcore.architectures.build import build
from clfcore.architectures.fuse import FoldedCopy, PaddedInside


def with_statistics(module: nn.Module) -> nn.Module:
    """In eval mode, with batch normalization that does something."""
    generator = torch.Generator().manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(generator=generator)
            part.running_var.uniform_(0.5, 2, generator=generator)
            nn.init.uniform_(part.weight, 0.5, 1.5, generator=generator)
    return module.eval().requires_grad_(False)


def norms(module: nn.Module) -> int:
    return sum(isinstance(part, nn.BatchNorm2d) for part in module.modules())


@pytest.fixture
def network() -> nn.Module:
    options = {"depths": "1,1", "width": "4", "stem": "small"}
    return with_statistics(build("resnet", columns=3, image_size=8, options=options).module)


@pytest.fixture
def x() -> Tensor:
    return torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def test_a_folded_copy_has_the_same_logits_and_shares_what_it_can(network: nn.Module, x: Tensor) -> None:
    folded = FoldedCopy().of(network, x)
    assert norms(network) > 0 == norms(folded)
    torch.testing.assert_close(folded(x), network(x), rtol=1e-5, atol=1e-5)
    assert folded.fc.weight is network.fc.weight


def test_a_copy_is_kept_until_a_weight_or_a_statistic_changes(network: nn.Module, x: Tensor) -> None:
    copies = FoldedCopy()
    folded = copies.of(network, x)
    assert copies.of(network, x) is folded
    for tensor in (network.conv1.weight, network.bn1.running_mean):
        tensor.add_(0.5)
        torch.testing.assert_close(copies.of(network, x)(x), network(x), rtol=1e-5, atol=1e-5)


class Branches(nn.Module):
    """A convolution whose output goes two ways, one of them past the normalization that stands after it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return (x + self.norm(x)).mean((2, 3))


def test_where_folding_would_move_the_logits_the_network_itself_computes(x: Tensor) -> None:
    network = with_statistics(Branches())
    assert FoldedCopy().of(network, x) is network


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("size", [(8, 8), (7, 7), (2, 6), (9, 8)])
def test_same_padding_inside_a_convolution_gives_the_same_values(kernel: int, size: tuple[int, int]) -> None:
    from timm.layers import create_conv2d

    torch.manual_seed(0)
    plain = nn.Sequential(create_conv2d(4, 8, kernel, stride=2, padding="same", bias=True, depthwise=False))
    plain.requires_grad_(False)
    x = torch.randn(2, 4, *size)
    folded = FoldedCopy().of(plain, x)
    assert any(isinstance(part, PaddedInside) for part in folded.modules())
    torch.testing.assert_close(folded(x), plain(x), rtol=1e-5, atol=1e-6)


def test_other_convolutions_of_same_padding_stay(x: Tensor) -> None:
    from timm.layers import create_conv2d

    plain = nn.Sequential(create_conv2d(3, 4, 3, stride=1, padding="same"), create_conv2d(4, 4, 1, stride=2))
    folded = FoldedCopy().of(plain.requires_grad_(False), x)
    assert not any(isinstance(part, PaddedInside) for part in folded.modules())
