"""Explanation by example: of each class, the training pictures that are nearest to a picture in the network's eyes."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from clfcore.architectures.heads import head_name
from clfcore.exclusive import exclusive
from clfcore.explain.hooks import as_input, hooked
from clfcore.explain.saliency_map import Explainable

if TYPE_CHECKING:
    from clfcore.embeddings.neighbours import Neighbour


def embedding(classifier: Explainable, square: np.ndarray) -> np.ndarray:
    """size x size x C uint8 -> D float32: what the last linear layer reads of the picture."""
    seen: list[Tensor] = []
    with exclusive(classifier) as module, torch.no_grad():
        head = module.get_submodule(head_name(module))
        with hooked([head.register_forward_pre_hook(lambda _part, inputs: seen.append(inputs[0]))]):
            module(as_input(classifier, square[None]))
    return seen[0].flatten().float().cpu().numpy()


def as_dict(found: "dict[str, tuple[Neighbour, ...]]") -> list[dict[str, Any]]:
    """A row a class: its label and its nearest pictures, nearest first."""
    return [{"label": label, "nearest": [vars(one) for one in near]} for label, near in found.items()]
