"""Memory of a forward pass: the weights, and the most that its tensors take at once."""

import weakref
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def forward_bytes(module: nn.Module, x: Tensor) -> int:
    """Bytes of weights, buffers and input, and of all other tensors of a forward pass at its fullest moment.

    x: B x C x H x W, on the module's device. What a kernel takes for itself while it works is not seen.
    """
    own = {storage._cdata: storage.nbytes() for storage in _storages([*module.parameters(), *module.buffers(), x])}
    training = module.training
    module.eval()
    try:
        with torch.inference_mode(), _PeakBytes(own) as memory:
            module(x)
    finally:
        module.train(training)
    return sum(own.values()) + memory.most


class _PeakBytes(TorchDispatchMode):
    """Adds up the storages that operations make, and takes them off when they are let go."""

    def __init__(self, own: dict[int, int]) -> None:
        super().__init__()
        self.own, self.sizes = own, dict[int, int]()
        self.now = self.most = 0

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: Sequence[type],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        outputs = func(*args, **(kwargs or {}))
        for storage in _storages(tree_leaves(outputs)):
            self._add(storage)
        return outputs

    def _add(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self.own or key in self.sizes:  # a view of what is there
            return
        self.sizes[key] = storage.nbytes()
        self.now += storage.nbytes()
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._drop, key)

    def _drop(self, key: int) -> None:
        self.now -= self.sizes.pop(key)


def _storages(values: Iterable[object]) -> list[torch.UntypedStorage]:
    return [value.untyped_storage() for value in values if isinstance(value, Tensor)]
