"""Networks as shapes alone: built on torch's meta device, with no storage and no random numbers drawn."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_DRAWS = {"normal_", "uniform_", "trunc_normal_", "erfinv_", "clamp_", "fill_", "zero_", "mul_", "add_"}


class _Undrawn(TorchFunctionMode):
    """Leaves out what fills tensors without storage: a large network draws for a second, and nothing comes of it."""

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        if getattr(func, "__name__", "") in _DRAWS and args and isinstance(args[0], Tensor) and args[0].is_meta:
            return args[0]
        return func(*args, **(kwargs or {}))


@contextmanager
def shapes_alone() -> Iterator[None]:
    """What is built within has shapes and no numbers. Send a shape through it afterwards, not within."""
    with torch.device("meta"), _Undrawn():
        yield
