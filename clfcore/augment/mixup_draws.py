"""Mix: Mixup and CutMix as data, and the lambdas and boxes of a batch, from seed, epoch and step alone."""

import math
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import numpy as np

from clfcore.errors import InputError, unknown

Per = Literal["batch", "image"]


@dataclass(frozen=True)
class Mix:
    """How pairs of a batch are mixed. alphas of Beta(alpha, alpha), None where that way is off.

    mixup: the whole pictures blended (Zhang et al. 2018); cutmix: a box of the other put in (Yun et al. 2019).
    probability: share of the batches (or images) that are mixed at all; cutmix_share: of those, where both ways are on,
    the share that is cut. per: one draw a batch, as torchvision, or one an image. Raises InputError for other values.
    """

    mixup: float | None = None
    cutmix: float | None = None
    probability: float = 1.0
    cutmix_share: float = 0.5
    per: Per = "batch"

    def __post_init__(self) -> None:
        for name, alpha in (("mixup", self.mixup), ("cutmix", self.cutmix)):
            if alpha is not None and not (_number(alpha) and 0 < alpha <= 100):
                raise InputError(
                    f"{name} is {alpha!r}: its alpha must be greater than 0 and at most 100, or null for off"
                )
        if self.mixup is None and self.cutmix is None:
            raise InputError("neither mixup nor cutmix is given: give at least one of them an alpha, such as 0.2")
        for name, share in (("probability", self.probability), ("cutmix_share", self.cutmix_share)):
            if not (_number(share) and 0 <= share <= 1):
                raise InputError(f"{name} is {share!r}: it must be a number from 0 to 1")
        if self.per not in get_args(Per):
            raise unknown("per", str(self.per), get_args(Per))

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Pairing:
    """n lambdas in 0..1 (the image's own share; 1: not mixed), boxes n x 4 (top, left, bottom, right; empty: blended).

    The partner of image i is image i - 1, as in torchvision: batches are shuffled already.
    """

    shares: np.ndarray
    boxes: np.ndarray


def pairing(mix: Mix, *, seed: int, epoch: int, step: int, items: int, side: int) -> Pairing:
    """The draws for the batch of one step: items images of side x side. CutMix's lambda is the area really left."""
    generator = np.random.Generator(np.random.PCG64((seed, epoch, step, 1)))
    n = items if mix.per == "image" else 1
    happens, which, across, down = generator.random((n, 4)).T
    both = mix.mixup is not None and mix.cutmix is not None
    cut = which < (mix.cutmix_share if both else float(mix.mixup is None))
    cut_shares, blend_shares = (generator.beta(alpha or 1.0, alpha or 1.0, n) for alpha in (mix.cutmix, mix.mixup))
    shares = np.where(cut, cut_shares, blend_shares)
    middle = np.stack([(down * side).astype(np.int64), (across * side).astype(np.int64)], axis=1)
    half = (0.5 * np.sqrt(1 - shares) * side).astype(np.int64)[:, None]
    boxes = np.concatenate([middle - half, middle + half], axis=1).clip(0, side)
    boxes[~cut | (happens >= mix.probability)] = 0
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    shares = np.where(cut, 1 - area / side**2, shares)
    shares[happens >= mix.probability] = 1.0
    return Pairing(np.broadcast_to(shares, (items,)).copy(), np.broadcast_to(boxes, (items, 4)).copy())


def density(alpha: float, *, points: int = 101) -> tuple[np.ndarray, np.ndarray]:
    """Lambdas inside 0..1 and how dense Beta(alpha, alpha) is at each: what an alpha means, to be drawn."""
    Mix(mixup=alpha)
    x = (np.arange(points) + 0.5) / points
    constant = math.lgamma(2 * alpha) - 2 * math.lgamma(alpha)
    return x, np.exp(constant + (alpha - 1) * (np.log(x) + np.log1p(-x)))


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
