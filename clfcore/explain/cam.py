"""Class activation maps through the grad-cam package, at a little more than a forward pass each."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from pytorch_grad_cam import FEM, EigenCAM, EigenGradCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, XGradCAM
from pytorch_grad_cam.base_cam import BaseCAM
from torch import Tensor, nn

from clfcore.exclusive import borrowed
from clfcore.explain.hooks import Score, hooked
from clfcore.explain.target_layers import Layer


class OneSidedEigenCAM(EigenCAM):
    """EigenCAM whose sign does not depend on the solver, from the thin decomposition: equal up to sign, and quicker."""

    def get_cam_image(self, input_tensor, target_layer, target_category, activations, grads, eigen_smooth):
        projection = _projected(activations)
        # Chung and Ying 2025, equation 13: the larger extreme is what stands out.
        return -projection if abs(projection.min()) > abs(projection.max()) else projection


class EvidentEigenGradCAM(EigenGradCAM):
    """EigenGradCAM from the thin decomposition, its sign such that it agrees with activation times gradient."""

    def get_cam_image(self, input_tensor, target_layer, target_category, activations, grads, eigen_smooth):
        projection = _projected(grads * activations)
        return projection if (projection * (grads * activations).sum(axis=1)).sum() >= 0 else -projection


def _projected(maps: np.ndarray) -> np.ndarray:
    """1 x C x h x w -> 1 x h x w: each place along the direction in which places differ most; of either sign."""
    places = maps[0].reshape(maps.shape[1], -1).T  # HW x C
    places = places - places.mean(axis=0)
    _, _, directions = np.linalg.svd(places, full_matrices=False)
    return (places @ directions[0]).reshape(1, *maps.shape[2:])


_PACKAGE: dict[str, type[BaseCAM]] = {
    "gradcam": GradCAM,
    "gradcam++": GradCAMPlusPlus,
    "hirescam": HiResCAM,
    "layercam": LayerCAM,
    "xgradcam": XGradCAM,
    "eigencam": OneSidedEigenCAM,
    "eigengradcam": EvidentEigenGradCAM,
    "fem": FEM,
}
_FORWARD_ONLY = ("eigencam", "fem")


def cam(module: nn.Module, x: Tensor, score: Score, layer: Layer, method: str) -> np.ndarray:
    """size x size float32 in 0..1, as the package scales it; x: 1 x channels x size x size."""
    target = module.get_submodule(layer.name)
    package = _PACKAGE[method]
    # Before the package's own hooks: back-propagation then ends at this layer.
    ending = [] if method in _FORWARD_ONLY else [target.register_forward_hook(_end)]
    with (
        hooked(ending),
        borrowed(module),
        torch.enable_grad(),
        running(package(module, [target], layer.as_map())) as made,
    ):
        values = made(x, [score])[0]
        score.settled(made.outputs[0])
        return values


@contextmanager
def running(package: BaseCAM) -> Iterator[BaseCAM]:
    """The package's object, its hooks released after; its own context would print and swallow an IndexError."""
    try:
        yield package
    finally:
        package.activations_and_grads.release()


def _end(_part: nn.Module, _inputs: tuple, output: Tensor) -> Tensor:
    """The same values, from which back-propagation goes no further: a copy, for an in-place ReLU may follow."""
    return output.detach().requires_grad_().clone()
