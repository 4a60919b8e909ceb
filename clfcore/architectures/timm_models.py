"""timm's networks: built for any size, channels and classes, tried on shapes before they are trusted."""

from collections.abc import Iterator

import timm
import torch
from timm.data import ImageNetInfo, infer_imagenet_subset
from torch import nn

from clfcore.architectures.catalogue import Architecture
from clfcore.architectures.imagenet_labels import imagenet_labels, labels_of
from clfcore.architectures.pretrained import state_file
from clfcore.architectures.shapes_alone import shapes_alone
from clfcore.architectures.timm_registry import UNFIT, published_config
from clfcore.errors import InputError


def timm_module(
    row: Architecture, columns: int | None, *, channels: int, side: int, pretrained: str | None
) -> nn.Module:
    """timm's network `row.name`; columns None keeps the published head, `pretrained` is the weights' tag.

    timm itself sums or repeats the first convolution for other channels and resamples positions to the image size.
    Raises InputError where the image size does not run, with the smallest that does.
    """
    name = row.name.removeprefix("timm/")
    if side != row.native_image:
        _check_side(row, name, side)
    overlay = None
    if pretrained is not None:
        name = f"{name.partition('.')[0]}.{pretrained}"
        # what is on the hub is in timm's own form, also where the network's first publisher had another
        overlay = {"file": str(state_file(row, pretrained)), "custom_load": False}
    return timm.create_model(
        name,
        pretrained=pretrained is not None,
        pretrained_cfg_overlay=overlay,
        in_chans=channels,
        num_classes=columns,  # timm leaves out what is None
        img_size=fixed_side(name, side),
    )


def timm_labels(row: Architecture, module: nn.Module) -> tuple[str, ...]:
    """The names of what the published head tells apart. Raises InputError where it has none of ImageNet's."""
    subset = infer_imagenet_subset(module)
    if subset is None:
        raise InputError(f"{row.name} has no published head that names ImageNet's classes: train one on its features")
    info = ImageNetInfo(subset)
    return imagenet_labels() if info.num_classes() == 1000 else labels_of(info)


def fixed_side(name: str, side: int) -> int | None:
    """The side to build a network of fixed size for; None where it takes any, or is of that side already."""
    config = published_config(name)
    return side if config.fixed_input_size and side != config.input_size[-1] else None


def _runs(name: str, side: int) -> bool:
    """Whether a network can be built for and takes images of this side, from shapes alone."""
    try:
        with shapes_alone():
            module = timm.create_model(name, img_size=fixed_side(name, side)).eval()
        with torch.device("meta"), torch.no_grad():
            module(torch.empty(2, 3, side, side))
    except UNFIT:
        return False
    return True


def _check_side(row: Architecture, name: str, side: int) -> None:
    if _runs(name, side) or not _runs(name, row.native_image):  # what fails at its own side too tells nothing
        return
    works = next(_larger(name, side, row.native_image))
    if works == row.native_image and not _runs(name, works + 32):
        raise InputError(f"image_size is {side}: {row.name} takes {row.native_image} only")
    raise InputError(f"image_size is {side}: {row.name} needs at least {works}")


def _larger(name: str, side: int, native: int) -> Iterator[int]:
    """Sides above `side` that run, smallest first: multiples of 4 and the native side."""
    for candidate in range(side - side % 4 + 4, native, 4):
        if _runs(name, candidate):
            yield candidate
    yield native if native > side else next(c for c in range(side + 1, side + 4 * native) if _runs(name, c))
