"""How gradients reach the layers of a network with and without its additions: the same depth, images and seed."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from clfcore.architectures.build import build
from clfcore.architectures.measure import GradientNorm, gradient_norms

DEPTHS = (3, 4, 6, 3)  # of ResNet-34: two convolutions a block, the first one and the classifier
STEPS = 3
_COUNT, _SIDE = 24, 32

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Reached:
    """Gradient norms of a network's layers, first to last."""

    name: str
    norms: tuple[GradientNorm, ...]

    def share(self, *, after: bool = False) -> float:
        """The first layer's norm as a multiple of the last's."""
        first, last = self.norms[0], self.norms[-1]
        return first.after / last.after if after else first.before / last.before


def plain_against_residual(
    *, normalised: bool = True, seed: int = 0, progress: Progress | None = None
) -> tuple[Reached, Reached]:
    """Residual 34 and plain 34 layers on 24 drawn images of 32 pixels: cross-entropy, gradients of every layer.

    The plain network is the residual one without its additions (He et al. 2015, section 3.3), drawn from the same seed.
    normalised: with batch normalisation, as published; False replaces each by nothing, as networks before 2015 were.
    """
    from clfcore.data.shapes import draw

    drawn = draw(count=_COUNT, side=_SIDE, seed=seed)
    x = torch.from_numpy(drawn.pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    y = torch.from_numpy(drawn.targets).long()
    found = []
    for number, skip in enumerate((True, False)):
        if progress is not None:
            progress(number, 2)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            options = {"depths": DEPTHS, "skip": skip}
            module = build("resnet", columns=len(drawn.classes), image_size=_SIDE, options=options).module
        if not normalised:
            _without_normalisation(module)
        found.append(Reached(f"{'residual' if skip else 'plain'} 34", gradient_norms(module, x, y, steps=STEPS)))
    return found[0], found[1]


def _without_normalisation(module: torch.nn.Module) -> None:
    for parent in list(module.modules()):
        for name, part in list(parent.named_children()):
            if isinstance(part, torch.nn.BatchNorm2d):
                setattr(parent, name, torch.nn.Identity())
