"""Where a classifier looked, and whether the map can be believed. Importing this loads no torch.

explain(classifier, square, method="gradcam")   one map
overlay(square, map)                            the map over its picture
stages(classifier)                              the layers a map can be made at
"""

import numpy as np

from clfcore.explain.maps import Cancel, Cancelled, Explainable, Map, Progress, Target, colour, overlay
from clfcore.explain.methods import METHODS, NAMES, Method, method

__all__ = [
    "METHODS",
    "NAMES",
    "Cancelled",
    "Map",
    "Method",
    "Target",
    "colour",
    "explain",
    "heads",
    "method",
    "overlay",
    "stages",
]


def explain(
    classifier: Explainable,
    square: np.ndarray,
    *,
    method: str = "gradcam",
    target: Target | None = None,
    layer: str | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Map:
    """Where the classifier looked, for one picture.

    square: size x size x C uint8, as `classifier.preprocess.square` gives it. target: a column of the logits, two
    columns (the difference: why the first and not the second), or None for the predicted one. layer: a name of
    `stages(classifier)`, or None for the automatic one. Raises InputError, and Cancelled when `cancel()` is true.
    The classifier is as before afterwards, whatever happens.
    """
    from clfcore.explain.make import make

    return make(classifier, square, method, target, layer, progress, cancel)


def stages(classifier: Explainable, *, method: str = "gradcam") -> tuple[str, ...]:
    """The layers worth offering for a method, first to last; the last is the automatic one. Empty where it has none."""
    from clfcore.explain.make import offered

    return offered(classifier, method)


def heads(classifier: Explainable) -> dict[str, int]:
    """How many heads each layer of attention has; one alone is `attention-head` at layer `NAME:0`, `NAME:1`, …"""
    from clfcore.explain.make import heads_of

    return heads_of(classifier)
