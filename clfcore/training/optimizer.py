"""Optimizers and parameter groups of a recipe, and the state that a training starts from."""

from collections.abc import Iterable
from typing import cast

import torch
from torch import nn

from clfcore.device import pick_dtype
from clfcore.distributed.ranks import ALONE, Ranks
from clfcore.resolved_config import ResolvedRecipe
from clfcore.training.loop import State
from clfcore.training.losses import hits_of, loss_of
from clfcore.training.muon import MatrixOptimizer
from clfcore.training.schedules import Plateau, mix_of, rate_at, steps_of

__all__ = [
    "Plateau",
    "decays",
    "hits_of",
    "loss_of",
    "make_optimizer",
    "mix_of",
    "new_state",
    "parameter_groups",
    "rate_at",
    "steps_of",
]


def decays(name: str, parameter: nn.Parameter) -> bool:
    """Weights of layers decay; biases and the scales of normalization do not (He et al. 2019, section 3.1)."""
    return parameter.ndim > 1 and not name.endswith(("pos_embed", "pos_embedding", "cls_token", "class_token"))


def parameter_groups(
    named: Iterable[tuple[str, nn.Parameter]], *, rate: float, weight_decay: float, group: str
) -> list[dict]:
    """A layer group as two optimizer groups, with weight decay and without, each with its `peak_lr`."""
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


def make_optimizer(recipe: ResolvedRecipe, groups: list[dict]) -> torch.optim.Optimizer:
    """The recipe's optimizer over groups of parameters, each with its own peak rate."""
    rate = recipe.learning_rate
    # All of a parameter's update in one pass: LeNet-5's step takes 0.1 ms instead of 0.4.
    fused = {p.device.type for group in groups for p in group["params"]} <= {"cpu", "cuda"} or None
    match recipe.optimizer:
        case "sgd":
            nesterov = recipe.nesterov and recipe.momentum > 0
            return torch.optim.SGD(groups, lr=rate, momentum=recipe.momentum, nesterov=nesterov, fused=fused)
        case "rmsprop":
            return torch.optim.RMSprop(groups, lr=rate, momentum=recipe.momentum)
        case "adam":
            return torch.optim.Adam(groups, lr=rate, fused=fused)
        case "muon":
            # It has the part of an Optimizer that the loop and the gradient scaler use.
            return cast(torch.optim.Optimizer, MatrixOptimizer(groups, rate=rate))
    return torch.optim.AdamW(groups, lr=rate, fused=fused)


def new_state(
    module: nn.Module,
    recipe: ResolvedRecipe,
    groups: list[dict],
    *,
    device: torch.device,
    dtype: torch.dtype | None = None,
    compile: bool = False,
    ranks: Ranks = ALONE,
) -> State:
    """What training changes, before its first step: the one place where a recipe becomes a State.

    groups: as `parameter_groups` makes them; dtype: None is the recipe's on this device.
    """
    return State(
        module,
        make_optimizer(recipe, groups),
        device,
        dtype or pick_dtype(recipe.precision, device),
        gradient_clip=recipe.gradient_clip,
        accumulation=recipe.accumulation,
        ema=recipe.ema,
        channels_last=recipe.channels_last,
        compile=compile,
        seed=recipe.seed,
        ranks=ranks,
    )
