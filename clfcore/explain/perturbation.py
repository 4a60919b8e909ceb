"""Perturbation methods, which need the outputs alone: occlusion and RISE. The lock is held for one batch at a time."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from clfcore.exclusive import exclusive
from clfcore.explain.hooks import Score, batch_size
from clfcore.explain.saliency_map import Explainable

_Part = TypeVar("_Part")

MASKS = 1000  # of RISE
CELLS, VISIBLE = 7, 0.5  # of a mask of RISE: its coarse grid, and the share of cells that stay visible

Tick = Callable[[int, int], None]


class Windows(NamedTuple):
    """Windows of occlusion: the side of the square, in pixels, and where it starts along each axis."""

    side: int
    starts: list[int]


def occlusion(classifier: Explainable, x: Tensor, score: Score, *, progress: Tick) -> np.ndarray:
    """Occlusion, size x size: how far the score falls when a square over the pixel is covered with the mean color.

    The square is a seventh of the side and moves by half its side; a pixel has the mean of the squares that cover it
    (Zeiler and Fergus 2014, section 4.2).
    """
    size = x.shape[-1]
    side, starts = windows(size)
    corners = [(top, left) for top in starts for left in starts]

    def covered(some: list[tuple[int, int]]) -> Tensor:
        copies = x.repeat(len(some), 1, 1, 1)
        for copy, (top, left) in zip(copies, some, strict=True):
            copy[:, top : top + side, left : left + side] = 0
        return copies

    whole = masked_outputs(classifier, x)
    score.settled(whole[0])
    falls = score(whole) - score(_outputs(classifier, corners, covered, step=batch_size(x), progress=progress))
    total, times = np.zeros((size, size)), np.zeros((size, size))
    for (top, left), fall in zip(corners, falls.tolist(), strict=True):
        total[top : top + side, left : left + side] += fall
        times[top : top + side, left : left + side] += 1
    return total / times


def windows(size: int) -> Windows:
    """Windows of occlusion for a picture of size x size: they start every half side, the last one at the edge."""
    side = max(1, round(size / 7))
    return Windows(side, sorted({*range(0, size - side, max(1, side // 2)), size - side}))


def rise(classifier: Explainable, x: Tensor, score: Score, *, progress: Tick, masks: int, seed: int = 0) -> np.ndarray:
    """RISE, size x size: the mean of random masks, weighted by how far the probability is above its mean.

    Petsiuk et al. 2018, equation 6, with the mean subtracted: the same map up to a constant, from fewer masks.
    """
    generator = np.random.default_rng(seed)
    size, total, weighted = x.shape[-1], np.zeros(()), np.zeros(())
    scores: list[float] = []
    score.settled(masked_outputs(classifier, x)[0])
    step = batch_size(x)
    for start in range(0, masks, step):
        some = random_masks(min(step, masks - start), size, generator)
        outputs = masked_outputs(classifier, x * torch.from_numpy(some[:, None]).to(x))
        probabilities = score.probability(outputs).double().cpu().numpy()
        total = total + some.sum(axis=0, dtype=np.float64)
        weighted = weighted + np.tensordot(probabilities, some.astype(np.float64), axes=1)
        scores.extend(probabilities.tolist())
        progress(start + len(some), masks)
    return (weighted - np.mean(scores) * total) / (masks * VISIBLE)


def random_masks(count: int, size: int, generator: np.random.Generator) -> np.ndarray:
    """Random masks of RISE, count x size x size float32 in 0..1: coarse grids, upsampled, shifted by up to a cell."""
    cell = -(-size // CELLS)
    grids = (generator.random((count, 1, CELLS + 1, CELLS + 1)) < VISIBLE).astype(np.float32)
    side = (CELLS + 1) * cell
    upsampled = torch.nn.functional.interpolate(torch.from_numpy(grids), size=(side, side), mode="bilinear")
    large = upsampled[:, 0].clamp(0, 1).numpy()  # interpolation rounds past 1
    shifts = generator.integers(0, cell, (count, 2))
    return np.stack(
        [mask[top : top + size, left : left + size] for mask, (top, left) in zip(large, shifts, strict=True)]
    )


def masked_outputs(classifier: Explainable, x: Tensor) -> Tensor:
    """Logits, N x columns; the classifier is locked for this batch alone, so that others have their turn."""
    with exclusive(classifier) as module, torch.no_grad():
        return module(x.contiguous(memory_format=torch.channels_last)).float()


def _outputs(
    classifier: Explainable,
    parts: list[_Part],
    build: Callable[[list[_Part]], Tensor],
    *,
    step: int,
    progress: Tick,
) -> Tensor:
    def batches() -> Iterator[Tensor]:
        for start in range(0, len(parts), step):
            yield masked_outputs(classifier, build(parts[start : start + step]))
            progress(min(start + step, len(parts)), len(parts))

    return torch.cat(list(batches()))
