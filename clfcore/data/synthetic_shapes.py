"""Synthetic images drawn from a seed: colored shapes on textured grounds, with object masks, for all tasks."""

from dataclasses import dataclass
from typing import get_args

import numpy as np

from clfcore.data.dataset import ImageDataset
from clfcore.data.splits import draw_splits
from clfcore.errors import InputError, unknown
from clfcore.task import Level, Task, TaskKind, hierarchical, multi_label, single_label

SHAPES = ("circle", "cross", "ring", "square", "star", "triangle")
# One color a shape, of the corner mark: Okabe and Ito's, which the color-blind can tell apart.
MARKS = ((0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (213, 94, 0), (240, 228, 66))
FAMILIES = {"angular": ("square", "triangle"), "pointed": ("cross", "star"), "round": ("circle", "ring")}
LARGEST = 2 << 30  # bytes of pixels


@dataclass(frozen=True)
class Settings:
    """What a SPEC such as `shapes:count=600,side=64` may set: see `draw`."""

    count: int = 1200
    side: int = 32
    seed: int = 0
    difficulty: float = 0.3


def draw(
    task: TaskKind = "single-label",
    *,
    count: int = 1200,
    side: int = 32,
    seed: int = 0,
    difficulty: float = 0.3,
    split_seed: int = 0,
    shortcut: bool = False,
) -> ImageDataset:
    """`count` images of `side` x `side` x 3 uint8 with N x side x side bool masks; the class is the shape alone.

    Objects measure at least a quarter of the side. single-label has one object; multi-label none to three different
    ones; hierarchical one, with a family above its shape. difficulty (0 to 1) lowers the contrast and raises texture,
    noise, clutter, turn and the spread of sizes. An image depends on (seed, its number, task, side, difficulty) alone.

    shortcut (single-label only): a trap. The same images, each with a small framed square in the upper left corner
    whose color goes with the class, so that a network can be right without ever looking at the shape.
    """
    _check(task, count=count, side=side, difficulty=difficulty, seed=seed)
    if shortcut and task != "single-label":
        raise InputError(f"task is {task!r}: the mark of a shortcut goes with one class an image, so single-label only")
    pixels = np.empty((count, side, side, 3), np.uint8)
    masks = np.zeros((count, side, side), bool)
    present = np.zeros((count, len(SHAPES)), np.uint8)
    for i in range(count):
        generator = np.random.default_rng((seed, get_args(TaskKind).index(task), i))
        present[i] = _choose(task, i, generator)
        pixels[i], masks[i] = _picture(
            np.flatnonzero(present[i]),
            generator,
            side=side,
            difficulty=difficulty,
            several=task == "multi-label",
        )
        if shortcut:
            _marked(pixels[i], MARKS[present[i].argmax()])
            masks[i][mark(side)] = False
    targets, described = _targets(task, present)
    # Combinations of labels are the strata: each split has its share of each.
    strata = present @ (1 << np.arange(len(SHAPES)))
    # An image's number stands for its content, so that `shapes-shortcut` has the split of `shapes`.
    splits, drawn = draw_splits(strata, split_seed, np.arange(count))
    name = "shapes-shortcut" if shortcut else "shapes" if task == "single-label" else f"shapes-{task}"
    ids = tuple(f"{name}/{i:05d}" for i in range(count))
    return ImageDataset(name, described, ids, targets, splits, pixels=pixels, masks=masks, drawn=drawn)


def mark(side: int) -> tuple[slice, slice]:
    """Rows and columns of the shortcut's mark: three sixteenths of the side, one from the edges, where crops spare it.

    >>> mark(32)
    (slice(2, 8, None), slice(2, 8, None))
    """
    edge, width = side // 16, max(3, side * 3 // 16)
    return slice(edge, edge + width), slice(edge, edge + width)


def _marked(pixels: np.ndarray, color: tuple[int, int, int]) -> None:
    """Draw the mark into side x side x 3 pixels: a square of a color in a white frame, unlike any ground or object."""
    frame = max(1, len(pixels) // 32)
    pixels[mark(len(pixels))] = 255
    pixels[mark(len(pixels))][frame:-frame, frame:-frame] = color


def _check(task: str, *, count: int, side: int, difficulty: float, seed: int) -> None:
    if task not in get_args(TaskKind):
        raise unknown("task", task, get_args(TaskKind))
    if count < 3 * len(SHAPES):
        raise InputError(f"count is {count}: it must be at least {3 * len(SHAPES)}, three images a shape")
    if not 12 <= side <= 1024:
        raise InputError(f"side is {side}: it must be from 12 to 1024 pixels")
    if not 0 <= difficulty <= 1:
        raise InputError(f"difficulty is {difficulty}: it must be from 0 to 1")
    if not 0 <= seed < 2**63:
        raise InputError(f"seed is {seed}: it must be from 0 to {2**63 - 1}")
    if count * side * side * 3 > LARGEST:
        raise InputError(f"{count} images of {side} x {side} need over 2 GB: draw fewer, or smaller ones")


def _choose(task: str, i: int, generator: np.random.Generator) -> np.ndarray:
    """Which shapes an image has, 0 or 1 each: balanced where there is one, none to three of multi-label."""
    present = np.zeros(len(SHAPES), np.uint8)
    if task == "multi-label":
        present[generator.choice(len(SHAPES), size=generator.choice(4, p=[0.1, 0.3, 0.35, 0.25]), replace=False)] = 1
    else:
        present[i % len(SHAPES)] = 1
    return present


def _targets(task: str, present: np.ndarray) -> tuple[np.ndarray, Task]:
    if task == "multi-label":
        return present, multi_label(SHAPES)
    shape = present.argmax(axis=1).astype(np.int64)
    if task == "single-label":
        return shape, single_label(SHAPES)
    family_of = [next(i for i, members in enumerate(FAMILIES.values()) if name in members) for name in SHAPES]
    levels = Level("family", tuple(FAMILIES)), Level("shape", SHAPES)
    paths = zip(family_of, range(len(SHAPES)), strict=True)
    return np.stack([np.array(family_of, np.int64)[shape], shape], axis=1), hierarchical(levels, paths)


def _picture(
    shapes: np.ndarray, generator: np.random.Generator, *, side: int, difficulty: float, several: bool
) -> tuple[np.ndarray, np.ndarray]:
    """One image, side x side x 3 uint8, and the mask of its objects."""
    y, x = np.mgrid[:side, :side] + 0.5  # pixel centers
    ground_color = generator.uniform(40, 215, 3)
    canvas = _ground(ground_color, generator, side=side, difficulty=difficulty)
    if several:  # a quarter of the picture each, so that none hides another
        cells = generator.permutation(4)[: len(shapes)]
        room, corners = side / 2, [((cell % 2) * side / 2, (cell // 2) * side / 2) for cell in cells]
        diameters = [generator.uniform(0.76 + 0.08 * (1 - difficulty), 0.96) * room for _ in shapes]
    else:
        room, corners = float(side), [(0.0, 0.0)]
        diameters = [generator.uniform(0.34 + 0.14 * (1 - difficulty), 0.7) * room]
    mask = np.zeros((side, side), bool)
    for shape, (left, top), diameter in zip(shapes, corners, diameters, strict=True):
        radius = diameter / 2
        cx, cy = (corner + generator.uniform(radius, room - radius) for corner in (left, top))
        turn = generator.uniform(-1, 1) * np.pi * difficulty
        distance = _distance(SHAPES[shape], x - cx, y - cy, radius=radius, turn=turn)
        cover = np.clip(0.5 - distance, 0, 1)[..., None]  # a pixel's share inside the outline: smooth edges
        canvas = canvas * (1 - cover) + _color_apart(ground_color, difficulty, generator) * cover
        mask |= distance < 0
    canvas = canvas + generator.normal(0, 4 + 16 * difficulty, canvas.shape)
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8), mask


def _ground(color: np.ndarray, generator: np.random.Generator, *, side: int, difficulty: float) -> np.ndarray:
    """A ground with a slope, stripes, blotches and, where it is difficult, thin lines as clutter: side x side x 3."""
    y, x = np.mgrid[:side, :side] / side
    strength = 10 + 30 * difficulty
    angle, waves = generator.uniform(0, 2 * np.pi, 2), generator.uniform(2, 7)
    slope = (np.cos(angle[0]) * x + np.sin(angle[0]) * y) * strength
    stripes = np.sin(2 * np.pi * waves * (np.cos(angle[1]) * x + np.sin(angle[1]) * y)) * strength * 0.5
    cells = max(2, side // 8)
    blotches = np.kron(generator.normal(0, strength * 0.3, (cells, cells, 3)), np.ones((-(-side // cells),) * 2 + (1,)))
    canvas = color + (slope + stripes)[..., None] + blotches[:side, :side]
    for _ in range(generator.binomial(4, difficulty)):
        a, shift = generator.uniform(0, np.pi), generator.uniform(-0.5, 0.5)
        near = np.abs(np.cos(a) * (x - 0.5) + np.sin(a) * (y - 0.5) - shift) < 0.6 / side
        canvas[near] = generator.uniform(0, 255, 3)
    return canvas


def _color_apart(ground: np.ndarray, difficulty: float, generator: np.random.Generator) -> np.ndarray:
    """A random color that stands out from the ground; how far depends on the difficulty."""
    least = 150 - 80 * difficulty  # Euclidean, of at most 442
    color = generator.uniform(0, 255, 3)
    while np.linalg.norm(color - ground) < least:
        color = generator.uniform(0, 255, 3)
    return color


def _distance(shape: str, x: np.ndarray, y: np.ndarray, *, radius: float, turn: float) -> np.ndarray:
    """Signed distance to a shape's outline in pixels (below 0 inside), centerd, within a circle of `radius`."""
    x, y = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
    if shape == "circle":
        return np.hypot(x, y) - radius
    if shape == "ring":
        return np.abs(np.hypot(x, y) - 0.75 * radius) - 0.25 * radius
    if shape == "square":
        return np.maximum(np.abs(x), np.abs(y)) - radius / np.sqrt(2)
    if shape == "triangle":  # apex up; the three sides are half the radius away from the center
        return np.maximum(np.abs(x) * np.sqrt(3) / 2 - y / 2, y) - radius / 2
    if shape == "cross":
        long, thin = 0.95 * radius, 0.31 * radius
        across = np.maximum(np.abs(x) - long, np.abs(y) - thin)
        return np.minimum(across, np.maximum(np.abs(y) - long, np.abs(x) - thin))
    # star: five points; each tenth of the turn is folded onto one edge, from a tip to an inner corner
    tenth = np.pi / 5
    from_tip = np.abs((np.arctan2(x, -y) + tenth) % (2 * tenth) - tenth)
    distance = np.hypot(x, y)
    px, py = distance * np.cos(from_tip), distance * np.sin(from_tip)
    inner = 0.42 * radius
    ex, ey = inner * np.cos(tenth) - radius, inner * np.sin(tenth)
    return ((px - radius) * ey - py * ex) / np.hypot(ex, ey)
