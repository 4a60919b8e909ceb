"""What PyTorch allocates in memory while a block runs."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Allocated(TorchDispatchMode):
    """Sums the bytes of every tensor that an operation returns, those of shapes alone (meta) left out."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.bytes += sum(
            leaf.nbytes for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor) and not leaf.is_meta
        )
        return result
