"""The network of fast CIFAR-10 training: whitened patches, a basis that is not trained, a run by its preset."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from clfcore.architectures.airbench import AirBench, WhiteningConv, whitening_layer
from clfcore.architectures.build import build
from clfcore.architectures.fuse import FoldedCopy
from clfcore.config import make
from clfcore.presets import preset
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute


@pytest.fixture
def images() -> Tensor:
    """Smooth ones, whose neighboring pixels are alike: 24 x 3 x 12 x 12, standardized."""
    x = torch.randn(24, 3, 12, 12, generator=torch.Generator().manual_seed(0)).cumsum(2).cumsum(3)
    return (x - x.mean()) / x.std()


@pytest.fixture
def network() -> AirBench:
    torch.manual_seed(0)
    return AirBench(columns=3, width=4)


def test_whitened_patches_vary_alike_and_together_in_no_pair(network: AirBench, images: Tensor) -> None:
    whitening = whitening_layer(network)
    assert whitening is network.whitening
    whitening.whiten(images)
    weights = network.whitening.weight
    torch.testing.assert_close(weights[:12], -weights[12:])
    of_patches = network.whitening(images)[:, :12].permute(1, 0, 2, 3).flatten(1)
    covariance = of_patches @ of_patches.T / of_patches.shape[1]
    patches = F.unfold(images, 2).transpose(1, 2).flatten(0, 1)
    variances = torch.linalg.eigvalsh(patches.T @ patches / len(patches)).flip(0)
    expected = torch.diag(variances / (variances + 5e-4))  # 1, but for directions that hardly vary
    torch.testing.assert_close(covariance, expected, rtol=0, atol=2e-3)


def test_the_basis_gets_no_gradient_and_its_bias_does(network: AirBench, images: Tensor) -> None:
    network.train()(images).square().sum().backward()
    assert network.whitening.weight.grad is None
    assert network.whitening.bias.grad is not None
    assert network.blocks[0].norm1.weight.grad is None


def test_other_networks_have_nothing_to_whiten() -> None:
    assert whitening_layer(build("lenet5", columns=3).module) is None


def test_its_batch_normalization_folds(network: AirBench, images: Tensor) -> None:
    network.train()(images)
    network.eval().requires_grad_(False)
    folded = FoldedCopy().of(network, images)
    assert folded is not network
    torch.testing.assert_close(folded(images), network(images), rtol=1e-4, atol=1e-5)


def test_a_run_by_the_preset_whitens_its_first_layer_by_its_own_images() -> None:
    recipe = preset("cifar10, fast").recipe.model_copy(update={"epochs": 2, "batch_size": 16, "learning_rate": 0.2})
    values = {"data": "shapes:count=60,side=16", "options": {"width": 4}, "recipe": recipe.model_dump()}
    run = create_run(make({**values, "architecture": "airbench", "strategy": "scratch"}))
    execute(run)
    assert run.state == "completed"
    from clfcore.runs.open_classifier import open_classifier

    first = open_classifier(run.id).module.whitening
    assert isinstance(first, WhiteningConv)
    lengths = first.weight.flatten(1).norm(dim=1)
    assert lengths[11] > 2 * lengths[0]  # by the data: a random basis has rows of one length
