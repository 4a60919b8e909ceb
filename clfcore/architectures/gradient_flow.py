"""How gradients reach the layers of a network, and of one with and without its additions: same images, same seed."""

from dataclasses import dataclass

import torch
from torch import Tensor

from clfcore.architectures.build import build
from clfcore.architectures.catalogue import Architecture, configured
from clfcore.architectures.latency import GradientNorm, check_weight_memory, gradient_norms
from clfcore.architectures.options import Options
from clfcore.data.synthetic_shapes import draw
from clfcore.errors import InputError
from clfcore.progress import Progress
from clfcore.randomness import Stream

DEPTHS = (3, 4, 6, 3)  # of ResNet-34: two convolutions a block, the first one and the classifier
STEPS = 3
_COUNT, _SIDE = 24, 32
_FEW, _LARGE = 8, 64  # images of more pixels than 64 a side are fewer


@dataclass(frozen=True)
class GradientReach:
    """Gradient norms of a network's layers, first to last."""

    name: str
    norms: tuple[GradientNorm, ...]

    def share(self, *, after: bool = False) -> float:
        """The first layer's norm as a multiple of the last's."""
        first, last = self.norms[0], self.norms[-1]
        return first.after / last.after if after else first.before / last.before


def plain_against_residual(
    *, normalized: bool = True, seed: int = 0, progress: Progress | None = None
) -> tuple[GradientReach, GradientReach]:
    """Residual 34 and plain 34 layers on 24 drawn images of 32 pixels: cross-entropy, gradients of every layer.

    The plain network is the residual one without its additions (He et al. 2015, section 3.3), drawn from the same seed.
    normalized: with batch normalization, as published; False replaces each by nothing, as networks before 2015 were.
    """
    flows = []
    for number, skip in enumerate((True, False)):
        if progress is not None:
            progress(number, 2)
        options = {"depths": DEPTHS, "skip": skip}
        reach = gradient_reach("resnet", options=options, image_size=_SIDE, normalized=normalized, seed=seed)
        flows.append(GradientReach(f"{'residual' if skip else 'plain'} 34", reach.norms))
    return flows[0], flows[1]


def gradient_reach(
    name: str,
    *,
    options: Options | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    classes: int | None = None,
    normalized: bool = True,
    seed: int = 0,
) -> GradientReach:
    """A network's gradients on drawn images: cross-entropy, at initialization and after three steps.

    image_size None: 64 pixels, or what is nearest to it that the network takes. 24 images of up to 64 pixels, 8 larger
    ones. Raises InputError for a network that is too large to build, and for channels that are not a picture's.
    """
    row, values = configured(name, options)
    side = _side(row) if image_size is None else image_size
    channels = row.channels if channels is None else channels
    if channels not in (1, 3):
        raise InputError(f"channels is {channels}: the drawn images have 1 or 3")
    check_weight_memory(name, options)
    x, y, shapes = _drawn(side, channels, seed)
    if classes is not None and classes < shapes:
        raise InputError(f"classes is {classes}: the drawn images have {shapes}, so give at least {shapes}")
    with Stream(seed).drawn():
        columns = shapes if classes is None else classes
        module = build(name, columns=columns, channels=channels, image_size=side, options=values).module
        if not normalized:
            _without_normalization(module)
        return GradientReach(row.name, gradient_norms(module, x, y, steps=STEPS))


def _side(row: Architecture) -> int:
    if row.name.startswith("timm/"):  # many take one size only
        return row.native_image
    return min(max(_LARGE, row.smallest_image), max(row.native_image, row.smallest_image))


def _drawn(side: int, channels: int, seed: int) -> tuple[Tensor, Tensor, int]:
    """Images B x C x H x W from -1 to 1, their classes, and how many classes there are."""
    drawn = draw(count=_COUNT if side <= _LARGE else _FEW, side=max(side, 8), seed=seed)
    x = torch.from_numpy(drawn.pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    x = x[:, :, :side, :side]
    y = torch.from_numpy(drawn.targets).long()
    return (x.mean(dim=1, keepdim=True) if channels == 1 else x), y, len(drawn.classes)


def _without_normalization(module: torch.nn.Module) -> None:
    for parent in list(module.modules()):
        for name, part in list(parent.named_children()):
            if isinstance(part, torch.nn.BatchNorm2d):
                setattr(parent, name, torch.nn.Identity())
