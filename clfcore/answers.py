"""Prediction for one image in the terms of its task: top classes, labels with thresholds, or a path."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from clfcore.errors import InputError
from clfcore.hierarchy import Decoding, Place, decoded, path_of
from clfcore.predictions import moved_thresholds, probabilities
from clfcore.results import WHEN_KNOWN, Result
from clfcore.task import Task


class Answering(Protocol):
    """What gives logits, and what they mean: a Classifier, or an exported file."""

    @property
    def name(self) -> str: ...

    @property
    def task(self) -> Task: ...

    @property
    def decoding(self) -> Decoding: ...

    @property
    def thresholds(self) -> tuple[float, ...] | None: ...

    def logits(self, squares: np.ndarray) -> np.ndarray:
        """N x size x size x C -> N x columns float32."""


class NoAnswer(InputError):
    """The network answers an image with NaN or infinity."""


@dataclass(frozen=True)
class LabelProbability(Result):
    """A class and its probability; threshold: of several labels, from which one counts as present."""

    label: str
    probability: float
    threshold: float | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class Prediction:
    """The likeliest classes of one image, of a hierarchy those of its finest level, the likeliest first."""

    top: tuple[LabelProbability, ...]


@dataclass(frozen=True)
class MultiLabelPrediction(Prediction):
    """A prediction of several labels. labels: those that reach their threshold, in the order of the classes."""

    labels: tuple[str, ...]


@dataclass(frozen=True)
class HierarchicalPrediction(Prediction):
    """A prediction of a hierarchy.

    levels: the likeliest classes of each level, by its name, the coarsest first. path: the likeliest real path, down
    to the last level that is sure enough; None where the real paths are not known.
    """

    levels: Mapping[str, tuple[LabelProbability, ...]]
    path: tuple[Place, ...] | None

    @property
    def stopped(self) -> bool | None:
        """Whether the path ends above the finest level; None where there is no path."""
        return None if self.path is None else len(self.path) < len(self.levels)


def answer(
    classifier: Answering,
    square: np.ndarray,
    k: int,
    *,
    sure: float = 0.0,
    logits: np.ndarray | None = None,
    temperature: float = 1.0,
) -> Prediction:
    """Prediction for one image, with the k likeliest classes of each level.

    square: size x size x C uint8; logits: what the network computed for it (columns), where that is known; sure: the
    probability below which a path stops; temperature: what the logits are divided by, for calibrated probabilities.
    Raises NoAnswer where the logits are not finite, InputError where `sure` is not from 0 to 1.
    """
    if not 0 <= sure <= 1:
        raise InputError(f"sure is {sure:g}: it must be from 0 to 1")
    task = classifier.task
    logits = classifier.logits(square[None])[0] if logits is None else logits
    if not np.isfinite(logits).all():
        raise NoAnswer(
            f"{classifier.name} answers this picture with NaN or infinity: its weights are too large or damaged"
        )
    p = probabilities(decoded(logits[None], task, classifier.decoding) / temperature, task)[0]
    if task.kind == "multi-label":
        thresholds = moved_thresholds(classifier.thresholds or [0.5] * task.columns, temperature)
        top = _top(p, task.classes, k=k, thresholds=thresholds)
        present = zip(task.classes, p, thresholds, strict=True)
        return MultiLabelPrediction(top, tuple(label for label, value, limit in present if value >= limit))
    levels = {
        level.name: _top(p[part], level.classes, k=k) for level, part in zip(task.levels, task.slices, strict=True)
    }
    finest = levels[task.levels[-1].name]
    if task.kind == "single-label":
        return Prediction(finest)
    path = path_of(logits / temperature, task, sure=sure) if task.paths else None
    return HierarchicalPrediction(finest, levels, path)


def _top(
    p: np.ndarray, classes: tuple[str, ...], *, k: int, thresholds: tuple[float, ...] | None = None
) -> tuple[LabelProbability, ...]:
    """The k likeliest of a level's classes, the likeliest first; of equals the first."""
    order = np.argsort(-p, kind="stable")[:k]
    return tuple(LabelProbability(classes[i], float(p[i]), thresholds[i] if thresholds else None) for i in order)
