"""A module borrowed for an explanation: eval mode, frozen, hooked; and given back exactly as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from clfcore.errors import InputError
from clfcore.explain.maps import Explainable, Target
from clfcore.task import Task

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_FLAGS = ("_forward_hooks_with_kwargs", "_forward_pre_hooks_with_kwargs", "_forward_hooks_always_called")


@contextmanager
def borrowed(module: nn.Module) -> Iterator[None]:
    """Inside: eval mode, no parameter asks for a gradient. After, also after an exception: all as before.

    What is put back: the mode of every part, requires_grad and grad of every parameter, the hooks of every part, and
    `fused_attn`. The caller holds the classifier's lock.
    """
    parts = list(module.modules())
    modes = [part.training for part in parts]
    fused = [(part, part.fused_attn) for part in parts if hasattr(part, "fused_attn")]
    hooks = [(part, name, dict(getattr(part, name))) for part in parts for name in _HOOKS + _FLAGS]
    asked = [(parameter, parameter.requires_grad, parameter.grad) for parameter in module.parameters()]
    try:
        module.eval()
        for parameter, _, _ in asked:
            parameter.requires_grad_(False)
        yield
    finally:
        for part, training in zip(parts, modes, strict=True):
            part.training = training
        for part, was in fused:
            part.fused_attn = was
        for part, name, kept in hooks:
            there = getattr(part, name)
            for key in set(there) - set(kept):
                del there[key]
        for parameter, wanted, gradient in asked:
            parameter.requires_grad_(wanted)
            parameter.grad = gradient  # grad-cam calls zero_grad()


def as_input(classifier: Explainable, pixels: np.ndarray) -> Tensor:
    """N x size x size x C uint8 -> N x channels x size x size float32, on the module's device."""
    device = next((p.device for p in classifier.module.parameters()), torch.device("cpu"))
    return torch.from_numpy(np.ascontiguousarray(classifier.preprocess.normalise(pixels))).to(device)


class Score:
    """What is explained, as a function of one picture's logits: a column, or the difference of two.

    `target` None is settled by the first logits seen: the predicted column (of the finest level). Raises InputError
    where a column is not among the logits.
    """

    def __init__(self, task: Task, target: Target | None, name: str) -> None:
        for column in () if target is None else target if isinstance(target, tuple) else (target,):
            if not 0 <= column < task.columns:
                raise InputError(
                    f"target is {column}: {name} has {task.columns} outputs, so it must be from 0 to {task.columns - 1}"
                )
        if isinstance(target, tuple) and target[0] == target[1]:
            raise InputError(f"target is {target[0]} against itself: choose two different classes")
        self._finest = task.slices[-1]
        self.target = target

    def settled(self, logits: Tensor) -> Target:
        """The target, chosen now where it was left open; logits: columns, or 1 x columns."""
        if self.target is None:
            self.target = self._finest.start + int(logits.reshape(-1)[self._finest].argmax())
        return self.target

    def __call__(self, logits: Tensor) -> Tensor:
        """columns -> scalar, or N x columns -> N."""
        target = self.settled(logits if logits.ndim == 1 else logits[0])
        if isinstance(target, tuple):
            return logits[..., target[0]] - logits[..., target[1]]
        return logits[..., target]
