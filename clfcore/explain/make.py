"""One map, by whichever method: the checks of what was asked, and the one place where methods meet."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from clfcore.errors import Failure, InputError
from clfcore.explain import cam
from clfcore.explain.hooks import Score, as_input
from clfcore.explain.layers import choose, places
from clfcore.explain.maps import Cancel, Cancelled, Explainable, Map, Progress, Target
from clfcore.explain.methods import method as row_of


@dataclass(frozen=True, eq=False)
class Asked:
    """What every method gets: the classifier, its picture as pixels and as input, the score, the wish for a layer."""

    classifier: Explainable
    square: np.ndarray  # size x size x C uint8
    x: Tensor  # 1 x channels x size x size
    score: Score
    layer: str | None
    progress: Callable[[int, int], None]  # raises Cancelled


@dataclass(frozen=True, eq=False)
class Made:
    """values: size x size float32 in 0..1; layer: the one that was used; note: what to read beside the map."""

    values: np.ndarray
    layer: str | None = None
    note: str = ""


def make(
    classifier: Explainable,
    square: np.ndarray,
    method: str,
    target: Target | None,
    layer: str | None,
    progress: Progress | None,
    cancel: Cancel | None,
) -> Map:
    row = row_of(method)
    size, name = classifier.preprocess.size, classifier.name
    if square.ndim != 3 or square.shape[:2] != (size, size) or square.dtype != np.uint8:
        shape = " x ".join(map(str, square.shape))
        raise InputError(
            f"the picture is {shape} {square.dtype}: {name} takes {size} x {size} uint8, as its square() gives"
        )
    if layer is not None and not row.layered:
        raise InputError(f"layer is {layer!r}: {method} looks at the whole network; leave the layer out")
    score = Score(classifier.task, target, name)
    asked = Asked(classifier, square, as_input(classifier, square[None]), score, layer, _ticking(progress, cancel))
    made = _MAKERS[method](asked)
    if not np.isfinite(made.values).all():
        raise Failure(f"{method} of {name} gave values that are not finite: its weights diverged; choose another run")
    return Map(made.values, method, made.layer, score.target, bool(made.values.max() > 0), made.note)


def offered(classifier: Explainable, method: str) -> tuple[str, ...]:
    """Names of the layers that may be chosen for a method; the last is the automatic one."""
    row = row_of(method)
    if not row.layered:
        return ()
    size, channels = classifier.preprocess.size, classifier.preprocess.channels
    x = as_input(classifier, np.zeros((1, size, size, channels), np.uint8))
    with classifier.lock:
        return tuple(stage.name for stage in places(classifier.module, x).stages)


def _ticking(progress: Progress | None, cancel: Cancel | None) -> Callable[[int, int], None]:
    def tick(done: int, total: int) -> None:
        if cancel is not None and cancel():
            raise Cancelled
        if progress is not None:
            progress(done, total)

    return tick


def _cam(method: str) -> Callable[[Asked], Made]:
    def maker(asked: Asked) -> Made:
        classifier = asked.classifier
        with classifier.lock:
            layer = choose(classifier.module, asked.x, asked.layer, classifier.name)
            return Made(cam.cam(classifier.module, asked.x, asked.score, layer, method), layer.name)

    return maker


_MAKERS: dict[str, Callable[[Asked], Made]] = {
    **{name: _cam(name) for name in ("gradcam", "gradcam++", "hirescam", "layercam", "eigencam")},
}
