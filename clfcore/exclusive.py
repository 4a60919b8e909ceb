"""A shared module for one thread at a time: whoever runs it, hooks it, or switches its mode or gradients goes here.

Pages of several people and their background threads share one classifier. A hook that is registered before the lock is
held sees another person's picture; so nothing but this file takes the lock, and a test holds the package to that.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import nn


class Shared(Protocol):
    """Something whose module several threads use, and the re-entrant lock that guards it."""

    @property
    def module(self) -> "nn.Module": ...

    @property
    def lock(self) -> "threading.RLock": ...


@contextmanager
def exclusive(classifier: Shared) -> Iterator["nn.Module"]:
    """The classifier's module, for this thread alone: in eval mode, frozen, and given back exactly as it was.

    Register hooks inside, and remove them inside. Long work takes it batch by batch, so that others have their turn.
    """
    with classifier.lock, borrowed(classifier.module):
        yield classifier.module


@contextmanager
def borrowed(module: "nn.Module") -> Iterator[None]:
    """Inside: eval mode, no parameter asks for a gradient. After, also after an exception: mode, requires_grad and
    grad of every part and parameter are as they were. For a module of one's own, or within `exclusive`.
    """
    training = [part for part in module.modules() if part.training]
    parameters = list(module.parameters())
    asking = [parameter for parameter in parameters if parameter.requires_grad]
    gradients = [(parameter, parameter.grad) for parameter in parameters if parameter.grad is not None]
    try:
        if training:
            module.eval()
        for parameter in asking:
            parameter.requires_grad_(False)
        yield
    finally:
        for part in training:
            part.training = True
        for parameter in asking:
            parameter.requires_grad_(True)
        for parameter, gradient in gradients:
            parameter.grad = gradient  # grad-cam calls zero_grad()
