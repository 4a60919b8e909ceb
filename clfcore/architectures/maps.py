"""What a network sees on its way: the maps that leave each stage, and the filters of the first layer."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from clfcore.architectures.load import first_convolution
from clfcore.architectures.stages import stages, stem


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """The maps that leave a stage for one image: C x H x W float32; `layer` is the module that gave them."""

    stage: str
    layer: str
    values: np.ndarray


def feature_maps(module: nn.Module, image: Tensor) -> tuple[FeatureMaps, ...]:
    """The maps of the stem and of each stage for one image (C x H x W, normalised, on the module's device).

    A transformer's tokens are laid out as the grid they come from. Hold the classifier's lock: hooks would mix.
    """
    first = stem(module)
    named = [("stem", first), *((f"stage_{n + 1}", found) for n, found in enumerate(stages(module)))]
    targets = {found[0]: (stage, found[1]) for stage, found in named if found is not None}
    outputs: dict[str, Tensor] = {}

    def note(layer: str):
        return lambda _part, _inputs, output: outputs.__setitem__(layer, output)

    hooks = [part.register_forward_hook(note(layer)) for layer, (_, part) in targets.items()]
    training = module.training
    try:
        with torch.inference_mode():
            module.eval()(image[None])
    finally:
        module.train(training)
        for hook in hooks:
            hook.remove()
    found = [(stage, layer, _grid(outputs[layer])) for layer, (stage, _) in targets.items() if layer in outputs]
    return tuple(FeatureMaps(stage, layer, values) for stage, layer, values in found if values is not None)


def _grid(output: object) -> np.ndarray | None:
    """An output as C x H x W: maps as they are, channels-last maps turned, tokens laid out; else None."""
    if not isinstance(output, Tensor):
        return None
    values = output[0].float()
    if values.dim() == 2:  # tokens x C, perhaps after class tokens
        side = math.isqrt(len(values))
        values = values[-side * side :].reshape(side, side, -1).permute(2, 0, 1)
    elif values.dim() == 3 and values.shape[0] == values.shape[1] != values.shape[2]:  # H x W x C
        values = values.permute(2, 0, 1)
    return values.cpu().numpy() if values.dim() == 3 else None


def first_filters(module: nn.Module) -> np.ndarray:
    """Weights of the convolution that sees the image: filters x channels x height x width, float32."""
    return module.get_parameter(f"{first_convolution(module)}.weight").detach().float().cpu().numpy()
