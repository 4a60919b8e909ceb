"""Hooks that are removed afterwards, a picture as the network's input, and the score that is explained."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from clfcore.errors import InputError
from clfcore.explain.saliency_map import Explainable, Target
from clfcore.task import Task


@contextmanager
def hooked(handles: Iterable[RemovableHandle]) -> Iterator[None]:
    """Hooks that are removed on leaving, also by an exception; `handles` may be a generator that registers them."""
    registered: list[RemovableHandle] = []
    try:
        for handle in handles:
            registered.append(handle)
        yield
    finally:
        for handle in registered:
            handle.remove()


def as_input(classifier: Explainable, pixels: np.ndarray) -> Tensor:
    """Network input: N x size x size x C uint8 -> N x channels x size x size float32, on the module's device."""
    device = next((p.device for p in classifier.module.parameters()), torch.device("cpu"))
    return torch.from_numpy(np.ascontiguousarray(classifier.preprocess.normalize(pixels))).to(device)


def batch_size(x: Tensor) -> int:
    """Batch size for pictures like x: larger batches lose to page faults on a CPU."""
    return 128 if x.device.type != "cpu" else 16 if x.shape[-1] > 64 else 128


class Score:
    """Score that is explained, as a function of one picture's logits: a column, or the difference of two.

    `target` None is settled by the first logits: the predicted column (of the finest level). Raises InputError where a
    column is not among the logits.
    """

    def __init__(self, task: Task, target: Target | None, name: str) -> None:
        for column in () if target is None else target if isinstance(target, tuple) else (target,):
            if not 0 <= column < task.columns:
                raise InputError(
                    f"target is {column}: {name} has {task.columns} outputs, so it must be from 0 to {task.columns - 1}"
                )
        if isinstance(target, tuple) and target[0] == target[1]:
            raise InputError(f"target is {target[0]} against itself: choose two different classes")
        self._task = task
        self.target = target

    def settled(self, logits: Tensor) -> Target:
        """Target of the score, chosen now where it was open; logits: columns, or 1 x columns."""
        if self.target is None:
            finest = self._task.slices[-1]
            self.target = finest.start + int(logits.reshape(-1)[finest].argmax())
        return self.target

    def __call__(self, logits: Tensor) -> Tensor:
        """columns -> scalar, or N x columns -> N: the logit, or the difference of two."""
        target = self.settled(logits if logits.ndim == 1 else logits[0])
        if isinstance(target, tuple):
            return logits[..., target[0]] - logits[..., target[1]]
        return logits[..., target]

    def probability(self, logits: Tensor) -> Tensor:
        """Probability in the target's level (multi-label: of the label), or the difference: N x columns -> N."""
        target = self.settled(logits[0])
        if isinstance(target, tuple):
            return self._probability(logits, target[0]) - self._probability(logits, target[1])
        return self._probability(logits, target)

    def _probability(self, logits: Tensor, column: int) -> Tensor:
        if self._task.kind == "multi-label":
            return torch.sigmoid(logits[:, column])
        level = next(part for part in self._task.slices if part.start <= column < part.stop)
        return torch.softmax(logits[:, level], dim=1)[:, column - level.start]
