"""Maps that were made before, in this process: by model, its weights, picture, method, target and layer."""

import hashlib
import itertools
import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from clfcore.explain.saliency_map import Cancel, Explainable, SaliencyMap, Target
from clfcore.progress import Progress

if TYPE_CHECKING:
    from torch import nn

LIMIT_BYTES = 128 << 20  # 640 maps of 224 x 224

_kept: OrderedDict[tuple, SaliencyMap] = OrderedDict()
_guard = threading.Lock()
_numbers = itertools.count()
_models: "weakref.WeakKeyDictionary[nn.Module, int]" = weakref.WeakKeyDictionary()


def cached_map(
    classifier: Explainable,
    square: np.ndarray,
    *,
    method: str = "gradcam",
    target: Target | None = None,
    layer: str | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> SaliencyMap:
    """As `explain`, from memory where it was asked before; the least recently asked maps are forgotten.

    A network whose weights were changed in place, or put in another's place, is another network.
    """
    from clfcore.explain.dispatch import explain

    content = hashlib.blake2b(np.ascontiguousarray(square), digest_size=16).digest()
    key = (*_identity(classifier.module), content, square.shape, method, target, layer)
    with _guard:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = explain(classifier, square, method=method, target=target, layer=layer, progress=progress, cancel=cancel)
    made.values.setflags(write=False)  # it is shared from here on
    with _guard:
        _kept[key] = made
        while len(_kept) > 1 and sum(one.values.nbytes for one in _kept.values()) > LIMIT_BYTES:
            _kept.popitem(last=False)
    return made


def clear_maps() -> None:
    """Empty the memory."""
    with _guard:
        _kept.clear()


def _identity(module: "nn.Module") -> tuple[int, int, int]:
    """A number that no other network ever had, and how often its weights were written to."""
    with _guard:
        number = _models.setdefault(module, next(_numbers))
    tensors = [*module.parameters(), *module.buffers()]
    written = sum(0 if tensor.is_inference() else tensor._version for tensor in tensors)
    return number, written, hash(tuple(map(id, tensors)))
