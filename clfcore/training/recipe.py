"""What a recipe means in torch: the loss on logits, parameter groups, the optimiser, the learning rate at a step."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clfcore.config import Recipe
from clfcore.task import Task
from clfcore.training.muon import MatrixOptimiser
from clfcore.training.schedules import Plateau, mix_of, rate_at, steps_of

__all__ = [
    "Plateau",
    "decays",
    "hits_of",
    "loss_of",
    "mix_of",
    "optimiser",
    "parameter_groups",
    "rate_at",
    "steps_of",
]

# How much a level counts in a hierarchical loss, coarsest first; deeper levels keep the last figure.
LEVEL_WEIGHTS = (1.0, 0.8, 0.6, 0.4, 0.3)


def loss_of(task: Task, recipe: Recipe) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss as a function of logits (B x columns) and targets (see `Task`); a scalar, mean over the batch.

    Targets that are floating-point and B x columns are soft: those of mixed pictures (`augment.soft_targets`).

    Cross-entropy (single-label), its weighted sum over the levels (hierarchical), or the mean binary cross-entropy over
    the labels (multi-label). Label smoothing spreads over the classes of a level, or draws 0 and 1 towards one half.
    """
    smoothing = recipe.label_smoothing
    if task.kind == "single-label":
        return lambda logits, y: F.cross_entropy(logits, y, label_smoothing=smoothing)
    if task.kind == "multi-label":

        def binary(logits: Tensor, y: Tensor) -> Tensor:
            soft = y.to(logits.dtype) * (1 - smoothing) + smoothing / 2
            return F.binary_cross_entropy_with_logits(logits, soft)

        return binary
    weights = [LEVEL_WEIGHTS[min(i, len(LEVEL_WEIGHTS) - 1)] for i in range(len(task.levels))]

    def by_level(logits: Tensor, y: Tensor) -> Tensor:
        parts = (
            weight
            * F.cross_entropy(
                logits[:, part], y[:, part] if y.is_floating_point() else y[:, i], label_smoothing=smoothing
            )
            for i, (weight, part) in enumerate(zip(weights, task.slices, strict=True))
        )
        return torch.stack(list(parts)).sum()

    return by_level


def hits_of(task: Task) -> Callable[[Tensor, Tensor], Tensor]:
    """How many of a batch are right, as a scalar: the finest level's top-1, or the mean share of right labels."""
    if task.kind == "multi-label":
        return lambda logits, y: ((logits > 0) == (y > 0)).float().mean(dim=1).sum()
    finest = task.slices[-1]
    return lambda logits, y: (logits[:, finest].argmax(1) == (y if y.ndim == 1 else y[:, -1])).float().sum()


def decays(name: str, parameter: nn.Parameter) -> bool:
    """Weights of layers decay; biases and the scales of normalisation do not (He et al. 2019, section 3.1)."""
    return parameter.ndim > 1 and not name.endswith(("pos_embed", "pos_embedding", "cls_token", "class_token"))


def parameter_groups(
    named: Iterable[tuple[str, nn.Parameter]], *, rate: float, weight_decay: float, group: str
) -> list[dict]:
    """A layer group as two optimiser groups, with weight decay and without, each with its `peak_lr`."""
    named = list(named)
    groups = []
    for decay in (True, False):
        parameters = [p for name, p in named if decays(name, p) == decay]
        if parameters:
            weight = weight_decay if decay else 0.0
            groups.append(
                {"params": parameters, "lr": rate, "peak_lr": rate, "weight_decay": weight, "layer_group": group}
            )
    return groups


def optimiser(recipe: Recipe, groups: list[dict]) -> torch.optim.Optimizer | MatrixOptimiser:
    """The recipe's optimiser over groups of parameters, each with its own peak rate."""
    rate = recipe.learning_rate
    match recipe.optimizer:
        case "sgd":
            nesterov = recipe.nesterov and recipe.momentum > 0
            return torch.optim.SGD(groups, lr=rate, momentum=recipe.momentum, nesterov=nesterov)
        case "rmsprop":
            return torch.optim.RMSprop(groups, lr=rate, momentum=recipe.momentum)
        case "adam":
            return torch.optim.Adam(groups, lr=rate)
        case "muon":
            return MatrixOptimiser(groups, rate=rate)
    return torch.optim.AdamW(groups, lr=rate)
