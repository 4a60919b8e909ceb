"""Nearest neighbours by the cosine similarity of embeddings: among all training images, and of each class."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from clfcore.errors import InputError

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset, Split


@dataclass(frozen=True)
class Neighbour:
    """A training picture, its label and the cosine similarity of its embedding, from -1 to 1."""

    id: str
    label: str
    similarity: float


@dataclass(frozen=True, eq=False)
class Space:
    """Embeddings of unit length: train M x D (ids and labels: M), queries Q x D (items: id -> row), float32.

    classes: K names, of the finest level; of_class: M x K bool, which training picture is of which.
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    train: np.ndarray
    items: dict[str, int]
    queries: np.ndarray
    classes: tuple[str, ...] = ()
    of_class: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), bool))

    def nearest(self, item: str, *, n: int = 5) -> tuple[Neighbour, ...]:
        """The n training pictures nearest to one item, nearest first. Raises InputError for an unknown item."""
        if item not in self.items:
            raise InputError(f"item is {item!r}: it is not among the readable pictures of this split")
        return self._first(self.train @ self.queries[self.items[item]], np.arange(len(self.ids)), n)

    def per_class(self, embedding: np.ndarray, *, n: int = 3) -> dict[str, tuple[Neighbour, ...]]:
        """Of each class its n training pictures nearest to an embedding (D numbers), the class of the nearest first."""
        similar = self.train @ _unit(embedding[None].astype(np.float32))[0]
        found = {
            name: self._first(similar, np.flatnonzero(self.of_class[:, place]), n)
            for place, name in enumerate(self.classes)
        }
        there = [name for name, near in found.items() if near]
        return {name: found[name] for name in sorted(there, key=lambda name: -found[name][0].similarity)}

    def _first(self, similar: np.ndarray, among: np.ndarray, n: int) -> tuple[Neighbour, ...]:
        order = among[np.argsort(-similar[among], kind="stable")[:n]]
        return tuple(Neighbour(self.ids[i], self.labels[i], float(similar[i])) for i in order)


def make_space(dataset: "ImageDataset", embeddings: "Mapping[Split, np.ndarray]", split: "Split | None") -> Space:
    """The space of a dataset's training images and of one split, or of no split: split -> N x D embeddings."""
    train = _unit(embeddings["train"])
    queries = train[:0] if split is None else _unit(embeddings[split])
    learned = dataset.splits["train"]
    ids, labels = ([of(int(i)) for i in learned] for of in (lambda i: dataset.ids[i], dataset.label))
    items = {} if split is None else {dataset.ids[i]: row for row, i in enumerate(dataset.splits[split].tolist())}
    return Space(tuple(ids), tuple(labels), train, items, queries, dataset.classes, _of_class(dataset, learned))


def _of_class(dataset: "ImageDataset", indices: np.ndarray) -> np.ndarray:
    """M x K bool: which items are of which class of the finest level, or bear which label."""
    targets = dataset.targets[indices]
    if dataset.task.kind == "multi-label":
        return targets.astype(bool)
    finest = targets if targets.ndim == 1 else targets[:, -1]
    return finest[:, None] == np.arange(len(dataset.classes))


def _unit(values: np.ndarray) -> np.ndarray:
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
