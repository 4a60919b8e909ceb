"""The training pictures nearest to a picture of another split, or to any picture, as the run's network sees them.

What a feature extraction cached is read back; another run's are computed once, in a pass over the data, and cached too.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from clfcore.data.decode import decode
from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError
from clfcore.heavy_imports import load
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset
    from clfcore.data.decode import Decoded
    from clfcore.embeddings.embedder import Embedder

Progress = Callable[[int, int], None]


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


def space(run: Run, split: str | None, *, progress: Progress | None = None) -> Space:
    """The embeddings of training, and of one split unless it is None.

    Raises InputError where the data or the weights are gone.
    """
    dataset, decoded = decode(open_run_data(run), Preprocess.from_dict(run.classifier["preprocess"]))
    wanted = {name: dataset.splits[name] for name in ("train", split) if name is not None}
    found = _cached(run, decoded, wanted)
    if found is None:
        embedder = _own_embedder(run)
        found = {name: embedder.of(decoded, indices, progress) for name, indices in wanted.items()}
    train = _unit(found["train"])
    queries = train[:0] if split is None else _unit(found[split])
    ids, labels = ([of(int(i)) for i in wanted["train"]] for of in (lambda i: dataset.ids[i], dataset.label))
    items = {} if split is None else {dataset.ids[i]: row for row, i in enumerate(wanted[split].tolist())}
    of_class = _of_class(dataset, wanted["train"])
    return Space(tuple(ids), tuple(labels), train, items, queries, dataset.classes, of_class)


def _of_class(dataset: "ImageDataset", indices: np.ndarray) -> np.ndarray:
    """M x K bool: which items are of which class of the finest level, or bear which label."""
    targets = dataset.targets[indices]
    if dataset.task.kind == "multi-label":
        return targets.astype(bool)
    finest = targets if targets.ndim == 1 else targets[:, -1]
    return finest[:, None] == np.arange(len(dataset.classes))


def _cached(run: Run, decoded: "Decoded", wanted: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
    """What the run's feature extraction kept, under the identity of its published weights; needs no network."""
    load("torch")
    import torch

    from clfcore.embeddings.embedder import Embedder

    config = run.config
    if config.strategy != "feature-extraction" or config.weights != "default":
        return None
    identity = json.dumps([config.architecture, config.weights, dict(sorted(config.options.items()))])
    preprocess = Preprocess.from_dict(run.classifier["preprocess"])
    embedder = Embedder(torch.nn.Identity(), preprocess, identity, torch.device("cpu"))
    found = {name: embedder.kept(decoded, indices) for name, indices in wanted.items()}
    kept = {name: values for name, values in found.items() if values is not None}
    return kept if len(kept) == len(wanted) else None


def _own_embedder(run: Run) -> "Embedder":
    from clfcore.classifier import of_run
    from clfcore.device import pick_device
    from clfcore.embeddings.embedder import Embedder

    weights = hashlib.blake2b((run.path / "best.safetensors").read_bytes(), digest_size=16).hexdigest()
    classifier, device = of_run(run), pick_device(run.config.recipe.device)
    return Embedder(classifier.module.to(device), classifier.preprocess, f"run {weights}", device)


def _unit(values: np.ndarray) -> np.ndarray:
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
