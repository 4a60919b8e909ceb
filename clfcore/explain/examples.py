"""Embedding of a picture, by which the training pictures nearest to it are found: explanation by example."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from clfcore.architectures.heads import head_name
from clfcore.exclusive import exclusive
from clfcore.explain.hooks import as_input, hooked
from clfcore.explain.saliency_map import Explainable


@dataclass(frozen=True, eq=False)
class Embedded:
    """Pictures after one pass of a network: N x columns logits and N x D embeddings, float32."""

    logits: np.ndarray
    embeddings: np.ndarray


def embedded(classifier: Explainable, squares: np.ndarray) -> Embedded:
    """Logits and embeddings, the inputs of the last linear layer: N x size x size x C, bytes or tones.

    Raises InputError where the network has no such layer, or two.
    """
    captured: list[Tensor] = []
    with exclusive(classifier) as module, torch.no_grad():
        head = module.get_submodule(head_name(module))
        with hooked([head.register_forward_pre_hook(lambda _part, inputs: captured.append(inputs[0]))]):
            logits = module(as_input(classifier, squares))
    return Embedded(logits.float().cpu().numpy(), captured[-1].flatten(1).float().cpu().numpy())


def embedding(classifier: Explainable, square: np.ndarray) -> np.ndarray:
    """Embedding of one picture: size x size x C uint8 -> D float32."""
    return embedded(classifier, square[None]).embeddings[0]
