"""A step's slices brought together: gradients, loss and hits summed, batch statistics chained, over all processes.

Each process goes backwards through its own slices, and one message a step adds up what they found. So accumulation
costs no message more, and parameters may be frozen and freed between phases.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from clfcore.distributed.ranks import Ranks
from clfcore.training.batch_statistics import BatchStatistics
from clfcore.training.slices import Slice


class SharedStep:
    """What the steps of an epoch have in common. parameters: of the whole network, in its order."""

    def __init__(self, ranks: Ranks, model: nn.Module, parameters: Sequence[nn.Parameter]) -> None:
        self.ranks = ranks
        self.statistics = BatchStatistics(model)
        self._parameters = parameters
        self._trained: list[nn.Parameter] | None = None  # those that some process has a gradient of
        self._seen: list[Tensor] = []
        self._memory: Tensor | None = None

    def saw(self) -> None:
        """A slice was shown: keep its batch statistics until the step's end."""
        if self.statistics.layers:
            self._seen.append(self.statistics.read())

    def end(self, loss: Tensor, hits: Tensor, group: Sequence[Slice]) -> tuple[Tensor, Tensor]:
        """The step's loss and hits over all processes; gradients and running statistics are theirs too."""
        seen, self._seen = self._seen, []
        if self.ranks.size == 1:
            self.statistics.chain(seen, shown=len(seen))
            return loss, hits
        own = torch.zeros(2 + len(group) * self.statistics.size, device=loss.device)
        own[0], own[1] = loss, hits
        if seen:
            statistics = torch.cat(seen)
            own[2 : 2 + len(statistics)] = statistics
        of_all = own.new_zeros(self.ranks.size, len(own))
        of_all[self.ranks.rank] = own
        gradients = self._gradients()
        flats = [gradient.as_strided((gradient.numel(),), (1,)) for gradient in gradients]
        message = self._message(sum(flat.numel() for flat in flats) + of_all.numel(), like=of_all)
        torch.cat([*flats, of_all.view(-1)], out=message)
        self.ranks.sum_(message)
        *sums, rest = message.split([*(flat.numel() for flat in flats), of_all.numel()])
        for parameter, gradient, total in zip(self._trained or (), gradients, sums, strict=True):
            # The sums stay where they are until the next step: no copy is made of them.
            parameter.grad = total.as_strided(gradient.shape, gradient.stride(), total.storage_offset())
        of_all = rest.view(of_all.shape)
        self.statistics.chain(self._in_order(of_all[:, 2:], group), shown=len(seen))
        loss, hits = torch.zeros_like(loss), torch.zeros_like(hits)
        for row in of_all:  # in their order, as one process adds up
            loss, hits = loss + row[0], hits + row[1]
        return loss, hits

    def _in_order(self, statistics: Tensor, group: Sequence[Slice]) -> list[Tensor]:
        """The batch statistics of each slice that is not empty, batch after batch. statistics: a row a process."""
        size = self.statistics.size
        return [
            statistics[rank, number * size : (number + 1) * size]
            for number, part in enumerate(group)
            for rank in range(part.parts)
        ]

    def _message(self, size: int, *, like: Tensor) -> Tensor:
        """Where a step's message is put together: the same memory at every step, which a new one would fault in."""
        if self._memory is None or len(self._memory) != size:
            self._memory = like.new_empty(size)
        return self._memory

    def _gradients(self) -> list[Tensor]:
        """The gradients that are summed; zeros where this process has none. A parameter that none uses has none.

        Each is dense, and lies in memory as its parameter does, in every process: channels last stay so.
        """
        if self._trained is None:
            used = torch.tensor([parameter.grad is not None for parameter in self._parameters], dtype=torch.int32)
            self.ranks.sum_(used)
            self._trained = [p for p, count in zip(self._parameters, used.tolist(), strict=True) if count]
        return [_as_its_parameter(parameter) for parameter in self._trained]


def _as_its_parameter(parameter: nn.Parameter) -> Tensor:
    gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
    strides = torch.empty_like(parameter, device="meta").stride()  # the parameter's own where it is dense
    if gradient.stride() == strides:
        return gradient
    dense = torch.empty_strided(gradient.shape, strides, dtype=gradient.dtype, device=gradient.device)
    return dense.copy_(gradient)


def share_buffers(ranks: Ranks, models: Sequence[nn.Module | None]) -> None:
    """After an epoch: buffers that no chain holds equal become the first process's."""
    if ranks.size > 1:
        ranks.spread_([b for m in models if m is not None for b in m.buffers() if b.is_floating_point()])


def share_weights(ranks: Ranks, model: nn.Module) -> None:
    """Before the first step: every process begins with the first one's parameters and buffers."""
    with torch.no_grad():
        ranks.spread_([*(parameter.data for parameter in model.parameters()), *model.buffers()])
