"""Model parameter randomization test: does a map depend on what the network learned (Adebayo et al. 2018)?"""

import copy
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from clfcore.exclusive import exclusive
from clfcore.explain.hooks import as_input
from clfcore.explain.saliency_map import Explainable
from clfcore.task import Task

if TYPE_CHECKING:
    from clfcore.data.pixels import Preprocess

UNCHANGED = 0.5  # mean rank correlation from which a method's maps count as unchanged


@dataclass(frozen=True, eq=False)
class RandomizedClassifier:
    """Classifier with a copy of the network in which the weights of each tensor are shuffled."""

    name: str
    module: nn.Module
    preprocess: "Preprocess"
    task: Task
    lock: "threading.RLock"


def with_random_weights(classifier: Explainable, squares: np.ndarray, *, seed: int = 0) -> RandomizedClassifier:
    """Randomized classifier: each tensor's weights in random order keep their distribution and lose what was learned.

    Batch normalization estimates its statistics anew on `squares` (N x size x size x C uint8), else signals would die
    out.
    """
    generator = torch.Generator().manual_seed(seed)
    with exclusive(classifier) as shared:
        module = copy.deepcopy(shared)
    with torch.no_grad():
        for parameter in module.parameters():
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.flatten()[order].reshape(parameter.shape))
    shuffled = RandomizedClassifier(
        f"{classifier.name} with random weights",
        module.eval(),
        classifier.preprocess,
        classifier.task,
        threading.RLock(),
    )
    norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    if norms:
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the cumulative mean over its input
            norm.train()
        with torch.no_grad():
            module(as_input(shuffled, squares))
        module.eval()
    return shuffled


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation of two maps' values; 0 where one of them is constant."""
    from scipy.stats import rankdata

    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])
