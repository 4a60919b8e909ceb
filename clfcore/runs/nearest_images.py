"""The training images of a run that are nearest to an image of another split, or to any image, by its embeddings.

What a feature extraction cached is read back; another run's are computed once, in a pass over the data, and cached too.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from clfcore.data.dataset import Split
from clfcore.data.decode import decode
from clfcore.embeddings.neighbors import Neighbor, Space, make_space
from clfcore.errors import InputError
from clfcore.heavy_imports import load
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data

if TYPE_CHECKING:
    from clfcore.classifier import Classifier
    from clfcore.data.dataset import ImageDataset
    from clfcore.data.decode import Decoded
    from clfcore.embeddings.embedder import Embedder

MOST = 20  # examples of a class


def embedding_space(run: Run, split: Split | None, *, progress: Progress | None = None) -> Space:
    """The embeddings of training, and of one split unless it is None.

    Raises InputError where the data or the weights are gone.
    """
    dataset, decoded = decode(open_run_data(run), run.classifier.preprocess)
    names: tuple[Split, ...] = ("train",) if split is None else ("train", split)
    wanted = {name: dataset.splits[name] for name in names}
    embeddings = _cached(run, decoded, wanted)
    if embeddings is None:
        embedder = _own_embedder(run)
        embeddings = {name: embedder.of(decoded, indices, progress) for name, indices in wanted.items()}
    return make_space(dataset, embeddings, split)


def pretrained_space(
    dataset: "ImageDataset", split: Split, *, architecture: str, progress: Progress | None = None
) -> Space:
    """The embeddings of a dataset's training images, and of one split, by a pretrained network and no run.

    Feature extraction with the same network and preprocessing shares them. Raises InputError where its weights are not
    at hand.
    """
    load("torch")
    from clfcore.embeddings.pretrained import embed_dataset

    splits: tuple[Split, ...] = ("train",) if split == "train" else ("train", split)
    embedded = embed_dataset(dataset, architecture, splits=splits, progress=progress)
    return make_space(embedded.dataset, embedded.splits, split)


def training_space(classifier: "Classifier", progress: Progress | None = None) -> Space:
    """The embeddings of the training images of a run's classifier. Raises InputError for an architecture."""
    if classifier.folder is None:
        raise InputError(
            f"{classifier.name} is an architecture whose training images are not here: choose a run, whose are"
        )
    return embedding_space(Run(classifier.folder), None, progress=progress)


def nearest_examples(
    classifier: "Classifier", square: np.ndarray, *, n: int = 3, progress: Progress | None = None
) -> dict[str, tuple[Neighbor, ...]]:
    """Of each class the n training images nearest to an image by cosine, the class of the nearest first."""
    if not 1 <= n <= MOST:
        raise InputError(f"examples is {n}: it must be from 1 to {MOST}")
    load("torch")
    from clfcore.explain.examples import embedding

    return training_space(classifier, progress).per_class(embedding(classifier, square), n=n)


def _cached(run: Run, decoded: "Decoded", wanted: Mapping[Split, np.ndarray]) -> dict[Split, np.ndarray] | None:
    """What the run's feature extraction kept, under the identity of its published weights; needs no network."""
    load("torch")
    import torch

    from clfcore.embeddings.embedder import Embedder

    config = run.config
    if config.strategy != "feature-extraction" or config.weights != "default":
        return None
    identity = json.dumps([config.architecture, config.weights, dict(sorted(config.options.items()))])
    preprocess = run.classifier.preprocess
    embedder = Embedder(torch.nn.Identity(), preprocess, identity, torch.device("cpu"))
    embeddings = {name: embedder.kept(decoded, indices) for name, indices in wanted.items()}
    kept = {name: values for name, values in embeddings.items() if values is not None}
    return kept if len(kept) == len(wanted) else None


def _own_embedder(run: Run) -> "Embedder":
    from clfcore.device import pick_device
    from clfcore.embeddings.embedder import Embedder
    from clfcore.runs.open_classifier import classifier_of

    weights = hashlib.blake2b((run.path / "best.safetensors").read_bytes(), digest_size=16).hexdigest()
    classifier, device = classifier_of(run), pick_device(run.config.recipe.device)
    return Embedder(classifier.module.to(device), classifier.preprocess, f"run {weights}", device)
