"""Synchronized batch normalization that a CPU can compute, in this process and in one that takes part in a run.

torch's own exists for GPUs alone; this one sums over the processes, differentiably, in double precision.
"""

import json
import os
import threading

import torch
from torch import Tensor, distributed, nn

from tests.support.forked_rank import ForkedRank


def forward(layer: nn.SyncBatchNorm, x: Tensor) -> Tensor:
    """What `SyncBatchNorm.forward` gives on GPUs."""
    if not layer.training or not distributed.is_initialized():
        mean, variance = layer.running_mean, layer.running_var
        if layer.training:
            raise AssertionError("one process trains with plain batch normalization")
        return nn.functional.batch_norm(x, mean, variance, layer.weight, layer.bias, False, 0.0, layer.eps)
    wide, width = x.double(), x.shape[1]
    sums = torch.cat([wide.sum((0, 2, 3)), wide.square().sum((0, 2, 3)), wide.new_tensor([x.numel() / width])])
    sums = _Sum.apply(sums)
    mean, square, count = sums[:width] / sums[-1], sums[width : 2 * width] / sums[-1], sums[-1].item()
    variance = square - mean.square()
    with torch.no_grad():
        layer.num_batches_tracked.add_(1)
        layer.running_mean.lerp_(mean.float(), layer.momentum)
        layer.running_var.lerp_((variance * count / (count - 1)).float(), layer.momentum)
    shape = (1, width, 1, 1)
    normal = (wide - mean.view(shape)) / (variance.view(shape) + layer.eps).sqrt()
    return normal.float() * layer.weight.view(shape) + layer.bias.view(shape)


class _Sum(torch.autograd.Function):
    """A tensor's sum over the processes: every process's loss depends on it, so gradients are summed too."""

    @staticmethod
    def forward(context: object, values: Tensor) -> Tensor:
        values = values.clone()
        distributed.all_reduce(values)
        return values

    @staticmethod
    def backward(context: object, gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        distributed.all_reduce(gradient)
        return gradient


class SynchronizedRank(ForkedRank):
    """A process of a run whose synchronized batch normalization is this module's."""

    work = staticmethod(lambda: _work)


def _work(receiver: object, said: str) -> None:
    from clfcore.runs.take_part import take_part

    nn.SyncBatchNorm.forward = forward
    place = json.loads(receiver.recv())
    threading.Thread(target=_ends_with_the_pipe, args=(receiver,), daemon=True).start()
    try:
        take_part(**place)
    except Exception as error:
        with open(said, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(f"{error}\n")
        os._exit(1)
    os._exit(0)


def _ends_with_the_pipe(receiver: object) -> None:
    try:
        receiver.recv()
    except EOFError:
        os._exit(1)
