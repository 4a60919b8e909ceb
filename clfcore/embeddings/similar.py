"""Items similar to a picture: those of a dataset whose embeddings are nearest by cosine, whatever their split."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clfcore.data.dataset import ImageDataset, Split
from clfcore.embeddings.pretrained import EmbeddedDataset, embed_dataset
from clfcore.embeddings.reference import unit
from clfcore.progress import Progress
from clfcore.results import Result
from clfcore.task import single_label


@dataclass(frozen=True)
class SimilarItem(Result):
    """An item of the data: its split, its label in words, and the cosine similarity of its embedding, -1 to 1."""

    item: str
    split: Split | None
    label: str
    similarity: float


def files_dataset(paths: Sequence[Path], names: Sequence[str], *, name: str) -> ImageDataset:
    """Pictures without labels as a dataset of one class and one split, so that they are decoded and embedded alike."""
    rows = np.arange(len(paths))
    task = single_label(("unlabeled",))
    return ImageDataset(name, task, tuple(names), np.zeros(len(paths), np.int64), {"train": rows}, paths=tuple(paths))


def embed_pictures(
    paths: Sequence[Path], names: Sequence[str], *, architecture: str, name: str, progress: Progress | None = None
) -> EmbeddedDataset:
    """Embeddings of picture files without labels. Raises InputError where none can be read."""
    return embed_dataset(files_dataset(paths, names, name=name), architecture, progress=progress)


def nearest_items(embedded: EmbeddedDataset, embedding: np.ndarray, *, count: int = 12) -> tuple[SimilarItem, ...]:
    """The items nearest to an embedding (D), the nearest first."""
    dataset = embedded.dataset
    similar = unit(embedded.all) @ unit(embedding[None])[0]
    order = np.argsort(-np.where(np.isfinite(similar), similar, -np.inf), kind="stable")[:count]
    split_of = {int(i): split for split, chosen in dataset.splits.items() for i in chosen}
    return tuple(
        SimilarItem(dataset.ids[i], split_of.get(i), dataset.label(i), round(float(np.clip(similar[i], -1, 1)), 4))
        for i in order.tolist()
    )


def embed_photo(pixels: np.ndarray, *, architecture: str) -> np.ndarray:
    """Embedding (D) of a picture, H x W x C uint8. Raises InputError where the weights are not at hand."""
    rgb = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
    photo = ImageDataset(
        "photo", single_label(("photo",)), ("photo",), np.zeros(1, np.int64), {"train": np.arange(1)}, pixels=rgb[None]
    )
    return np.asarray(embed_dataset(photo, architecture).all[0])
