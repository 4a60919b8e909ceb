"""Cache of saliency maps in this process, keyed by model, weights, picture, method, target and layer."""

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

MAPS: OrderedDict[tuple[object, ...], SaliencyMap] = OrderedDict()
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
    """Saliency map as `explain` makes it, from memory where it is there; the least recently used maps are dropped.

    A network whose weights were changed in place, or replaced, is another network. Raises as `explain`.
    """
    from clfcore.explain.dispatch import explain

    content = hashlib.blake2b(np.ascontiguousarray(square).tobytes(), digest_size=16).digest()
    key = (*_identity(classifier.module), content, square.shape, method, target, layer)
    with _guard:
        if key in MAPS:
            MAPS.move_to_end(key)
            return MAPS[key]
    computed = explain(classifier, square, method=method, target=target, layer=layer, progress=progress, cancel=cancel)
    computed.values.setflags(write=False)  # it is shared from here on
    with _guard:
        MAPS[key] = computed
        while len(MAPS) > 1 and sum(each.values.nbytes for each in MAPS.values()) > LIMIT_BYTES:
            MAPS.popitem(last=False)
    return computed


def _identity(module: "nn.Module") -> tuple[int, ...]:
    """A number that no other network ever had, how often its weights were written to, and which tensors they are."""
    with _guard:
        number = _models.setdefault(module, next(_numbers))
    tensors = [*module.parameters(), *module.buffers()]
    written = sum(0 if tensor.is_inference() else tensor._version for tensor in tensors)
    return number, written, hash(tuple(map(id, tensors)))
