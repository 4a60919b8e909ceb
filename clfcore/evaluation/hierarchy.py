"""Hierarchical answers: how far wrong ones are from the truth, and answers that keep to real paths.

Letters: N items, L levels (the finest last), P real paths of L class indices each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clfcore.errors import InputError
from clfcore.evaluation.metrics import known_paths
from clfcore.predictions import Predictions, probabilities


@dataclass(frozen=True)
class HierarchyReport:
    """Fractions from 0 to 1 and distances in levels (0 right, 1 right but for the finest level, … L wrong in all).

    average_distance: of the predicted finest class from the true one, over all items; severity: over those that are
    wrong at the finest level (Bertinetto et al. 2020). path_accuracy: right at every level. `*_decoded`: after
    `decode`, which makes every answer a real path. None where there is nothing to average.
    """

    level_accuracy: dict[str, float | None]
    level_accuracy_decoded: dict[str, float | None]
    path_accuracy: float | None
    path_accuracy_decoded: float | None
    average_distance: float | None
    severity: float | None


def report(predictions: Predictions, *, paths: Sequence[Sequence[int]] | np.ndarray | None = None) -> HierarchyReport:
    """How levels, paths and mistakes stand. paths: as in `metrics.evaluate`."""
    real = real_paths(predictions, paths)
    names = [level.name for level in predictions.task.levels]
    if len(predictions) == 0:
        nothing = dict.fromkeys(names)
        return HierarchyReport(nothing, nothing, None, None, None, None)
    predicted, decoded, truth = (
        answers(predictions),
        decode(predictions, paths=paths),
        predictions.targets,
    )  # N x L each
    far = distances(truth[:, -1], predicted[:, -1], real)
    wrong = predicted[:, -1] != truth[:, -1]
    return HierarchyReport(
        dict(zip(names, (predicted == truth).mean(axis=0).tolist(), strict=True)),
        dict(zip(names, (decoded == truth).mean(axis=0).tolist(), strict=True)),
        float((predicted == truth).all(axis=1).mean()),
        float((decoded == truth).all(axis=1).mean()),
        float(far.mean()),
        float(far[wrong].mean()) if wrong.any() else None,
    )


def answers(predictions: Predictions) -> np.ndarray:
    """N x L int64: the most probable class of each level by itself."""
    return np.stack([predictions.logits[:, part].argmax(axis=1) for part in predictions.task.slices], axis=1)


def decode(predictions: Predictions, *, paths: Sequence[Sequence[int]] | np.ndarray | None = None) -> np.ndarray:
    """N x L int64: the real path with the highest product of its levels' probabilities; of equal ones the first."""
    real = real_paths(predictions, paths)
    logs = np.log(np.maximum(probabilities(predictions.logits, predictions.task), 1e-300))
    total = sum(logs[:, part][:, real[:, i]] for i, part in enumerate(predictions.task.slices))  # N x P
    return real[total.argmax(axis=1)]


def real_paths(predictions: Predictions, paths: Sequence[Sequence[int]] | np.ndarray | None = None) -> np.ndarray:
    """P x L int64, sorted, each once. Raises InputError where the task is not hierarchical or paths do not fit it."""
    levels = predictions.task.levels
    if predictions.task.kind != "hierarchical":
        raise InputError(f"the task is {predictions.task.kind}: it has no levels to follow")
    real = np.unique(np.asarray(known_paths(predictions, paths), np.int64), axis=0)
    sizes = np.array([len(level.classes) for level in levels])
    if real.ndim != 2 or not len(real) or real.shape[1] != len(levels) or (real < 0).any() or (real >= sizes).any():
        raise InputError(f"paths do not fit the task: each must name a class in each of its {len(levels)} levels")
    return real


def distances(truth: np.ndarray, predicted: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Levels up to the nearest common ancestor of two finest classes, N int64; 0 where they are equal.

    Where a finest class stands on several paths, its nearest counts; one that stands on none is L away from all else.
    """
    depth = real.shape[1]
    finest = int(max(real[:, -1].max(), truth.max(initial=0), predicted.max(initial=0))) + 1
    table = np.full((finest, finest), depth, np.int64)
    for height in range(depth - 1, 0, -1):
        _, branch = np.unique(real[:, : depth - height], axis=0, return_inverse=True)
        member = np.zeros((finest, branch.max() + 1), bool)
        member[real[:, -1], branch.ravel()] = True
        table[(member.astype(np.float32) @ member.T.astype(np.float32)) > 0] = height
    np.fill_diagonal(table, 0)
    return table[truth, predicted]
