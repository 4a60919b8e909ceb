"""What a classifier says of one picture, in the words of its task: top classes, labels with thresholds, or a path."""

from typing import TYPE_CHECKING, Any

import numpy as np

from clfcore.errors import InputError
from clfcore.hierarchy import decoded, path_of
from clfcore.predictions import moved_thresholds, probabilities

if TYPE_CHECKING:
    from clfcore.classifier import Classifier


class NoAnswer(InputError):
    """The network answers a picture with NaN or infinity."""


def answer(
    classifier: "Classifier",
    square: np.ndarray,
    k: int,
    *,
    sure: float = 0.0,
    logits: np.ndarray | None = None,
    temperature: float = 1.0,
) -> dict[str, Any]:
    """`top`: the k likeliest of the finest level, with their probabilities.

    Several labels: each with its `threshold`, and `labels`, those that reach it. A hierarchy: `levels`, the likeliest
    of each by name, and `path`, the likeliest real one down to the last level that is at least as sure as `sure`.
    square: size x size x C uint8; logits: what the network said of it (columns), where that is known; temperature:
    what they are divided by, so that probabilities mean what they say.
    """
    from clfcore.classifier import top

    if not 0 <= sure <= 1:
        raise InputError(f"sure is {sure:g}: it must be from 0 to 1")
    task = classifier.task
    logits = classifier.logits(square[None])[0] if logits is None else logits
    if not np.isfinite(logits).all():
        raise NoAnswer(
            f"{classifier.name} answers this picture with NaN or infinity: its weights are too large or damaged"
        )
    said = probabilities(decoded(logits[None], task, classifier.decoding) / temperature, task)[0]
    levels = {
        level.name: [{"label": label, "probability": p} for label, p in top(said[part], level.classes, k)]
        for level, part in zip(task.levels, task.slices, strict=True)
    }
    finest = levels[task.levels[-1].name]
    if task.kind == "multi-label":
        at = moved_thresholds(classifier.thresholds or [0.5] * task.columns, temperature)
        thresholds = dict(zip(task.classes, at, strict=True))
        there = [name for name, p in zip(task.classes, said, strict=True) if p >= thresholds[name]]
        return {"top": [{**one, "threshold": thresholds[one["label"]]} for one in finest], "labels": there}
    if task.kind == "hierarchical":
        found = {"top": finest, "levels": levels}
        if task.paths:
            path = path_of(logits / temperature, task, sure=sure)
            found |= {"path": [vars(place) for place in path], "stopped": len(path) < len(task.levels)}
        return found
    return {"top": finest}
