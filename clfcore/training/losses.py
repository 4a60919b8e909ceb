"""The loss on logits and the hits of a batch, for each task: weighted, focal, asymmetric, by level.

Letters: B items of a batch, C classes of a level.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from clfcore.config import Recipe
from clfcore.task import Task
from clfcore.training import class_balance

Function = Callable[[Tensor, Tensor], Tensor]
_PLAIN = {
    "label_smoothing": 0.0,
    "loss": "cross-entropy",
    "class_weights": "none",
    "positive_weights": "none",
}


def loss_of(task: Task, recipe: Recipe, targets: np.ndarray | None = None) -> Function:
    """The loss as a function of logits (B x columns) and targets (see `Task`); a scalar, mean over the batch.

    Cross-entropy (single-label), its weighted sum over the levels (hierarchical), or the mean binary cross-entropy over
    the labels (multi-label); or its focal form (Lin et al. 2017), or the asymmetric one (Ridnik et al. 2021). Label
    smoothing spreads over the classes of a level, or draws 0 and 1 towards one half.

    targets: the training split's, from which weights by frequency are counted; None: no item of any class.
    Targets that are floating-point and B x columns are soft: those of mixed pictures (`augment.soft_targets`).
    """
    if task.kind == "multi-label":
        return _several(task, recipe, targets)
    parts = [
        _one(recipe, _counts(task, targets, i), len(level.classes), finest=i == len(task.levels) - 1)
        for i, level in enumerate(task.levels)
    ]
    if task.kind == "single-label":
        return parts[0]
    weights = class_balance.level_weights(recipe, task)

    def by_level(logits: Tensor, y: Tensor) -> Tensor:
        each = (
            weight * part(logits[:, columns], y[:, columns] if y.is_floating_point() else y[:, i])
            for i, (weight, part, columns) in enumerate(zip(weights, parts, task.slices, strict=True))
        )
        return torch.stack(list(each)).sum()

    return by_level


def plain_loss_of(task: Task, recipe: Recipe) -> Function:
    """The loss by which epochs and runs are compared: no weights, no smoothing, no focus; levels count as trained."""
    return loss_of(task, recipe.model_copy(update=_PLAIN))


def hits_of(task: Task) -> Function:
    """How many of a batch are right, as a scalar: the finest level's top-1, or the mean share of right labels."""
    if task.kind == "multi-label":
        return lambda logits, y: ((logits > 0) == (y > 0)).float().mean(dim=1).sum()
    finest = task.slices[-1]
    return lambda logits, y: (logits[:, finest].argmax(1) == (y if y.ndim == 1 else y[:, -1])).float().sum()


def _counts(task: Task, targets: np.ndarray | None, level: int) -> np.ndarray:
    """Training items of each class of a level, C int64; ones where they are not known."""
    size = len(task.levels[level].classes)
    if targets is None:
        return np.ones(size, np.int64)
    return np.bincount(targets if targets.ndim == 1 else targets[:, level], minlength=size)


def _one(recipe: Recipe, counts: np.ndarray, classes: int, *, finest: bool) -> Function:
    """The loss of one level: classes that exclude each other. Weights given as numbers are the finest level's."""
    by_number = class_balance.numbers(recipe.class_weights) is not None
    class_weights = None if by_number and not finest else class_balance.class_weights(recipe, counts)
    weights = None if class_weights is None else torch.tensor(class_weights, dtype=torch.float32)
    smoothing, gamma = recipe.label_smoothing, recipe.focal_gamma

    def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
        weight = None if weights is None else weights.to(logits.device)
        return F.cross_entropy(logits, y, weight, label_smoothing=smoothing)

    def focal(logits: Tensor, y: Tensor) -> Tensor:
        logs = F.log_softmax(logits, dim=1)  # B x C
        soft = y if y.is_floating_point() else F.one_hot(y, classes).to(logs.dtype)
        soft = soft * (1 - smoothing) + smoothing / classes
        if weights is not None:
            soft = soft * weights.to(logits.device)
        # 1 - p by expm1: exact where p is near 1; at least 1e-12, for the slope of x ** gamma at 0 may be infinite
        return -(soft * (-torch.expm1(logs)).clamp(min=1e-12) ** gamma * logs).sum(dim=1).mean()

    return focal if recipe.loss == "focal" else cross_entropy


def _several(task: Task, recipe: Recipe, targets: np.ndarray | None) -> Function:
    """The mean over the labels, each there or not by itself."""
    seen = np.zeros((0, task.columns), np.uint8) if targets is None else targets
    positive_weights = class_balance.positive_weights(recipe, seen)
    weights = (
        torch.ones(task.columns) if positive_weights is None else torch.tensor(positive_weights, dtype=torch.float32)
    )
    smoothing, gamma, margin = recipe.label_smoothing, recipe.focal_gamma, recipe.asymmetric_margin
    there, absent = recipe.asymmetric_positive, recipe.asymmetric_negative

    def soft_of(logits: Tensor, y: Tensor) -> Tensor:
        return y.to(logits.dtype) * (1 - smoothing) + smoothing / 2

    def binary(logits: Tensor, y: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(
            logits, soft_of(logits, y), pos_weight=None if positive_weights is None else weights.to(logits.device)
        )

    def focused(logits: Tensor, y: Tensor) -> Tensor:
        soft, p = soft_of(logits, y), torch.sigmoid(logits)
        if recipe.loss == "focal":
            for_positive, for_negative = (1 - p) ** gamma, p**gamma
            hit, miss = F.logsigmoid(logits), F.logsigmoid(-logits)
        else:
            shifted = (p - margin).clamp(min=0)
            for_positive, for_negative = (1 - p) ** there, shifted**absent
            hit, miss = F.logsigmoid(logits), torch.log((1 - shifted).clamp(min=1e-8))
        return -(soft * weights.to(logits.device) * for_positive * hit + (1 - soft) * for_negative * miss).mean()

    return binary if recipe.loss == "cross-entropy" else focused
