"""A name becomes a network: the module, the preprocessing of its weights, and ImageNet's labels where it keeps them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import timm
import torchvision
from torch import nn

from clfcore.architectures import configurable, small_images
from clfcore.architectures import pretrained as stored
from clfcore.architectures.adapt_weights import adapt_published_state, fit_channels
from clfcore.architectures.catalogue import Architecture, architecture, check_count, check_side, configured
from clfcore.architectures.heads import head_name, replace_head
from clfcore.architectures.imagenet_labels import imagenet_labels
from clfcore.architectures.options import Options
from clfcore.architectures.timm_models import timm_labels, timm_module
from clfcore.config import Fit
from clfcore.data.pixels import IMAGENET_DEVIATION, IMAGENET_MEAN, Interpolation, Preprocess
from clfcore.errors import InputError, unknown

__all__ = ["Network", "build", "head_name", "pretrained", "replace_head"]


@dataclass(frozen=True, eq=False)
class Network:
    """A built network and what must travel with it."""

    module: nn.Module
    preprocess: Preprocess
    architecture: Architecture
    labels: tuple[str, ...] = ()  # ImageNet's human names where the published head is kept


def build(
    name: str,
    *,
    columns: int,
    channels: int = 3,
    image_size: int | None = None,
    weights: str = "none",
    options: Options | None = None,
    fit: Fit = "crop",
) -> Network:
    """A network with a new head of `columns` logits, for square images of side `image_size` (None: its native side).

    `weights` is none, default or one of the architecture's own. Nothing is seeded here: the caller seeds torch. Raises
    InputError for what does not exist or fit together, Failure where weights cannot be had. Pictures are grey or RGB:
    for other channel counts the preprocessing is that of RGB, and the module is for pixels of the caller's own.
    """
    check_count("columns", columns)
    check_count("channels", channels)
    row, values = configured(name, options)
    side, tag = _side(row, image_size), _weights_name(row, weights)
    module = _module(row, columns, channels, side, tag, values)
    return Network(module, _preprocess(row, module, side, channels, tag, fit), row)


def pretrained(name: str) -> Network:
    """A network with its published weights and their own head, in evaluation mode: it names ImageNet's classes."""
    row = architecture(name)
    tag = _weights_name(row, "default")
    module = _module(row, None, 3, row.native_image, tag, {}).eval()
    labels = timm_labels(row, module) if row.name.startswith("timm/") else imagenet_labels()
    squash = getattr(module, "pretrained_cfg", {}).get("crop_mode") == "squash"
    preprocess = _preprocess(row, module, row.native_image, 3, tag, "squash" if squash else "crop")
    return Network(module, preprocess, row, labels)


def published_preprocess(network: Network) -> Preprocess:
    """The preprocessing of the architecture's published weights, whatever weights the network has now."""
    row, given = network.architecture, network.preprocess
    tag = row.default_weights if row.weights else None
    return _preprocess(row, network.module, given.size, given.channels, tag, given.fit)


def _side(row: Architecture, image_size: int | None) -> int:
    side = row.native_image if image_size is None else image_size
    check_side(row, side)
    return side


def _weights_name(row: Architecture, weights: str) -> str | None:
    """The weights to load; None for random ones."""
    if weights == "none":
        return None
    if not row.weights:
        raise InputError(
            f"weights is {weights!r}: {row.name} has no published weights; take none, or {stored.OFFLINE} with default"
        )
    if weights == "default":
        return row.default_weights
    if weights not in row.weights:
        raise unknown("weights", weights, ["none", "default", *row.weights])
    return weights


def _module(
    row: Architecture, columns: int | None, channels: int, side: int, tag: str | None, options: Mapping[str, Any]
) -> nn.Module:
    """The network itself; columns None keeps the published head. options: settled, each maker's own arguments."""
    if row.name.startswith("timm/"):
        return timm_module(row, columns, channels=channels, side=side, pretrained=tag)
    if row.name in stored.PACKAGED:
        return _packaged(row.name, columns, channels, tag)
    if row.source == "torchvision":
        return _torchvision(row, columns, channels, side, tag)
    classes = columns or row.classes
    if row.name == "lenet5":
        return small_images.LeNet5(columns=classes, channels=channels, image_size=side, **options)
    if row.options:
        return fit_channels(_MAKERS[row.name](columns=classes, **options), channels)
    return fit_channels(small_images.small_form(row.name.removesuffix("_small"), row.family, columns=classes), channels)


_MAKERS: Mapping[str, Callable[..., nn.Module]] = {
    "vgg": configurable.vgg,
    "resnet": configurable.StagedResNet,
    "efficientnet": configurable.efficientnet,
}


def _packaged(name: str, columns: int | None, channels: int, tag: str | None) -> nn.Module:
    module = timm.create_model(f"tf_{name}", num_classes=columns or 1000, in_chans=channels)
    if tag is not None:
        own = [key for key in module.state_dict() if not key.endswith("num_batches_tracked")]
        packaged = {k: v for k, v in stored.packaged_state(name).items() if not k.endswith("num_batches_tracked")}
        # the package names its tensors otherwise, but in the same order
        adapt_published_state(module, dict(zip(own, packaged.values(), strict=True)), new_head=columns is not None)
    return module


def _torchvision(row: Architecture, columns: int | None, channels: int, side: int, tag: str | None) -> nn.Module:
    sized = {"image_size": side} if row.family == "vit" else {}
    module = torchvision.models.get_model(row.name, weights=None, num_classes=columns or 1000, **sized)
    module = fit_channels(module, channels)
    if tag is not None:
        adapt_published_state(module, stored.torchvision_state(row, tag), new_head=columns is not None)
    return module


def _preprocess(
    row: Architecture, module: nn.Module, side: int, channels: int, tag: str | None, fit: Fit
) -> Preprocess:
    """As the weights were trained; without weights the whole square, and ImageNet's mean and deviation for colour."""
    if tag is None:
        mean: Sequence[float] = (0.5,) if channels == 1 else IMAGENET_MEAN
        deviation: Sequence[float] = (0.5,) if channels == 1 else IMAGENET_DEVIATION
        crop, interpolation = 1.0, "bilinear"
    elif row.source == "timm":
        config = cast(Mapping[str, Any], module.pretrained_cfg)  # timm sets it on every network
        mean, deviation = config["mean"], config["std"]
        crop, interpolation = config["crop_pct"], config["interpolation"]
    else:
        preset = torchvision.models.get_model_weights(row.name)[tag].transforms()
        mean, deviation = tuple(preset.mean), tuple(preset.std)
        crop, interpolation = preset.crop_size[0] / preset.resize_size[0], preset.interpolation.value
    return Preprocess(
        size=side,
        fit=fit,
        crop_fraction=crop,
        interpolation=_INTERPOLATIONS.get(interpolation, "bicubic"),
        mean=_spread(mean, channels),
        deviation=_spread(deviation, channels),
    )


_INTERPOLATIONS: Mapping[str, Interpolation] = {"nearest": "nearest", "bilinear": "bilinear"}


def _spread(values: Sequence[float], channels: int) -> tuple[float, ...]:
    """One value for grey pictures (the mean of the three), else three."""
    return (round(sum(values) / len(values), 6),) if channels == 1 else tuple(values)
