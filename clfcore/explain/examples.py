"""Explanation by example: of each class, the training pictures that are nearest to a picture in the network's eyes."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from clfcore.architectures.heads import head_name
from clfcore.embeddings.neighbours import space
from clfcore.errors import InputError
from clfcore.exclusive import exclusive
from clfcore.explain.hooks import as_input, hooked
from clfcore.explain.saliency_map import Explainable, Progress

if TYPE_CHECKING:
    from clfcore.classifier import Classifier
    from clfcore.embeddings.neighbours import Neighbour, Space

MOST = 20  # examples of a class


def embedding(classifier: Explainable, square: np.ndarray) -> np.ndarray:
    """size x size x C uint8 -> D float32: what the last linear layer reads of the picture."""
    seen: list[Tensor] = []
    with exclusive(classifier) as module, torch.no_grad():
        head = module.get_submodule(head_name(module))
        with hooked([head.register_forward_pre_hook(lambda _part, inputs: seen.append(inputs[0]))]):
            module(as_input(classifier, square[None]))
    return seen[0].flatten().float().cpu().numpy()


def training_space(classifier: "Classifier", progress: Progress | None = None) -> "Space":
    """The embeddings of the training pictures of a run's classifier. Raises InputError for an architecture."""
    if classifier.run is None:
        raise InputError(
            f"{classifier.name} is an architecture whose training images are not here: choose a run, whose are"
        )
    return space(classifier.run, None, progress=progress)


def examples(
    classifier: "Classifier", square: np.ndarray, *, n: int = 3, progress: Progress | None = None
) -> "dict[str, tuple[Neighbour, ...]]":
    """Of each class the n training pictures nearest to the picture by cosine, the class of the nearest first."""
    if not 1 <= n <= MOST:
        raise InputError(f"examples is {n}: it must be from 1 to {MOST}")
    return training_space(classifier, progress).per_class(embedding(classifier, square), n=n)


def as_dict(found: "dict[str, tuple[Neighbour, ...]]") -> list[dict[str, Any]]:
    """A row a class: its label and its nearest pictures, nearest first."""
    return [{"label": label, "nearest": [vars(one) for one in near]} for label, near in found.items()]
