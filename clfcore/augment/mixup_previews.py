"""Mixup and CutMix seen before they are used: pictures of one batch, each with its partner, lambda and mixed label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from clfcore.augment import random_table
from clfcore.augment.apply import apply
from clfcore.augment.mixup import mix_batch, mixed_label, soft_targets
from clfcore.augment.mixup_draws import Mix, Pairing, pairing
from clfcore.augment.policy import Policy
from clfcore.task import Task


@dataclass(frozen=True, eq=False)
class Pair:
    """A picture, its partner, their mixture (S x S x C uint8), the picture's share, and label and way in words."""

    own: np.ndarray
    partner: np.ndarray
    mixed: np.ndarray
    share: float
    label: str
    how: str  # Mixup, CutMix or unmixed


def pairs(
    mix: Mix,
    policy: Policy,
    stored: np.ndarray,
    *,
    targets: np.ndarray,
    task: Task,
    places: Sequence[int],
    size: int,
    seed: int = 0,
    epoch: int = 1,
    mean: Sequence[float] = (0.5,),
) -> tuple[Pair, ...]:
    """What the first batch of an epoch would be, were it of these pictures: augmented, then mixed.

    stored: n x S x S x C uint8; targets: theirs, as `Task` says; places: their places in the training split.
    """
    rows = np.concatenate([random_table.row(policy, seed=seed, epoch=epoch, index=place) for place in places])
    pixels = torch.from_numpy(np.ascontiguousarray(np.moveaxis(stored, -1, 1)))
    x = apply(policy, rows, pixels, size=size, mean=mean)
    drawn = pairing(mix, seed=seed, epoch=epoch, step=0, items=len(x), side=size)
    out = mix_batch(drawn, x, soft_targets(torch.from_numpy(np.ascontiguousarray(targets)), task))
    plain = x.permute(0, 2, 3, 1).numpy()
    blended = out.x.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return tuple(
        Pair(plain[i], plain[i - 1], blended[i], float(drawn.shares[i]), mixed_label(out.y[i], task), _how(drawn, i))
        for i in range(len(x))
    )


def _how(drawn: Pairing, i: int) -> str:
    if drawn.shares[i] == 1:
        return "unmixed"
    return "CutMix" if drawn.boxes[i, 2] > drawn.boxes[i, 0] else "Mixup"
