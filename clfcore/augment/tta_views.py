"""Test-time augmentation: several fixed views of a picture, and one answer from the logits of all."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from clfcore.augment.geometry import center
from clfcore.errors import InputError, unknown
from clfcore.task import Task

# What views there are, and how many each has.
VIEWS = {"none": 1, "flip": 2, "five-crops": 5}


def evaluation_views(pixels: Tensor, *, kind: str, size: int) -> Tensor:
    """k x n x C x size x size uint8: views of stored pixels (n x C x S x S); the plain one is the last.

    `none`: the middle; `flip`: its mirror too; `five-crops`: the corners too (Krizhevsky et al. 2012), for which the
    pictures must be kept larger than the network's input. Raises InputError where they are not.
    """
    if kind not in VIEWS:
        raise unknown("test_time_augmentation", kind, tuple(VIEWS))
    middle, room = center(pixels, size), pixels.shape[-1] - size
    if kind == "none":
        return middle[None]
    if kind == "flip":
        return torch.stack([middle.flip(-1), middle])
    if room < 1:
        raise InputError(f"five-crops needs pictures larger than {size} pixels: take a smaller image_size, or flip")
    corners = [pixels[..., y : y + size, x : x + size] for y in (0, room) for x in (0, room)]
    return torch.stack([*corners, middle])


def combined(logits: Tensor, task: Task) -> Tensor:
    """n x columns from k x n x columns: logits whose probabilities are the mean of the views' probabilities."""
    if task.kind == "multi-label":
        # log p - log(1 - p) of the mean p, from logs of both means, so that no certain view becomes infinite.
        yes, no = (torch.logsumexp(F.logsigmoid(sign * logits.double()), dim=0) for sign in (1, -1))
        return (yes - no).float()
    parts = [torch.logsumexp(F.log_softmax(logits[..., level].double(), dim=-1), dim=0) for level in task.slices]
    return (torch.cat(parts, dim=-1) - math.log(len(logits))).float()
