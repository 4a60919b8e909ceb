"""Ranks: one of the processes that train a network together, and what it tells the others.

Process 0 leads: it alone writes, and what it decides holds for all. Messages are JSON and tensors, never pickles. Where
a process is gone, the next message of every other raises ProcessLost.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from pydantic import JsonValue
from torch import Tensor
from torch import distributed as dist

from clfcore.errors import Failure, InputError

T = TypeVar("T")
PATIENCE = timedelta(hours=12)  # the first process may decode for long; one that is gone closes its connection at once


class ProcessLost(Failure):
    """A process of the training is gone: the run stays unfinished, and reads as interrupted."""


@dataclass(frozen=True)
class Ranks:
    """This process among `size`. rank: its number, from 0.

    local: its number among the `here` processes of its machine, which is its GPU's.
    """

    rank: int = 0
    size: int = 1
    local: int = 0
    here: int = 1

    @property
    def first(self) -> bool:
        """Whether it leads."""
        return self.rank == 0

    def sum_(self, values: Tensor) -> None:
        """Add up a tensor over all processes, in place; to the same bits in each."""
        if self.size > 1:
            _communicate(lambda: dist.all_reduce(values))

    def spread_(self, tensors: Sequence[Tensor]) -> None:
        """Give every process the first one's tensors, in place."""
        for tensor in tensors if self.size > 1 else ():
            message = tensor.detach().contiguous()
            _communicate(partial(dist.broadcast, message, src=0))
            if message.data_ptr() != tensor.data_ptr():
                tensor.detach().copy_(message)

    def agreed_number(self, value: int) -> int:
        """The first process's number, in all: what a step can afford."""
        if self.size == 1:
            return value
        number = torch.tensor(value)
        _communicate(lambda: dist.broadcast(number, src=0))
        return int(number)

    def agreed(self, value: JsonValue) -> JsonValue:
        """The first process's value, in all."""
        if self.size == 1:
            return value
        data = json.dumps(value).encode()
        message = torch.zeros(self.agreed_number(len(data)), dtype=torch.uint8)
        if self.first:
            message = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        _communicate(lambda: dist.broadcast(message, src=0))
        return json.loads(bytes(message.tolist()))

    def gathered(self, value: JsonValue) -> list[JsonValue]:
        """Each process's value, in their order."""
        if self.size == 1:
            return [value]
        data = json.dumps(value).encode()
        lengths = torch.zeros(self.size, dtype=torch.int64)
        lengths[self.rank] = len(data)
        _communicate(lambda: dist.all_reduce(lengths))
        messages = torch.zeros(self.size, int(lengths.max()), dtype=torch.uint8)
        messages[self.rank, : len(data)] = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        _communicate(lambda: dist.all_reduce(messages))
        return [json.loads(bytes(row[:n].tolist())) for row, n in zip(messages, lengths.tolist(), strict=True)]

    def each(self, work: Callable[[], T]) -> T:
        """Do a piece of work in every process; where it fails in one, it fails in all with that error."""
        if self.size == 1:
            return work()
        result, error = None, None
        try:
            result = work()
        except ProcessLost:
            raise
        except (InputError, Failure) as raised:
            error = raised
        reports = self.gathered(
            None if error is None else {"input": isinstance(error, InputError), "message": str(error)}
        )
        if error is not None:
            raise error
        for rank, report in enumerate(reports):
            if isinstance(report, dict):
                kind = InputError if report["input"] else Failure
                raise kind(f"process {rank}: {report['message']}")
        return result  # type: ignore[return-value]  # no error: it is what `work` gave

    def rows(self, own: np.ndarray, edges: Sequence[int]) -> np.ndarray:
        """Rows that the processes made one after another, N x columns float32, in all; each item once.

        own: this process's; edges: where each one's begin, and at last N.
        """
        if self.size == 1:
            return own
        width = max(self.numbers(own.shape[1] if len(own) else 0))
        whole = torch.empty(edges[-1], width)
        if len(own):
            whole[edges[self.rank] : edges[self.rank + 1]] = torch.from_numpy(np.ascontiguousarray(own, np.float32))
        for rank in range(self.size):
            part = whole[edges[rank] : edges[rank + 1]]
            if len(part):
                _communicate(partial(dist.broadcast, part, src=rank))
        return whole.numpy()

    def numbers(self, value: int) -> list[int]:
        """Each process's number, in their order."""
        values = torch.zeros(self.size, dtype=torch.int64)
        values[self.rank] = value
        self.sum_(values)
        return values.tolist()


ALONE = Ranks()


def shares(count: int, ranks: Ranks) -> list[int]:
    """Where each process's part of `count` things begins, and at last `count`: even, one after another."""
    return [count * rank // ranks.size for rank in range(ranks.size + 1)]


@contextlib.contextmanager
def group(ranks: Ranks, store: dist.Store | None = None) -> Iterator[None]:
    """Within it the processes reach each other: by gloo on the CPU, and by NCCL between GPUs.

    store: where they meet; None: as the environment says, which torchrun has filled. Raises ProcessLost where the
    others do not come.
    """
    if dist.is_initialized():
        raise InputError("torch.distributed is in use in this process already: destroy its group, or train in another")
    gpus = torch.cuda.is_available() and dist.is_nccl_available()
    backend = "cpu:gloo,cuda:nccl" if gpus else "gloo"
    if gpus:
        torch.cuda.set_device(ranks.local % torch.cuda.device_count())
    try:
        if store is None:
            dist.init_process_group(backend, timeout=PATIENCE)
        else:
            dist.init_process_group(backend, store=store, rank=ranks.rank, world_size=ranks.size, timeout=PATIENCE)
    except RuntimeError as error:
        raise _lost(error) from error
    try:
        yield
    finally:
        with contextlib.suppress(RuntimeError):
            dist.destroy_process_group()


def _communicate(message: Callable[[], object]) -> None:
    try:
        message()
    except RuntimeError as error:  # gloo, NCCL and the stores raise kinds of it
        raise _lost(error) from error


def _lost(error: RuntimeError) -> ProcessLost:
    text = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
    return ProcessLost(f"a process of the training is gone, or cannot be reached ({text})")
