"""Running statistics of batch normalization over a step of several slices, each counted in its order.

A layer updates its running mean and variance at each forward pass, so that slices shown in several processes would
leave each with other statistics. Here a layer shows each slice's own mean and variance instead (momentum 1), and one
chain over all slices, in their order, makes the running ones: the same whether one process showed them or several.
"""

import contextlib
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class BatchStatistics:
    """The running statistics of a network's batch normalization that trains, as one vector."""

    def __init__(self, model: nn.Module) -> None:
        """model: in training mode."""
        self.layers = [layer for layer in model.modules() if isinstance(layer, _BatchNorm) and _chained(layer)]
        self._momenta = [float(layer.momentum or 0) for layer in self.layers]
        self._buffers = [
            buffer for layer in self.layers for buffer in (layer.running_mean, layer.running_var) if buffer is not None
        ]
        self.size = sum(buffer.numel() for buffer in self._buffers)
        if self.layers:
            self._running = self.read()
            self._weights = torch.cat(
                [
                    torch.full_like(layer.running_mean, momentum)
                    for layer, momentum in zip(self.layers, self._momenta, strict=True)
                    for _ in ("mean", "variance")
                    if layer.running_mean is not None
                ]
            )

    @contextlib.contextmanager
    def of_slices(self) -> Iterator[None]:
        """Within it a forward pass leaves its slice's statistics in the layers."""
        self._set([1.0] * len(self.layers))
        try:
            yield
        finally:
            self._set(self._momenta)

    def read(self) -> Tensor:
        """What the layers hold now: of the slice that was shown last."""
        return torch.cat([buffer.detach() for buffer in self._buffers])

    def chain(self, slices: Sequence[Tensor], *, shown: int) -> None:
        """Count a step's slices in their order; `shown`: how many of them this process showed."""
        if not self.layers:
            return
        for slice_ in slices:
            self._running.lerp_(slice_, self._weights)
        torch._foreach_copy_(self._buffers, list(self._running.split([buffer.numel() for buffer in self._buffers])))
        for layer in self.layers:
            if layer.num_batches_tracked is not None and shown != len(slices):
                layer.num_batches_tracked += len(slices) - shown

    def _set(self, momenta: Sequence[float]) -> None:
        for layer, momentum in zip(self.layers, momenta, strict=True):
            layer.momentum = momentum


def _chained(layer: _BatchNorm) -> bool:
    if isinstance(layer, nn.SyncBatchNorm):  # it counts a whole batch, once
        return False
    tracked = layer.track_running_stats and layer.running_mean is not None and layer.running_var is not None
    return layer.training and tracked and layer.momentum is not None
