"""A network without published weights as code that stands for itself: the lab's own classes, torchvision or timm."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from clfcore.architectures import configurable, small_images
from clfcore.architectures.adapt_weights import fit_channels
from clfcore.architectures.catalogue import configured
from clfcore.architectures.options import Options
from clfcore.architectures.pretrained import PACKAGED
from clfcore.architectures.timm_models import fixed_side

_OWN: Mapping[str, Callable[..., object]] = {
    "vgg": configurable.vgg,
    "resnet": configurable.StagedResNet,
    "efficientnet": configurable.efficientnet,
}


@dataclass(frozen=True)
class NetworkSource:
    """The expression that builds a network, the parts of the lab that it calls, and the packages that it needs."""

    expression: str
    parts: tuple[object, ...] = ()
    imports: tuple[str, ...] = ()


def network_source(name: str, *, columns: int, channels: int, side: int, options: Options) -> NetworkSource:
    """As `build` makes the network with no weights, with the same draws of random numbers. Raises InputError."""
    row, values = configured(name, options)
    if row.name == "lenet5":
        words = _words({"columns": columns, "channels": channels, "image_size": side, **values})
        return NetworkSource(f"LeNet5({words})", (small_images.LeNet5,))
    if row.name.startswith("timm/") or row.name in PACKAGED:
        named = row.name.removeprefix("timm/") if row.name.startswith("timm/") else f"tf_{row.name}"
        size = fixed_side(named, side) if row.name.startswith("timm/") else None
        more = {} if size is None else {"img_size": size}
        words = _words({"in_chans": channels, "num_classes": columns, **more})
        return NetworkSource(f"timm.create_model({named!r}, {words})", (), ("import timm",))
    if row.source == "torchvision":
        more = {"image_size": side} if row.family == "vit" else {}
        words = _words({"weights": None, "num_classes": columns, **more})
        made = NetworkSource(f"torchvision.models.get_model({row.name!r}, {words})", (), ("import torchvision",))
    elif (own := _OWN.get(row.name)) is not None:
        made = NetworkSource(f"{own.__name__}({_words({'columns': columns, **values})})", (own,))
    else:
        form = getattr(small_images, f"{row.family}_small")
        made = NetworkSource(f"{form.__name__}({row.name.removesuffix('_small')!r}, columns={columns})", (form,))
    if channels == 3:
        return made
    return NetworkSource(f"fit_channels({made.expression}, {channels})", (*made.parts, fit_channels), made.imports)


def _words(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())
