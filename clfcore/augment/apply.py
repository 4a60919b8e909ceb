"""Augmentation of a batch: a policy's steps in order, each image by its own row of the epoch's random table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from clfcore.augment import auto_augment, color, geometry, random_table
from clfcore.augment.policy import Policy, Step
from clfcore.errors import InputError

# The steps that take the stored square to the network's size. Without one, the middle is cut out first.
CROPS = frozenset(("crop", "resized-crop"))
# Steps that compute with every pixel. From a side on they take the images of a batch one by one on a CPU: what is
# between two changes then stays in the cache (16 of 224 pixels: colour-jitter 13 ms instead of 25, rotation 11 of 17).
COMPUTED = frozenset(("rotation", "colour-jitter", "autoaugment", "randaugment", "trivialaugment", "augmix"))
ONE_BY_ONE = 160


@dataclass(frozen=True)
class Target:
    """What a policy's output must fit: the network's side in pixels, the data's mean from 0 to 1."""

    size: int
    mean: tuple[float, ...]


def apply(
    policy: Policy, table_rows: np.ndarray, pixels: Tensor, *, size: int, mean: Sequence[float] = (0.5,)
) -> Tensor:
    """n x C x size x size of the pixels' type on their device; the pixels themselves are not changed.

    table_rows: n x columns, from `random_table.table`. pixels: n x C x S x S, bytes or tones, S at least size, C 1 or
    3. mean: the preprocessing's, from 0 to 1, the color that erasing paints with: on bytes, before normalization, it
    is within half a byte of the 0 that torchvision's RandomErasing writes after it. Raises InputError where S < size.
    """
    return list(stages(policy, table_rows, pixels, size=size, mean=mean))[-1][1]


def stages(
    policy: Policy, table_rows: np.ndarray, pixels: Tensor, *, size: int, mean: Sequence[float] = (0.5,)
) -> Iterator[tuple[Step | None, Tensor]]:
    """The batch after each step, as (step, pixels); the first is the cut to size (None) where no step crops."""
    side = pixels.shape[-1]
    if side < size:
        raise InputError(
            f"image_size is {size}: the pictures are stored at {side} pixels, so it must be at most {side}"
        )
    parts = random_table.by_step(policy, table_rows)
    if not CROPS & {step.kind for step in policy.steps}:
        pixels = geometry.center(pixels, size)
        yield None, pixels
    for step, u in zip(policy.steps, parts, strict=True):
        pixels = _apply_step(step, u, pixels, target=Target(size, tuple(mean)))
        yield step, pixels


def _apply_step(step: Step, u: np.ndarray, pixels: Tensor, *, target: Target) -> Tensor:
    """A batch after one step."""
    change = STEPS[step.kind]
    if step.kind not in COMPUTED or not geometry.on_cpu(pixels) or pixels.shape[-1] < ONE_BY_ONE:
        return change(step, u, pixels, target=target)
    return torch.cat(
        [change(step, row[None], image[None], target=target) for row, image in zip(u, pixels, strict=True)]
    )


def _crop(step: Step, u: np.ndarray, pixels: Tensor, *, target: Target) -> Tensor:
    side = round(step.number("zoom") * target.size)
    return geometry.cut(geometry.enlarged(pixels, side), random_table.cuts(u, side - target.size), target.size)


def _resized_crop(step: Step, u: np.ndarray, pixels: Tensor, *, target: Target) -> Tensor:
    return geometry.resized(pixels, random_table.crops(step, u, side=pixels.shape[-1]), target.size)


def _shift(step: Step, u: np.ndarray, pixels: Tensor, *, target: Target) -> Tensor:
    side = pixels.shape[-1]
    width = random_table.reach(step, side)
    wider = geometry.padded(pixels, width, border=step.choice("border"), fill=step.number("fill"))
    return geometry.cut(wider, random_table.cuts(u, 2 * width), side)


def _horizontal_flip(step: Step, u: np.ndarray, pixels: Tensor, *, target: Target) -> Tensor:
    return geometry.flipped(pixels, u[:, 0] < step.number("probability"), -1)


def _vertical_flip(step: Step, u: np.ndarray, pixels: Tensor, *, target: Target) -> Tensor:
    return geometry.flipped(pixels, u[:, 0] < step.number("probability"), -2)


def _rotation(step: Step, u: np.ndarray, pixels: Tensor, *, target: Target) -> Tensor:
    degrees = random_table.angles(step, u)
    return geometry.turned(pixels, degrees, interpolation=step.choice("interpolation"), fill=step.number("fill"))


def _jitter(step: Step, u: np.ndarray, pixels: Tensor, *, target: Target) -> Tensor:
    return color.jittered(pixels, *random_table.jitter(step, u))


def _auto_augment(step: Step, u: np.ndarray, pixels: Tensor, *, target: Target) -> Tensor:
    return auto_augment.apply_auto_augment(step, u, pixels)


def _erasing(step: Step, u: np.ndarray, pixels: Tensor, *, target: Target) -> Tensor:
    shades = [0] if step.choice("paint") == "black" else [round(255 * value) for value in target.mean]
    if len(shades) not in (1, pixels.shape[1]):  # gray pictures for a network that takes color
        shades = [round(sum(shades) / len(shades))]
    shade = torch.tensor(shades, dtype=pixels.dtype, device=pixels.device).expand(pixels.shape[1])
    return color.painted(pixels, random_table.erased(step, u, side=pixels.shape[-1]), shade)


class Change(Protocol):
    """A step on a batch, by its uniform numbers (n x columns)."""

    def __call__(self, step: Step, u: np.ndarray, pixels: Tensor, /, *, target: Target) -> Tensor: ...


STEPS: Mapping[str, Change] = {
    "crop": _crop,
    "resized-crop": _resized_crop,
    "shift": _shift,
    "horizontal-flip": _horizontal_flip,
    "vertical-flip": _vertical_flip,
    "rotation": _rotation,
    "colour-jitter": _jitter,
    **dict.fromkeys(
        ("autoaugment", "randaugment", "trivialaugment", "augmix"),
        _auto_augment,
    ),
    "erasing": _erasing,
}
