"""Nearest neighbors by the cosine similarity of embeddings: among all training images, and in each class."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from clfcore.errors import InputError

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset, Split


@dataclass(frozen=True)
class Neighbor:
    """Nearest neighbor: a training image, its label and the cosine similarity of its embedding, from -1 to 1."""

    id: str
    label: str
    similarity: float


@dataclass(frozen=True, eq=False)
class Space:
    """Embedding space, of unit vectors: train M x D (ids and labels: M), queries Q x D (items: id -> row), float32.

    classes: K names, of the finest level; of_class: M x K bool, which training image is of which.
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    train: np.ndarray
    items: dict[str, int]
    queries: np.ndarray
    classes: tuple[str, ...] = ()
    of_class: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), bool))

    def nearest(self, item: str, *, n: int = 5) -> tuple[Neighbor, ...]:
        """Nearest neighbors of one item: n training images other than itself, nearest first.

        Raises InputError for an unknown item.
        """
        if item not in self.items:
            raise InputError(f"item is {item!r}: it is not among the readable images of this split")
        others = np.flatnonzero(np.array(self.ids, dtype=object) != item)
        return self._first(self.train @ self.queries[self.items[item]], others, n)

    def nearest_to(self, embedding: np.ndarray, *, n: int = 5) -> tuple[Neighbor, ...]:
        """Nearest neighbors of an image that is no item of the data, by its embedding (D): n training images."""
        similar = self.train @ _unit(embedding[None].astype(np.float32))[0]
        return self._first(similar, np.arange(len(self.ids)), n)

    def per_class(self, embedding: np.ndarray, *, n: int = 3) -> dict[str, tuple[Neighbor, ...]]:
        """Nearest neighbors in each class: n training images nearest to an embedding (D), the nearest class first."""
        similar = self.train @ _unit(embedding[None].astype(np.float32))[0]
        neighbors = {
            name: self._first(similar, np.flatnonzero(self.of_class[:, place]), n)
            for place, name in enumerate(self.classes)
        }
        occupied = [name for name, near in neighbors.items() if near]
        return {name: neighbors[name] for name in sorted(occupied, key=lambda name: -neighbors[name][0].similarity)}

    def _first(self, similar: np.ndarray, among: np.ndarray, n: int) -> tuple[Neighbor, ...]:
        order = among[np.argsort(-similar[among], kind="stable")[:n]]
        return tuple(Neighbor(self.ids[i], self.labels[i], float(similar[i])) for i in order)


def make_space(dataset: "ImageDataset", embeddings: "Mapping[Split, np.ndarray]", split: "Split | None") -> Space:
    """Embedding space of a dataset's training images and, if given, of one split. embeddings: split -> N x D."""
    train = _unit(embeddings["train"])
    queries = train[:0] if split is None else _unit(embeddings[split])
    learned = dataset.splits["train"]
    ids = tuple(dataset.ids[int(i)] for i in learned)
    labels = tuple(dataset.finest_label(int(i)) for i in learned)
    items = {} if split is None else {dataset.ids[i]: row for row, i in enumerate(dataset.splits[split].tolist())}
    return Space(ids, labels, train, items, queries, dataset.classes, _of_class(dataset, learned))


def _of_class(dataset: "ImageDataset", indices: np.ndarray) -> np.ndarray:
    """Class membership, M x K bool: which items are of which class of the finest level, or have which label."""
    targets = dataset.targets[indices]
    if dataset.task.kind == "multi-label":
        return targets.astype(bool)
    finest = targets if targets.ndim == 1 else targets[:, -1]
    return finest[:, None] == np.arange(len(dataset.classes))


def _unit(values: np.ndarray) -> np.ndarray:
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
