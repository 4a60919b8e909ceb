"""One map, by whichever method: the checks of what was asked, and the one place where methods meet."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from clfcore.errors import Failure, InputError
from clfcore.exclusive import exclusive
from clfcore.explain import attention, gradients, perturbation
from clfcore.explain.cam import cam
from clfcore.explain.hooks import Score, as_input
from clfcore.explain.methods import METHODS
from clfcore.explain.methods import method as row_of
from clfcore.explain.perturbation_cam import channel_cam
from clfcore.explain.saliency_map import Cancel, Cancelled, Explainable, SaliencyMap, Target, scaled
from clfcore.explain.target_layers import choose_layer, layer_candidates
from clfcore.progress import Progress


@dataclass(frozen=True, eq=False)
class MapRequest:
    """What every method gets: the classifier, its picture as pixels and as input, the score, the wish for a layer."""

    classifier: Explainable
    square: np.ndarray  # size x size x C, bytes or tones
    x: Tensor  # 1 x channels x size x size
    score: Score
    layer: str | None
    progress: Callable[[int, int], None]  # raises Cancelled


@dataclass(frozen=True, eq=False)
class MethodResult:
    """values: size x size float32 in 0..1; layer: the one that was used; note: what to read beside the map."""

    values: np.ndarray
    layer: str | None = None
    note: str = ""


Maker = Callable[[MapRequest], MethodResult]


def explain(
    classifier: Explainable,
    square: np.ndarray,
    *,
    method: str = "gradcam",
    target: Target | None = None,
    layer: str | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> SaliencyMap:
    """Saliency map: where the classifier looked, for one picture.

    square: size x size x C uint8, as `classifier.preprocess.square` gives it. target: a column of the logits, two
    columns (the difference: why the first and not the second), or None for the predicted one. layer: a name of
    `stages(classifier)`, or None for the automatic one. Raises InputError, and Cancelled when `cancel()` is true.
    The classifier is as before afterwards, whatever happens.
    """
    row = row_of(method)
    size, name = classifier.preprocess.size, classifier.name
    if square.ndim != 3 or square.shape[:2] != (size, size) or square.dtype not in (np.uint8, np.float32):
        shape = " x ".join(map(str, square.shape))
        raise InputError(
            f"the picture is {shape} {square.dtype}: {name} takes {size} x {size} uint8 or float32, as square() gives"
        )
    if layer is not None and not row.layered:
        raise InputError(f"layer is {layer!r}: {method} looks at the whole network; leave the layer out")
    score = Score(classifier.task, target, name)
    asked = MapRequest(classifier, square, as_input(classifier, square[None]), score, layer, _ticking(progress, cancel))
    made = _MAKERS[method](asked)
    if not np.isfinite(made.values).all():
        raise Failure(f"{method} of {name} gave values that are not finite: its weights diverged; choose another run")
    return SaliencyMap(made.values, method, made.layer, score.target, bool(made.values.max() > 0), made.note)


def stages(classifier: Explainable, *, method: str = "gradcam") -> tuple[str, ...]:
    """Names of the layers that may be chosen for a method; the last is the automatic one."""
    row = row_of(method)
    if not row.layered:
        return ()
    size, channels = classifier.preprocess.size, classifier.preprocess.channels
    x = as_input(classifier, np.zeros((1, size, size, channels), np.uint8))
    with exclusive(classifier) as module:
        if row.kind == "attention":
            score = Score(classifier.task, None, classifier.name)
            return tuple(one.name for one in attention.captured(module, x, score))
        return tuple(stage.name for stage in layer_candidates(module, x).stages)


def heads(classifier: Explainable) -> dict[str, int]:
    """How many heads each layer of attention over places has, by the layer's name."""
    size, channels = classifier.preprocess.size, classifier.preprocess.channels
    x = as_input(classifier, np.zeros((1, size, size, channels), np.uint8))
    with exclusive(classifier) as module:
        found = attention.captured(module, x, Score(classifier.task, None, classifier.name))
    return {one.name: len(one.weights) for one in found}


def _ticking(progress: Progress | None, cancel: Cancel | None) -> Callable[[int, int], None]:
    def tick(done: int, total: int) -> None:
        if cancel is not None and cancel():
            raise Cancelled
        if progress is not None:
            progress(done, total)

    return tick


def _cam(method: str) -> Maker:
    def maker(asked: MapRequest) -> MethodResult:
        x = asked.x
        with exclusive(asked.classifier) as module:
            layer = choose_layer(module, x, asked.layer, asked.classifier.name)
            if method in ("scorecam", "ablationcam"):
                values, note = channel_cam(module, x, asked.score, layer, method, asked.progress)
                return MethodResult(values, layer.name, note)
            return MethodResult(cam(module, x, asked.score, layer, method), layer.name)

    return maker


def _attention_head(asked: MapRequest) -> MethodResult:
    with exclusive(asked.classifier) as module:
        values, layer = attention.attention_head(module, asked.x, asked.score, asked.layer, asked.classifier.name)
    return MethodResult(values, layer)


def _rollout(asked: MapRequest) -> MethodResult:
    with exclusive(asked.classifier) as module:
        return MethodResult(attention.rollout(module, asked.x, asked.score, asked.classifier.name))


def _saliency(asked: MapRequest) -> MethodResult:
    with exclusive(asked.classifier) as module:
        return MethodResult(scaled(gradients.saliency(module, asked.x, asked.score))[0])


def _smoothgrad(asked: MapRequest) -> MethodResult:
    with exclusive(asked.classifier) as module:
        raw = gradients.smoothgrad(module, asked.x, asked.score, asked.progress)
    return MethodResult(scaled(raw)[0])


def _integrated_gradients(asked: MapRequest) -> MethodResult:
    with exclusive(asked.classifier) as module:
        raw, total, change = gradients.integrated_gradients(module, asked.x, asked.score, asked.progress)
    off = abs(total - change) / max(abs(change), 1e-6)
    note = f"completeness: the map sums to {total:.3f}, the score changes by {change:.3f} (off by {off:.1%})"
    if off > 0.1:
        note += "; that is much: read the map with care"
    return MethodResult(scaled(raw)[0], None, note)


def _occlusion(asked: MapRequest) -> MethodResult:
    return MethodResult(scaled(perturbation.occlusion(asked.classifier, asked.x, asked.score, asked.progress))[0])


def _rise(asked: MapRequest) -> MethodResult:
    raw = perturbation.rise(asked.classifier, asked.x, asked.score, asked.progress, masks=perturbation.MASKS)
    return MethodResult(scaled(raw)[0], None, f"from {perturbation.MASKS:,} random masks")


_MAKERS: dict[str, Maker] = {
    **{row.name: _cam(row.name) for row in METHODS if row.kind == "cam"},
    "attention-rollout": _rollout,
    "attention-head": _attention_head,
    "saliency": _saliency,
    "smoothgrad": _smoothgrad,
    "integrated-gradients": _integrated_gradients,
    "occlusion": _occlusion,
    "rise": _rise,
}
