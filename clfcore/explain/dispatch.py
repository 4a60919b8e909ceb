"""Saliency map by any method: checks the request, and calls the method of that name."""

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
from clfcore.explain.saliency_map import Cancel, Cancelled, Explainable, MethodResult, SaliencyMap, Target, scaled
from clfcore.explain.target_layers import choose_layer, layer_candidates
from clfcore.progress import Progress


@dataclass(frozen=True, eq=False)
class MapRequest:
    """Request for a map: the classifier, its picture as the network's input, the score, and the layer if named."""

    classifier: Explainable
    x: Tensor  # 1 x channels x size x size
    score: Score
    layer: str | None
    progress: Callable[[int, int], None]  # raises Cancelled


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
    """Saliency map of one picture: where the classifier looked.

    square: size x size x C uint8, as `classifier.preprocess.square` gives it. target: a column of the logits, two
    columns (the difference: why the first and not the second), or None for the predicted one. layer: a name of
    `stages(classifier)`, or None for the automatic one. Raises InputError, Failure where the values are not finite, and
    Cancelled when `cancel()` is true. The classifier is unchanged afterwards, whatever happens.
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
    x = as_input(classifier, square[None])
    result = _MAKERS[method](MapRequest(classifier, x, score, layer, _ticking(progress, cancel)))
    if not np.isfinite(result.values).all():
        raise Failure(f"{method} of {name} gave values that are not finite: its weights diverged; choose another run")
    if score.target is None:  # a method that never looked at the outputs
        raise RuntimeError(f"{method} left the target open")
    evidence = bool(result.values.max() > 0)
    return SaliencyMap(result.values, method, result.layer, score.target, evidence, result.note)


def stages(classifier: Explainable, *, method: str = "gradcam") -> tuple[str, ...]:
    """Layers that may be chosen for a method, by name; the last is the automatic one."""
    row = row_of(method)
    if not row.layered:
        return ()
    size, channels = classifier.preprocess.size, classifier.preprocess.channels
    x = as_input(classifier, np.zeros((1, size, size, channels), np.uint8))
    with exclusive(classifier) as module:
        if row.kind == "attention":
            score = Score(classifier.task, None, classifier.name)
            return tuple(layer.name for layer in attention.attention_layers(module, x, score))
        return tuple(stage.name for stage in layer_candidates(module, x).stages)


def heads(classifier: Explainable) -> dict[str, int]:
    """Attention heads: how many each layer of attention over positions has, by the layer's name."""
    size, channels = classifier.preprocess.size, classifier.preprocess.channels
    x = as_input(classifier, np.zeros((1, size, size, channels), np.uint8))
    with exclusive(classifier) as module:
        layers = attention.attention_layers(module, x, Score(classifier.task, None, classifier.name))
    return {layer.name: len(layer.weights) for layer in layers}


def _ticking(progress: Progress | None, cancel: Cancel | None) -> Callable[[int, int], None]:
    def tick(done: int, total: int) -> None:
        if cancel is not None and cancel():
            raise Cancelled
        if progress is not None:
            progress(done, total)

    return tick


def _cam(method: str) -> Maker:
    def maker(request: MapRequest) -> MethodResult:
        x, score = request.x, request.score
        with exclusive(request.classifier) as module:
            layer = choose_layer(module, x, layer=request.layer, name=request.classifier.name)
            if method in ("scorecam", "ablationcam"):
                return channel_cam(module, x, score, layer=layer, method=method, progress=request.progress)
            return MethodResult(cam(module, x, score, layer=layer, method=method), layer.name)

    return maker


def _attention_head(request: MapRequest) -> MethodResult:
    name = request.classifier.name
    with exclusive(request.classifier) as module:
        return attention.attention_head(module, request.x, request.score, layer=request.layer, name=name)


def _rollout(request: MapRequest) -> MethodResult:
    with exclusive(request.classifier) as module:
        return attention.rollout(module, request.x, request.score, name=request.classifier.name)


def _saliency(request: MapRequest) -> MethodResult:
    with exclusive(request.classifier) as module:
        return MethodResult(scaled(gradients.saliency(module, request.x, request.score)))


def _smoothgrad(request: MapRequest) -> MethodResult:
    with exclusive(request.classifier) as module:
        raw = gradients.smoothgrad(module, request.x, request.score, progress=request.progress)
    return MethodResult(scaled(raw))


def _integrated_gradients(request: MapRequest) -> MethodResult:
    with exclusive(request.classifier) as module:
        attributions = gradients.integrated_gradients(module, request.x, request.score, progress=request.progress)
    total, change = attributions.total, attributions.change
    off = abs(total - change) / max(abs(change), 1e-6)
    note = f"completeness: the map sums to {total:.3f}, the score changes by {change:.3f} (off by {off:.1%})"
    if off > 0.1:
        note += "; that is a lot: read the map with care"
    return MethodResult(scaled(attributions.values), None, note)


def _occlusion(request: MapRequest) -> MethodResult:
    raw = perturbation.occlusion(request.classifier, request.x, request.score, progress=request.progress)
    return MethodResult(scaled(raw))


def _rise(request: MapRequest) -> MethodResult:
    masks = perturbation.MASKS
    raw = perturbation.rise(request.classifier, request.x, request.score, progress=request.progress, masks=masks)
    return MethodResult(scaled(raw), None, f"from {masks:,} random masks")


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
