"""What a network sees on its way: the maps that leave each stage, and the filters of the first layer."""

import math
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from clfcore.architectures.adapt_weights import first_convolution
from clfcore.architectures.options import Options
from clfcore.architectures.random_weights import random_network
from clfcore.architectures.stages import stages, stem
from clfcore.data.bit_depth import to_bytes
from clfcore.data.pixels import read_image
from clfcore.exclusive import borrowed, exclusive

if TYPE_CHECKING:
    from clfcore.classifier import Classifier


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """The maps that leave a stage for one image: C x H x W float32; `layer` is the module that gave them."""

    stage: str
    layer: str
    values: np.ndarray


def feature_maps(module: nn.Module, image: Tensor) -> tuple[FeatureMaps, ...]:
    """The maps of the stem and of each stage for one image (C x H x W, normalized, on the module's device).

    A transformer's tokens are laid out as the grid they come from. A shared classifier's module is taken within
    `exclusive`, as hooks would mix.
    """
    first = stem(module)
    named = [("stem", first), *((f"stage_{n + 1}", grids) for n, grids in enumerate(stages(module)))]
    targets = {grids[0]: (stage, grids[1]) for stage, grids in named if grids is not None}
    outputs: dict[str, Tensor] = {}

    def note(layer: str):
        return lambda _part, _inputs, output: outputs.__setitem__(layer, output)

    hooks = [part.register_forward_hook(note(layer)) for layer, (_, part) in targets.items()]
    try:
        with borrowed(module), torch.inference_mode():
            module(image[None])
    finally:
        for hook in hooks:
            hook.remove()
    grids = [(stage, layer, _grid(outputs[layer])) for layer, (stage, _) in targets.items() if layer in outputs]
    return tuple(FeatureMaps(stage, layer, values) for stage, layer, values in grids if values is not None)


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


def strongest(maps: np.ndarray, count: int) -> tuple[tuple[int, np.ndarray], ...]:
    """The maps that vary most over the image, each with its number: H x W uint8, from its own least to its greatest.

    maps: C x H x W float32. Varying is by the standard deviation; a map without any is black.
    """
    order = np.argsort(-maps.reshape(len(maps), -1).std(axis=1), kind="stable")[:count]
    return tuple((int(number), _stretched(maps[number])) for number in order)


def filter_pictures(filters: np.ndarray, count: int) -> tuple[np.ndarray, ...]:
    """The first filters as pictures, height x width x channels uint8; 3 channels are colors, else their mean is gray.

    All share one scale, symmetric about zero, so that gray (128) is a weight of nothing.
    """
    shown = filters[:count] if filters.shape[1] in (1, 3) else filters[:count].mean(axis=1, keepdims=True)
    most = float(np.abs(shown).max(initial=0)) or 1.0
    pixels = np.clip(np.rint(128 + 127 * shown / most), 0, 255).astype(np.uint8)
    return tuple(np.moveaxis(one, 0, -1) for one in pixels)


def _stretched(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    return np.rint(255 * (values - low) / ((high - low) or 1.0)).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Stage:
    """A stage's maps as pictures: those that vary most, each with its number."""

    stage: str
    layer: str
    maps: int
    strongest: tuple[tuple[int, np.ndarray], ...]


@dataclass(frozen=True, eq=False)
class NetworkFeatures:
    """What a network makes of an image: the square it sees, each stage's maps, the first layer's filters."""

    square: np.ndarray
    stages: tuple[Stage, ...]
    filters: tuple[np.ndarray, ...]
    filter_count: int


def network_features(
    name: str,
    image: bytes,
    *,
    classifier: "Classifier | None" = None,
    options: Options | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    count: int = 8,
    filters: int = 64,
) -> NetworkFeatures:
    """Send an image file through a classifier, or through the named network with random weights (seed 0).

    Raises InputError where the image is damaged, or the channels are not those of a picture.
    """
    if classifier is not None:
        module, preprocess = classifier.module, classifier.preprocess
    else:
        network = random_network(name, options=options, image_size=image_size, channels=channels)
        module, preprocess = network.module, network.preprocess
    square = preprocess.square(read_image(image, least_side=preprocess.stored_side))
    device = next(module.parameters()).device
    x = torch.from_numpy(preprocess.normalize(square[None]))[0].to(device)
    with exclusive(classifier) if classifier is not None else nullcontext():
        maps = feature_maps(module, x)
        weights = first_filters(module)
    stages_shown = tuple(Stage(m.stage, m.layer, len(m.values), strongest(m.values, count)) for m in maps)
    return NetworkFeatures(to_bytes(square), stages_shown, filter_pictures(weights, filters), len(weights))
