"""Mixup and CutMix on a batch, and the soft targets that go with them."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from clfcore.augment.mixup_draws import Pairing
from clfcore.task import Task


@dataclass(frozen=True, eq=False)
class MixedBatch:
    """A mixed batch: x as the network sees it, y the soft targets n x columns, shares n lambdas.

    The hard targets stay with the caller: training accuracy counted on y would be that of a mixture.
    """

    x: Tensor
    y: Tensor
    shares: Tensor


def mix_batch(pairing: Pairing, x: Tensor, soft: Tensor) -> MixedBatch:
    """New tensors; x (n x C x S x S, bytes or normalized) and soft (n x columns) are never written to.

    Bytes come out as float32, 0 to 255, where they are blended: rounding would shift the mixture.
    """
    shares = torch.from_numpy(pairing.shares).to(x.device, torch.float32)
    boxes = torch.from_numpy(pairing.boxes).to(x.device)
    out = x if x.is_floating_point() else x.float()
    other = out.roll(1, 0)
    share = shares.to(out.dtype).view(-1, 1, 1, 1)
    line = torch.arange(x.shape[-1], device=x.device)
    top, left, bottom, right = (edge.view(-1, 1, 1) for edge in boxes.T)
    inside = (line.view(1, -1, 1) >= top) & (line.view(1, -1, 1) < bottom)
    inside = (inside & (line.view(1, 1, -1) >= left) & (line.view(1, 1, -1) < right))[:, None]  # n x 1 x S x S
    has_box = (boxes[:, 2] > boxes[:, 0]).view(-1, 1, 1, 1)
    out = torch.where(has_box, torch.where(inside, other, out), other * (1 - share) + out * share)
    share = shares.view(-1, 1)
    return MixedBatch(out, soft.roll(1, 0) * (1 - share) + soft * share, shares)


def soft_targets(targets: Tensor, task: Task, *, smoothing: float = 0.0) -> Tensor:
    """Targets of any task as n x columns float32: each level's row sums to 1, or each label is from 0 to 1.

    Smoothing spreads over a level's classes, or draws 0 and 1 towards one half, before anything is mixed: both are
    linear, so the order does not matter.
    """
    if task.kind == "multi-label":
        return targets.float() * (1 - smoothing) + smoothing / 2
    columns = targets.view(len(targets), -1)
    parts = []
    for i, level in enumerate(task.levels):
        hot = F.one_hot(columns[:, i], len(level.classes)).float()
        parts.append(hot * (1 - smoothing) + smoothing / len(level.classes))
    return torch.cat(parts, dim=1)


def mixed_label(row: Tensor, task: Task) -> str:
    """The classes in one soft target and their shares, the largest first, of the finest level.

    >>> from clfcore.task import single_label
    >>> mixed_label(torch.tensor([0.3, 0.0, 0.7]), single_label(["cat", "dog", "owl"]))
    '70% owl, 30% cat'
    """
    shares = row[task.slices[-1]].tolist()
    order = sorted(range(len(shares)), key=lambda i: -shares[i])
    return ", ".join(f"{shares[i]:.0%} {task.classes[i]}" for i in order if shares[i] >= 0.005)
