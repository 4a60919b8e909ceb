"""The map of a dataset: each item's place in a plane, and what the points can be colored by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from clfcore.data.dataset import ImageDataset, Split
from clfcore.hierarchy import decoded
from clfcore.predictions import Predictions, probabilities
from clfcore.quality.label_errors import LabelErrors
from clfcore.results import Result
from clfcore.task import Task

Coloring = Literal["class", "split", "error", "confidence", "suspicion"]
COLORINGS: tuple[Coloring, ...] = get_args(Coloring)


@dataclass(frozen=True)
class MapPoint(Result):
    """An item on the map.

    label: its class of the finest level, or its labels; error: whether it is predicted wrong; confidence: the
    probability of that prediction, of labels the least sure one's; suspicion: how unlikely its label is, 0 to 1. The
    last three are None where nothing was predicted.
    """

    item: str
    x: float
    y: float
    split: Split | None
    label: str
    error: bool | None
    confidence: float | None
    suspicion: float | None


@dataclass(frozen=True)
class Guess:
    """What was predicted of an item: whether that is wrong, and its probability."""

    error: bool
    confidence: float


def guesses(ids: Sequence[str], task: Task, targets: np.ndarray, *, logits: np.ndarray) -> dict[str, Guess]:
    """Guesses of N items by logits, N x C: of labels at 0.5, of a hierarchy at the finest level of a real path."""
    likely = probabilities(logits, task)
    if task.kind == "multi-label":
        wrong = ((logits > 0) != (targets > 0)).any(axis=1)
        sure = np.maximum(likely, 1 - likely).min(axis=1)
    else:
        part = task.slices[-1]
        paths = decoded(logits, task, "path") if task.paths else logits
        top = paths[:, part].argmax(axis=1)
        wrong = top != (targets if targets.ndim == 1 else targets[:, -1])
        sure = likely[np.arange(len(top)), part.start + top]
    return {name: Guess(bool(w), round(float(p), 4)) for name, w, p in zip(ids, wrong, sure, strict=True)}


def guesses_of_run(predictions: Sequence[Predictions]) -> dict[str, Guess]:
    """Guesses of a run, by item, in all splits that it has predictions of."""
    known: dict[str, Guess] = {}
    for one in predictions:
        known |= guesses(one.ids, one.task, one.targets, logits=one.logits)
    return known


def guesses_out_of_fold(dataset: ImageDataset, labels: LabelErrors) -> dict[str, Guess]:
    """Guesses of heads that were fitted on other items, without the items that none could judge."""
    unjudged = set(labels.unjudged)
    known = guesses(dataset.ids, dataset.task, dataset.targets, logits=labels.logits)
    return {name: guess for name, guess in known.items() if name not in unjudged}


def map_points(
    dataset: ImageDataset,
    rows: np.ndarray,
    positions: np.ndarray,
    *,
    guessed: Mapping[str, Guess],
    quality: Mapping[str, float],
) -> tuple[MapPoint, ...]:
    """Points of some rows at their positions, M x 2. quality: of each item's label, 0 (wrong) to 1."""
    split_of = {int(i): split for split, chosen in dataset.splits.items() for i in chosen}
    points = []
    for i, (x, y) in zip(rows.tolist(), positions.tolist(), strict=True):
        name = dataset.ids[i]
        guess, score = guessed.get(name), quality.get(name)
        points.append(
            MapPoint(
                item=name,
                x=round(x, 3),
                y=round(y, 3),
                split=split_of.get(i),
                label=dataset.finest_label(i),
                error=None if guess is None else guess.error,
                confidence=None if guess is None else guess.confidence,
                suspicion=None if score is None else round(1 - score, 4),
            )
        )
    return tuple(points)
