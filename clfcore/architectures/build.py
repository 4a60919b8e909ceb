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
from clfcore.architectures.airbench import AirBench
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
    InputError for what does not exist or fit together, Failure where weights cannot be had. Pictures are gray or RGB:
    for other channel counts the preprocessing is that of RGB, and the module is for pixels of the caller's own.
    """
    check_count("columns", columns)
    check_count("channels", channels)
    row, values = configured(name, options)
    side, tag = _side(row, image_size), _weights_name(row, weights)
    form = _Form(columns, channels, side, tag)
    module = _module(row, form, options=values)
    return Network(module, _preprocess(row, module, form, fit=fit), row)


def pretrained(name: str) -> Network:
    """A network with its published weights and their own head, in evaluation mode: it names ImageNet's classes."""
    row = architecture(name)
    form = _Form(None, 3, row.native_image, _weights_name(row, "default"))
    module = _module(row, form, options={}).eval()
    labels = timm_labels(row, module) if row.name.startswith("timm/") else imagenet_labels()
    squash = getattr(module, "pretrained_cfg", {}).get("crop_mode") == "squash"
    preprocess = _preprocess(row, module, form, fit="squash" if squash else "crop")
    return Network(module, preprocess, row, labels)


def published_preprocess(network: Network) -> Preprocess:
    """The preprocessing of the architecture's published weights, whatever weights the network has now."""
    row, given = network.architecture, network.preprocess
    tag = row.default_weights if row.weights else None
    return _preprocess(row, network.module, _Form(None, given.channels, given.size, tag), fit=given.fit)


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


@dataclass(frozen=True)
class _Form:
    """What a network is built for: logits (None: the published head stays), channels, side in pixels, weights' name."""

    columns: int | None
    channels: int
    side: int
    tag: str | None


def _module(row: Architecture, form: _Form, *, options: Options) -> nn.Module:
    """The network itself. options: settled, each maker's own arguments."""
    if row.name.startswith("timm/"):
        return timm_module(row, form.columns, channels=form.channels, side=form.side, pretrained=form.tag)
    if row.name in stored.PACKAGED:
        return _packaged(row.name, form)
    if row.source == "torchvision":
        return _torchvision(row, form)
    classes = form.columns or row.classes
    maker = _MAKERS.get(row.name)
    if maker is not None and row.name == "lenet5":
        return maker(columns=classes, channels=form.channels, image_size=form.side, **options)
    if row.name == "airbench":
        return AirBench(columns=classes, channels=form.channels, **cast(dict[str, int], options))
    if maker is not None:
        return fit_channels(maker(columns=classes, **options), form.channels)
    small = small_images.small_form(row.name.removesuffix("_small"), row.family, columns=classes)
    return fit_channels(small, form.channels)


_MAKERS: Mapping[str, Callable[..., nn.Module]] = {  # by name, those with options
    "lenet5": small_images.LeNet5,
    "vgg": configurable.vgg,
    "resnet": configurable.StagedResNet,
    "efficientnet": configurable.efficientnet,
}


def _packaged(name: str, form: _Form) -> nn.Module:
    module = timm.create_model(f"tf_{name}", num_classes=form.columns or 1000, in_chans=form.channels)
    if form.tag is not None:
        own = [key for key in module.state_dict() if not key.endswith("num_batches_tracked")]
        packaged = {k: v for k, v in stored.packaged_state(name).items() if not k.endswith("num_batches_tracked")}
        # the package names its tensors otherwise, but in the same order
        adapt_published_state(module, dict(zip(own, packaged.values(), strict=True)), new_head=form.columns is not None)
    return module


def _torchvision(row: Architecture, form: _Form) -> nn.Module:
    sized = {"image_size": form.side} if row.family == "vit" else {}
    module = torchvision.models.get_model(row.name, weights=None, num_classes=form.columns or 1000, **sized)
    module = fit_channels(module, form.channels)
    if form.tag is not None:
        adapt_published_state(module, stored.torchvision_state(row, form.tag), new_head=form.columns is not None)
    return module


def _preprocess(row: Architecture, module: nn.Module, form: _Form, *, fit: Fit) -> Preprocess:
    """As the weights were trained; without weights the whole square, and ImageNet's mean and deviation for color."""
    channels = form.channels
    if form.tag is None:
        mean: Sequence[float] = (0.5,) if channels == 1 else IMAGENET_MEAN
        deviation: Sequence[float] = (0.5,) if channels == 1 else IMAGENET_DEVIATION
        crop, interpolation = 1.0, "bilinear"
    elif row.source == "timm":
        config = cast(
            Mapping[str, Any], module.pretrained_cfg
        )  # timm's own, of any values; it sets it on every network
        mean, deviation = config["mean"], config["std"]
        crop, interpolation = config["crop_pct"], config["interpolation"]
    else:
        preset = torchvision.models.get_model_weights(row.name)[form.tag].transforms()
        mean, deviation = tuple(preset.mean), tuple(preset.std)
        crop, interpolation = preset.crop_size[0] / preset.resize_size[0], preset.interpolation.value
    return Preprocess(
        size=form.side,
        fit=fit,
        crop_fraction=crop,
        interpolation=_INTERPOLATIONS.get(interpolation, "bicubic"),
        mean=_spread(mean, channels),
        deviation=_spread(deviation, channels),
    )


_INTERPOLATIONS: Mapping[str, Interpolation] = {"nearest": "nearest", "bilinear": "bilinear"}


def _spread(values: Sequence[float], channels: int) -> tuple[float, ...]:
    """One value for gray pictures (the mean of the three), else three."""
    return (round(sum(values) / len(values), 6),) if channels == 1 else tuple(values)
