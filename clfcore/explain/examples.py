"""Embedding of one picture, by which the training pictures nearest to it are found: explanation by example."""

import numpy as np
import torch
from torch import Tensor

from clfcore.architectures.heads import head_name
from clfcore.exclusive import exclusive
from clfcore.explain.hooks import as_input, hooked
from clfcore.explain.saliency_map import Explainable


def embedding(classifier: Explainable, square: np.ndarray) -> np.ndarray:
    """Embedding of one picture, the input of the last linear layer: size x size x C uint8 -> D float32."""
    captured: list[Tensor] = []
    with exclusive(classifier) as module, torch.no_grad():
        head = module.get_submodule(head_name(module))
        with hooked([head.register_forward_pre_hook(lambda _part, inputs: captured.append(inputs[0]))]):
            module(as_input(classifier, square[None]))
    return captured[0].flatten().float().cpu().numpy()
