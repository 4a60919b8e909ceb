"""What a recipe means in torch: the loss on logits, parameter groups, the optimiser, the learning rate at a step."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clfcore.augment.mix import Mix
from clfcore.config import Recipe
from clfcore.task import Task
from clfcore.training.muon import MatrixOptimiser

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


def mix_of(recipe: Recipe) -> Mix | None:
    """How a run's training pictures are mixed; None where both ways are off."""
    if not recipe.mixup and not recipe.cutmix:
        return None
    return Mix(mixup=recipe.mixup or None, cutmix=recipe.cutmix or None, probability=recipe.mix_probability)


def steps_of(recipe: Recipe, batches: int) -> int:
    """Steps an epoch: `accumulation` batches make one, and the last may be of fewer."""
    return -(-batches // recipe.accumulation)


def rate_at(recipe: Recipe, steps_per_epoch: int) -> Callable[[int], float]:
    """The learning rate at a step (from 0) as a factor on the peak rate, from 0 to 1.

    constant 1; cosine from 1 to 0; step falls by `step_factor` after each `step_size` epochs (0: a third of the run);
    plateau 1 (the consumer of the loop lowers the peak); warmup-cosine rises linearly over `warmup_epochs` (at most a
    fifth of the run), then falls; one-cycle as Smith and Topin 2018: from 1/25 to 1 over `one_cycle_rise` of the run,
    then to 1/250,000, both along a cosine.
    """
    total = max(1, recipe.epochs * steps_per_epoch)
    if recipe.schedule in ("constant", "plateau"):
        return lambda step: 1.0
    if recipe.schedule == "cosine":
        return lambda step: _cosine(1.0, 0.0, step / total)
    if recipe.schedule == "step":
        every = (recipe.step_size or math.ceil(recipe.epochs / 3)) * steps_per_epoch
        return lambda step: recipe.step_factor ** (step // every)
    if recipe.schedule == "one-cycle":
        peak = max(1.0, recipe.one_cycle_rise * total - 1)
        first, last = 1 / 25, 1 / 250_000
        return lambda step: (
            _cosine(first, 1.0, step / peak)
            if step <= peak
            else _cosine(1.0, last, (step - peak) / max(1, total - 1 - peak))
        )
    warm = round(min(recipe.warmup_epochs * steps_per_epoch, total / 5))
    return lambda step: (step + 1) / (warm + 1) if step < warm else _cosine(1.0, 0.0, (step - warm) / (total - warm))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, max(0.0, share)))) / 2


class Plateau:
    """Lower every peak rate by `factor` after more than `patience` epochs without a lower validation loss."""

    def __init__(self, optimiser: torch.optim.Optimizer, *, patience: int = 3, factor: float = 0.1) -> None:
        self.optimiser, self.patience, self.factor = optimiser, patience, factor
        self.lowest, self.since = math.inf, 0

    def after(self, validation_loss: float) -> None:
        """Take an epoch's validation loss. The relative threshold of 1e-4 is that of torch's ReduceLROnPlateau."""
        if validation_loss < self.lowest * (1 - 1e-4):
            self.lowest, self.since = validation_loss, 0
            return
        self.since += 1
        if self.since > self.patience:
            self.since = 0
            for group in self.optimiser.param_groups:
                group["peak_lr"] *= self.factor

    def state_dict(self) -> dict[str, float]:
        return {"lowest": self.lowest, "since": self.since}

    def load_state_dict(self, stored: dict[str, float]) -> None:
        self.lowest, self.since = stored["lowest"], int(stored["since"])
