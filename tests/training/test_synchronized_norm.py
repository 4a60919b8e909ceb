"""Synchronized batch normalization: the same tensors in other layers, and the same network once they are put back."""

import copy

import pytest
import torch
from torch import nn

from clfcore.architectures.build import build
from clfcore.errors import InputError
from clfcore.training.batch_statistics import BatchStatistics
from clfcore.training.loop import averaged_model
from clfcore.training.synchronized_norm import check_synchronizable, synchronize

NETWORKS = {"resnet18_small": 32, "timm/mobilenetv3_small_050": 32}


def made(name: str) -> nn.Module:
    torch.manual_seed(0)
    return build(name, columns=3, image_size=NETWORKS[name]).module


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_are_replaced_with_their_own_tensors_and_put_back(name: str) -> None:
    module, x = made(name), torch.randn(4, 3, 32, 32)
    layers = {path: part for path, part in module.named_modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)}
    tensors = dict(module.state_dict(keep_vars=True))
    parameters = [*module.named_parameters()]
    plain = copy.deepcopy(module).eval()

    restore = synchronize(module)
    assert all(isinstance(module.get_submodule(path), nn.SyncBatchNorm) for path in layers)
    assert [*module.named_parameters()] == parameters
    assert all(module.state_dict(keep_vars=True)[path] is tensor for path, tensor in tensors.items())
    with torch.no_grad():
        torch.testing.assert_close(module.eval()(x), plain(x), rtol=0, atol=0)
        averaged = averaged_model(module, 0.9).module  # as validation sees it
        torch.testing.assert_close(averaged(x), plain(x), rtol=0, atol=0)
    assert {*averaged.state_dict()} == {*plain.state_dict()}

    restore()
    assert all(module.get_submodule(path) is layer for path, layer in layers.items())
    assert not any(layer.training for layer in layers.values())  # as the layers that stood there
    module.train()
    module(x)
    assert all(layer.num_batches_tracked == 1 for layer in layers.values())


@pytest.mark.parametrize("name", NETWORKS)
def test_without_other_processes_it_trains_as_the_plain_layers_do(name: str) -> None:
    plain, module, x = made(name), made(name), torch.randn(4, 3, 32, 32)
    synchronize(module)
    for network in (plain, module):
        torch.manual_seed(1)  # of dropout
        network.train()(x).square().sum().backward()
    for (path, expected), actual in zip(plain.named_parameters(), module.parameters(), strict=True):
        torch.testing.assert_close(actual.grad, expected.grad, rtol=0, atol=0, msg=path)
    assert all(torch.equal(a, b) for a, b in zip(plain.buffers(), module.buffers(), strict=True))


def test_the_chain_of_slices_leaves_it_alone() -> None:
    module = nn.Sequential(nn.Conv2d(3, 5, 1), nn.BatchNorm2d(5), nn.Sequential(nn.BatchNorm2d(5)))
    assert len(BatchStatistics(module).layers) == 2
    synchronize(module)
    assert BatchStatistics(module).layers == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lenet5", "recipe.sync_batch_norm is true: lenet5 has no batch normalization; leave it out"),
        ("airbench", "airbench has batch normalization of its own kind .ShiftNorm.; leave it out"),
    ],
)
def test_a_network_without_such_layers_is_refused(name: str, message: str) -> None:
    module = build(name, columns=3, image_size=32).module
    with pytest.raises(InputError, match=message):
        check_synchronizable(module, name)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_torch_and_timm_are_taken(name: str) -> None:
    check_synchronizable(made(name), name)
