"""Answers of a hierarchy that keep to real paths: logits changed once, so that all that is read of them agrees.

Letters: N items, L levels (the finest last), P real paths of L class indices each. No torch.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from clfcore.errors import InputError
from clfcore.predictions import Predictions, probabilities
from clfcore.task import Task

Decoding = Literal["levels", "path", "sum"]
_LEAST = 1e-12


def decoded(logits: np.ndarray, task: Task, how: Decoding) -> np.ndarray:
    """N x columns logits -> N x columns float32 logits of which each level's argmax is the answer.

    levels: as they are, each level by itself. path: a class scores what the likeliest real path through it scores (the
    sum of its levels' log-probabilities), so that the answers of all levels are one real path. sum: the finest level
    alone is asked, and a parent's probability is the sum of its children's. Raises InputError where paths are unknown.
    """
    if how == "levels":
        return logits
    real = _real(task)
    out = np.empty(logits.shape, np.float32)
    if how == "sum":
        finest = probabilities(logits, task)[:, task.slices[-1]]
        for i, part in enumerate(task.slices):
            out[:, part] = np.log(
                np.maximum(_summed(finest, real, level=i, classes=len(task.levels[i].classes)), _LEAST)
            )
        return out
    scores = _path_scores(logits, task, real)  # N x P
    best = scores.argmax(axis=1)
    rows = np.arange(len(logits))
    for i, part in enumerate(task.slices):
        order = np.argsort(real[:, i], kind="stable")
        classes, starts = np.unique(real[order, i], return_index=True)
        level = np.full((len(logits), part.stop - part.start), 0.0)
        level[:] = scores.min(axis=1, keepdims=True, initial=np.inf) - 20  # on no path
        level[:, classes] = np.maximum.reduceat(scores[:, order], starts, axis=1)
        out[:, part] = level
        top = out[:, part].max(axis=1)
        out[rows, part.start + real[best, i]] = np.nextafter(top, np.float32(np.inf))  # of equal paths the first
    return out


@dataclass(frozen=True)
class Place:
    """One level of a predicted path; probability: that the true path begins with this one so far."""

    level: str
    label: str
    probability: float


def path_of(logits: np.ndarray, task: Task, *, sure: float = 0.0) -> tuple[Place, ...]:
    """The likeliest real path of one item (columns logits), coarsest first.

    A path's probability is the product of its levels', shared among the real paths. sure: it stops before the first
    level whose probability is lower; 0 goes to the end. Nothing at all where even the first is not sure enough.
    """
    real = _real(task)
    scores = _path_scores(logits[None], task, real)[0]
    p = np.exp(scores - scores.max())
    p /= p.sum()
    best = real[p.argmax()]
    places, same = [], np.ones(len(real), bool)
    for i, level in enumerate(task.levels):
        same &= real[:, i] == best[i]
        probability = float(min(1.0, p[same].sum()))
        if probability < sure:
            break
        places.append(Place(level.name, level.classes[best[i]], probability))
    return tuple(places)


def redecoded(predictions: Predictions, how: Decoding) -> Predictions:
    """The same predictions read in another way."""
    logits = decoded(predictions.logits, predictions.task, how)
    return Predictions(predictions.task, predictions.split, predictions.ids, predictions.targets, logits)


def _path_scores(logits: np.ndarray, task: Task, real: np.ndarray) -> np.ndarray:
    logs = np.log(np.maximum(probabilities(logits, task), 1e-300))
    return sum(logs[:, part][:, real[:, i]] for i, part in enumerate(task.slices))  # N x P


def _summed(finest: np.ndarray, real: np.ndarray, *, level: int, classes: int) -> np.ndarray:
    """N x classes: a finest class gives its probability to its parent, in equal parts where it has several."""
    share = 1 / np.bincount(real[:, -1], minlength=finest.shape[1])[real[:, -1]]
    member = np.zeros((finest.shape[1], classes))
    np.add.at(member, (real[:, -1], real[:, level]), share)
    return finest @ member


def _real(task: Task) -> np.ndarray:
    if task.kind != "hierarchical":
        raise InputError(f"the task is {task.kind}: it has no levels to follow")
    if not task.paths:
        raise InputError("the real paths are not known: the run is from before they were kept; train it again")
    return np.array(task.paths, np.int64)
