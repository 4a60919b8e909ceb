"""Learning-rate schedules, mixing and steps an epoch of a recipe. No torch."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from clfcore.augment.mixup_draws import Mix
from clfcore.config import Recipe
from clfcore.resolved_config import ResolvedRecipe


def mix_of(recipe: Recipe) -> Mix | None:
    """How a run's training pictures are mixed; None where both ways are off."""
    if not recipe.mixup and not recipe.cutmix:
        return None
    return Mix(mixup=recipe.mixup or None, cutmix=recipe.cutmix or None, probability=recipe.mix_probability)


def steps_of(recipe: Recipe, batches: int) -> int:
    """Steps an epoch: `accumulation` batches make one, and the last may be of fewer."""
    return -(-batches // recipe.accumulation)


def rate_at(recipe: ResolvedRecipe, steps_per_epoch: int) -> Callable[[int], float]:
    """The learning rate at a step (from 0) as a factor on the peak rate, from 0 to 1.

    constant 1; cosine from 1 to 0; step falls by `step_factor` after each `step_size` epochs (0: a third of the run);
    plateau 1 (the consumer of the loop lowers the peak); warmup-cosine rises linearly over `warmup_epochs` (at most a
    fifth of the run), then falls; one-cycle as Smith and Topin 2018: from 1/25 to 1 over `one_cycle_rise` of the run,
    then to 1/250,000, both along a cosine; triangular from 1/5 to 1 over `one_cycle_rise` of the run, then to 0, both
    along a line.
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
    if recipe.schedule == "triangular":
        top = max(1.0, recipe.one_cycle_rise * total)
        return lambda step: 0.2 + 0.8 * step / top if step <= top else max(0.0, (total - step) / max(1.0, total - top))
    warm = round(min(recipe.warmup_epochs * steps_per_epoch, total / 5))
    return lambda step: (step + 1) / (warm + 1) if step < warm else _cosine(1.0, 0.0, (step - warm) / (total - warm))


def curve(recipe: ResolvedRecipe, steps_per_epoch: int, *, points: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """The whole run's learning rate, to be drawn: steps from 0, at most about `points`, and the head's rate at each.

    Plateau is drawn as it begins: when it falls, the validation loss decides.
    """
    total = recipe.epochs * steps_per_epoch
    steps = np.unique(np.linspace(0, total - 1, min(points, total)).astype(np.int64))
    rate = rate_at(recipe, steps_per_epoch)
    return steps, np.array([recipe.learning_rate * rate(int(step)) for step in steps])


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, max(0.0, share)))) / 2


class Plateau:
    """Lower every peak rate by `factor` after more than `patience` epochs without a lower validation loss."""

    def __init__(self, optimizer: Any, *, patience: int = 3, factor: float = 0.1) -> None:
        self.optimizer, self.patience, self.factor = optimizer, patience, factor
        self.lowest, self.since = math.inf, 0

    def after(self, validation_loss: float) -> None:
        """Take an epoch's validation loss. The relative threshold of 1e-4 is that of torch's ReduceLROnPlateau."""
        if validation_loss < self.lowest * (1 - 1e-4):
            self.lowest, self.since = validation_loss, 0
            return
        self.since += 1
        if self.since > self.patience:
            self.since = 0
            for group in self.optimizer.param_groups:
                group["peak_lr"] *= self.factor

    def state_dict(self) -> dict[str, float]:
        return {"lowest": self.lowest, "since": self.since}

    def load_state_dict(self, stored: dict[str, float]) -> None:
        self.lowest, self.since = stored["lowest"], int(stored["since"])
