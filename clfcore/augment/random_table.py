"""The random numbers of an epoch as one table, and what a step makes of its columns.

A row belongs to an item and holds uniform numbers; a step turns its own columns into parameters. So what happens to
an image depends on seed, epoch and its index alone, not on batch, order, workers or how many other items there are.
"""

import itertools

import numpy as np

from clfcore.augment.policy import Policy, Step

# Tries for a box that fits inside the picture, as torchvision has them.
TRIES = 10

# The orders in which four changes of color can come, 24 x 4: the place of each.
ORDERS = np.array(list(itertools.permutations(range(4))))


def columns(step: Step) -> int:
    """How many uniform numbers an image needs for a step."""
    if step.kind == "randaugment":
        return 2 * step.whole("operations")
    if step.kind == "augmix":
        chains, depth = step.whole("width"), step.whole("depth") or 3
        return 2 + chains + chains + chains * depth * 3
    return {
        "crop": 2,
        "resized-crop": 2 * TRIES + 2,
        "shift": 2,
        "horizontal-flip": 1,
        "vertical-flip": 1,
        "rotation": 2,
        "colour-jitter": 6,
        "autoaugment": 5,
        "trivialaugment": 3,
        "erasing": 2 * TRIES + 3,
    }[step.kind]


def table(policy: Policy, *, seed: int, epoch: int, items: int) -> np.ndarray:
    """items x columns float64 in [0, 1): the draws of one epoch, a row an item of the training split."""
    parts = [
        np.random.Generator(_bits(seed, epoch, i)).random((items, columns(step))) for i, step in enumerate(policy.steps)
    ]
    return np.concatenate(parts, axis=1) if parts else np.empty((items, 0))


def row(policy: Policy, *, seed: int, epoch: int, index: int) -> np.ndarray:
    """1 x columns: one row of `table`, without drawing the ones before it."""
    parts = []
    for i, step in enumerate(policy.steps):
        count = columns(step)
        bits = _bits(seed, epoch, i).advance(index * count)  # a float64 takes one step of PCG64
        parts.append(np.random.Generator(bits).random((1, count)))
    return np.concatenate(parts, axis=1) if parts else np.empty((1, 0))


def by_step(policy: Policy, rows: np.ndarray) -> list[np.ndarray]:
    """The table's columns, an array a step."""
    edges = np.cumsum([columns(step) for step in policy.steps])
    return np.split(rows, edges[:-1], axis=1) if policy.steps else []


def _bits(seed: int, epoch: int, place: int) -> np.random.PCG64:
    # A stream a step, so that a changed parameter leaves the other steps' draws alone. place + 1: trailing zeros are
    # lost on a SeedSequence, and (seed, epoch) alone is the order of the images.
    return np.random.PCG64((seed, epoch, place + 1))


def between(u: np.ndarray, low: float | np.ndarray, high: float | np.ndarray) -> np.ndarray:
    return low + (high - low) * u


def whole(u: np.ndarray, count: int | np.ndarray) -> np.ndarray:
    """Integers from 0 to count - 1, each as likely."""
    return np.minimum((u * count).astype(np.int64), np.asarray(count) - 1)


def signs(u: np.ndarray) -> np.ndarray:
    return np.where(u < 0.5, -1.0, 1.0)


def cuts(u: np.ndarray, room: int) -> np.ndarray:
    """n x 2 int64, top and left of a cut with `room` pixels to move in, from 0 to room."""
    return whole(u, room + 1)


def angles(step: Step, u: np.ndarray) -> np.ndarray:
    """n degrees, anticlockwise; 0 where the step does not happen."""
    drawn = between(u[:, 0], -step.number("degrees"), step.number("degrees"))
    return np.where(u[:, 1] < step.number("probability"), drawn, 0.0)


def jitter(step: Step, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Factors n x 4 (brightness, contrast, saturation; hue as turns) and their order n x 4, places 0 to 3.

    A factor of 1 and a turn of 0 leave the image as it is.
    """
    limits = np.array([step.number(name) for name in ("brightness", "contrast", "saturation", "hue")])
    drawn = between(u[:, :4], -limits, limits)
    drawn[:, :3] += 1.0
    drawn[u[:, 4] >= step.number("probability")] = (1.0, 1.0, 1.0, 0.0)
    return drawn, ORDERS[whole(u[:, 5], len(ORDERS))]


def boxes(
    u: np.ndarray, *, side: int, scale: tuple[float, float], ratio: tuple[float, float], most: int | None = None
) -> np.ndarray:
    """n x 4 int64 (top, left, height, width) of a random part of a square; the whole square where no try fits.

    The first of ten tries of area and shape (width over height) whose sides are at most `most`, as in torchvision
    (Szegedy et al. 2015). u: n x 22 or more.
    """
    most = side if most is None else most
    area = between(u[:, 0 : 2 * TRIES : 2], *scale) * side * side  # n x tries
    shape = np.exp(between(u[:, 1 : 2 * TRIES : 2], np.log(ratio[0]), np.log(ratio[1])))
    width = np.rint(np.sqrt(area * shape)).astype(np.int64)
    height = np.rint(np.sqrt(area / shape)).astype(np.int64)
    fits = (width > 0) & (width <= most) & (height > 0) & (height <= most)
    first, n = fits.argmax(axis=1), np.arange(len(u))
    any_fits = fits[n, first]
    height, width = np.where(any_fits, height[n, first], side), np.where(any_fits, width[n, first], side)
    top, left = whole(u[:, 2 * TRIES], side - height + 1), whole(u[:, 2 * TRIES + 1], side - width + 1)
    return np.stack([top, left, height, width], axis=1)


def crops(step: Step, u: np.ndarray, *, side: int) -> np.ndarray:
    """n x 4 int64 (top, left, height, width) that a resized-crop cuts out."""
    return boxes(u, side=side, scale=step.interval("scale"), ratio=step.interval("ratio"))


def erased(step: Step, u: np.ndarray, *, side: int) -> np.ndarray:
    """n x 4 int64 (top, left, height, width) of what is painted over; height 0 where nothing is."""
    low, high = step.interval("ratio")
    # The ratio is height over width here, width over height in a crop; torchvision has it so.
    drawn = boxes(u, side=side, scale=step.interval("scale"), ratio=(1 / high, 1 / low), most=side - 1)
    drawn[(drawn[:, 2] == side) | (u[:, -1] >= step.number("probability"))] = 0
    return drawn


def reach(step: Step, side: int) -> int:
    """The largest move of a shift, in pixels."""
    return min(round(step.number("most") * side), side - 1)
