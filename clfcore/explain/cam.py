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
    """EigenCAM whose sign does not depend on the solver, from the thin decomposition: equal up to sign, faster."""

    # the package's signature, which it calls by position
    def get_cam_image(self, input_tensor, target_layer, target_category, activations, grads, eigen_smooth):
        projection = _first_component(activations)
        # Chung and Ying 2025, equation 13: the larger extreme is what stands out.
        return -projection if abs(projection.min()) > abs(projection.max()) else projection


class PositiveEigenGradCAM(EigenGradCAM):
    """EigenGradCAM from the thin decomposition, with the sign that agrees with activation times gradient."""

    def get_cam_image(self, input_tensor, target_layer, target_category, activations, grads, eigen_smooth):
        projection = _first_component(grads * activations)
        return projection if (projection * (grads * activations).sum(axis=1)).sum() >= 0 else -projection


def _first_component(maps: np.ndarray) -> np.ndarray:
    """First principal component of the positions: 1 x C x h x w -> 1 x h x w, of either sign."""
    positions = maps[0].reshape(maps.shape[1], -1).T  # HW x C
    positions = positions - positions.mean(axis=0)
    _, _, directions = np.linalg.svd(positions, full_matrices=False)
    return (positions @ directions[0]).reshape(1, *maps.shape[2:])


_PACKAGE: dict[str, type[BaseCAM]] = {
    "gradcam": GradCAM,
    "gradcam++": GradCAMPlusPlus,
    "hirescam": HiResCAM,
    "layercam": LayerCAM,
    "xgradcam": XGradCAM,
    "eigencam": OneSidedEigenCAM,
    "eigengradcam": PositiveEigenGradCAM,
    "fem": FEM,
}
_FORWARD_ONLY = ("eigencam", "fem")


def cam(module: nn.Module, x: Tensor, score: Score, *, layer: Layer, method: str) -> np.ndarray:
    """Class activation map, size x size float32 in 0..1 as the package scales it; x: 1 x channels x size x size."""
    target = module.get_submodule(layer.name)
    package = _PACKAGE[method]
    # Before the package's own hooks: back-propagation then ends at this layer.
    detaching = [] if method in _FORWARD_ONLY else [target.register_forward_hook(_detached)]
    with (
        hooked(detaching),
        borrowed(module),
        torch.enable_grad(),
        running(package(module, [target], layer.as_map())) as running_cam,
    ):
        values = running_cam(x, [score])[0]
        score.settled(running_cam.outputs[0])
        return values


@contextmanager
def running(package: BaseCAM) -> Iterator[BaseCAM]:
    """The package's object, its hooks released afterwards; its own context would print and swallow an IndexError."""
    try:
        yield package
    finally:
        package.activations_and_grads.release()


def _detached(_part: nn.Module, _inputs: tuple, output: Tensor) -> Tensor:
    """The same values, where backpropagation ends: a copy, for an in-place ReLU may follow."""
    return output.detach().requires_grad_().clone()
