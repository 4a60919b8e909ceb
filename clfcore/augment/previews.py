"""Augmentation previews: the exact views that training would feed, and the picture after every step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from clfcore.augment import auto_augment, random_table
from clfcore.augment.apply import apply, stages
from clfcore.augment.policy import Policy, Step
from clfcore.data.pixels import Preprocess


@dataclass(frozen=True, eq=False)
class View:
    """A picture of the strip: the step's name, what was drawn as text, and S x S x C uint8."""

    title: str
    text: str
    pixels: np.ndarray


@dataclass(frozen=True)
class Statistics:
    """A channel's mean, standard deviation, smallest and largest value: bytes, and as the network gets them."""

    channel: str
    before: tuple[float, float, float, float]
    after: tuple[float, float, float, float]


def policy_views(
    policy: Policy,
    stored: np.ndarray,
    *,
    size: int,
    seed: int = 0,
    epoch: int = 1,
    index: int = 0,
    count: int = 16,
    mean: Sequence[float] = (0.5,),
) -> np.ndarray:
    """count x size x size x C uint8: item `index` of the training split, as the epochs from `epoch` on would feed it.

    stored: S x S x C uint8, as the cache holds it (`Preprocess.stored`).
    """
    epochs = range(epoch, epoch + count)
    rows = np.concatenate([random_table.row(policy, seed=seed, epoch=e, index=index) for e in epochs])
    pixels = _batch(stored).expand(count, -1, -1, -1)
    return _pictures(apply(policy, rows, pixels, size=size, mean=mean))


def step_strip(
    policy: Policy,
    stored: np.ndarray,
    *,
    size: int,
    seed: int = 0,
    epoch: int = 1,
    index: int = 0,
    mean: Sequence[float] = (0.5,),
) -> tuple[View, ...]:
    """The stored picture, then the picture after every step of one view; the last is what training would feed."""
    row = random_table.row(policy, seed=seed, epoch=epoch, index=index)
    numbers, side = iter(random_table.by_step(policy, row)), stored.shape[0]
    shown = [View("original", f"{side} x {side} pixels", stored)]
    for step, pixels in stages(policy, row, _batch(stored), size=size, mean=mean):
        before, side = side, pixels.shape[-1]
        if step is None:
            shown.append(View("center crop", f"the middle {size} x {size} pixels", _pictures(pixels)[0]))
        else:
            drawn = describe_step(step, next(numbers), side=before, size=size)
            shown.append(View(step.kind.replace("-", " "), drawn, _pictures(pixels)[0]))
    return tuple(shown)


def describe_step(step: Step, u: np.ndarray, *, side: int, size: int) -> str:
    """What one image's numbers (1 x columns) mean for a step, in a few words; `unchanged` where it does not happen.

    side: of the picture before the step; size: of the network's input, in pixels.
    """
    if step.kind == "crop":
        whole = round(step.number("zoom") * size)
        top, left = random_table.cuts(u, whole - size)[0]
        return f"{whole} pixels wide, cut {left} from the left and {top} from the top"
    if step.kind == "resized-crop":
        top, left, height, width = random_table.boxes(
            u, side=side, scale=step.interval("scale"), ratio=step.interval("ratio")
        )[0]
        return f"{width} x {height} pixels at {left}, {top}"
    if step.kind == "shift":
        reach = random_table.reach(step, side)
        down, right = reach - random_table.cuts(u, 2 * reach)[0]
        return f"{right:+d} across, {down:+d} down" if down or right else "unchanged"
    if step.kind.endswith("flip"):
        return "mirrored" if u[0, 0] < step.number("probability") else "unchanged"
    if step.kind == "rotation":
        angle = random_table.angles(step, u)[0]
        return f"{angle:+.1f}°" if angle else "unchanged"
    if step.kind == "colour-jitter":
        return _jitter_text(step, u)
    if step.kind == "erasing":
        top, left, height, width = random_table.erased(step, u, side=side)[0]
        return f"{width} x {height} pixels at {left}, {top}" if height else "unchanged"
    return _operation_text(step, u, side)


def statistics(pixels: np.ndarray, preprocess: Preprocess) -> tuple[Statistics, ...]:
    """Pixels (n x S x S x C uint8) before and after the normalization, a row a channel of the network's input."""
    after = preprocess.normalize(pixels)  # n x channels x S x S
    mean, deviation = (np.asarray(values).reshape(-1, 1, 1) for values in (preprocess.mean, preprocess.deviation))
    before = (after * deviation + mean) * 255  # bytes, gray or color as the network takes them
    names = ("red", "green", "blue") if preprocess.channels == 3 else ("gray",)
    return tuple(Statistics(name, _four(before[:, i]), _four(after[:, i])) for i, name in enumerate(names))


def _four(values: np.ndarray) -> tuple[float, float, float, float]:
    return float(values.mean()), float(values.std()), float(values.min()), float(values.max())


def _jitter_text(step: Step, u: np.ndarray) -> str:
    factors, order = random_table.jitter(step, u)
    names = ("brightness", "contrast", "saturation", "hue")
    parts = []
    for which in np.argsort(order[0]):
        if which == 3 and factors[0, 3]:
            parts.append(f"hue {factors[0, 3]:+.2f}")
        elif which != 3 and factors[0, which] != 1:
            parts.append(f"{names[which]} × {factors[0, which]:.2f}")
    return ", ".join(parts) or "unchanged"


def _operation_text(step: Step, u: np.ndarray, side: int) -> str:
    chosen, magnitudes = auto_augment.draw_operations(step, u, side=side)
    parts = [
        f"{auto_augment.NAMES[which]} {magnitude:+.2f}"
        if auto_augment.NAMES[which] in auto_augment.SIGNED
        else _unsigned_text(which, magnitude)
        for which, magnitude in zip(chosen[0], magnitudes[0], strict=True)
        if which
    ]
    if step.kind == "augmix":
        parts.append(f"{auto_augment.mixing(step, u)[0, 0]:.0%} of the picture kept")
    return ", ".join(parts) or "unchanged"


def _unsigned_text(which: int, magnitude: float) -> str:
    return (
        f"{auto_augment.NAMES[which]} {magnitude:.2g}"
        if auto_augment.NAMES[which] in ("Posterize", "Solarize")
        else auto_augment.NAMES[which]
    )


def _batch(stored: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(np.moveaxis(stored, -1, 0), order="C"))[None]


def _pictures(pixels: Tensor) -> np.ndarray:
    return pixels.permute(0, 2, 3, 1).contiguous().numpy()
