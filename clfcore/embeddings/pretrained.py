"""Embeddings of a whole dataset by a pretrained network and no run, split by split."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from clfcore.classifier import of_architecture
from clfcore.data.dataset import ImageDataset, Split
from clfcore.data.decode import Decoded, decode
from clfcore.data.pixels import Preprocess
from clfcore.device import pick_device
from clfcore.embeddings.embedder import Embedder
from clfcore.progress import Progress


@dataclass(frozen=True, eq=False)
class EmbeddedDataset:
    """A dataset without its unreadable items, its decoded images, and each split's embeddings (N x D float32).

    preprocess: of the network that embedded them, and by which they were decoded.
    """

    dataset: ImageDataset
    decoded: Decoded
    preprocess: Preprocess
    splits: Mapping[Split, np.ndarray]

    @property
    def all(self) -> np.ndarray:
        """Embeddings of every item in the order of the dataset; NaN for an item in no split."""
        width = next(iter(self.splits.values())).shape[1]
        values = np.full((len(self.dataset), width), np.nan, np.float32)
        for split, embeddings in self.splits.items():
            values[self.dataset.splits[split]] = embeddings
        return values


def embed_dataset(
    dataset: ImageDataset,
    architecture: str,
    *,
    splits: tuple[Split, ...] | None = None,
    progress: Progress | None = None,
) -> EmbeddedDataset:
    """Embed some splits, or all, with an architecture's published weights; what is in the cache is read back.

    Feature extraction with the same network and preprocessing shares them. progress counts the images of all splits.
    Raises InputError where the weights are not at hand or no image can be read.
    """
    classifier, device = of_architecture(architecture), pick_device("auto")
    dataset, decoded = decode(dataset, classifier.preprocess)
    identity = json.dumps([architecture, "default", {}])
    embedder = Embedder(classifier.module.to(device), classifier.preprocess, identity, device)
    names = [name for name in splits or dataset.splits if len(dataset.splits.get(name, ()))]
    total, before, embedded = sum(len(dataset.splits[name]) for name in names), 0, {}

    def report(done: int, _: int) -> None:
        if progress is not None:
            progress(before + done, total)

    for name in names:
        embedded[name] = embedder.of(decoded, dataset.splits[name], report)
        before += len(dataset.splits[name])
    return EmbeddedDataset(dataset, decoded, classifier.preprocess, embedded)
