"""Learning-rate range test: a short training whose rate rises from step to step until the loss goes up."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from clfcore.config import RunConfig
from clfcore.errors import InputError
from clfcore.progress import Progress
from clfcore.runs.prepare import prepare
from clfcore.runs.resolve_run import resolve_run
from clfcore.training import phases as training_phases
from clfcore.training.loop import Diverged, Step, train
from clfcore.training.losses import hits_of

SMOOTHING = 0.9  # of the running mean of the loss
RISE = 4.0  # times the lowest loss: there the search ends
FALL = 0.05  # share by which the loss must have fallen for a suggestion


@dataclass(frozen=True)
class RateSearch:
    """Rates of the head, the smoothed loss at each, and the rate where it fell steepest; None where it never fell."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggestion: float | None

    @property
    def sentence(self) -> str:
        """What to take from it."""
        if self.suggestion is None:
            return "The loss did not fall at any rate: check the data, or search from a lower rate in more steps."
        return f"Use a peak learning rate near {Decimal(f'{self.suggestion:.2g}'):f}, where the loss falls fastest."


def find_rate(
    config: RunConfig,
    *,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
    progress: Progress | None = None,
) -> RateSearch:
    """The range test of Smith 2017 (arXiv:1506.01186), with the rate rising exponentially and a smoothed loss.

    Trains a network of its own with a new head, never a run's; groups keep the ratio of their rates, and the head's is
    shown. Raises InputError for feature extraction, which has no such rate.
    """
    if not 0 < lowest < highest or steps < 10:
        raise InputError(
            f"the rates {lowest:g} to {highest:g} in {steps} steps: give a rising range and 10 steps or more"
        )
    prepared = prepare(resolve_run(config))
    recipe = prepared.config.recipe
    phases = prepared.phases
    if not phases:
        raise InputError(
            "strategy is 'feature-extraction': a head fitted on embeddings needs no search; choose another strategy"
        )
    phase = phases[-1]
    state = training_phases.first_state(
        prepared.module, phase, prepared.start.groups, recipe=recipe, device=prepared.device
    )
    phase.apply(state, prepared.start.groups, recipe, steps_per_epoch=steps)
    batches = prepared.batches("train", training=True)
    events = train(
        state,
        batches,
        loss_of=prepared.loss(),
        hits_of=hits_of(prepared.dataset.task),
        rate_at=lambda step: (
            rate_of(min(step, steps - 1), lowest=lowest, highest=highest, steps=steps) / recipe.learning_rate
        ),
        epochs=steps,
    )
    losses: list[float] = []
    try:
        for event in events:
            if not isinstance(event, Step):
                continue
            loss = event.loss.item()
            if not math.isfinite(loss):
                break
            losses.append(loss)
            if progress:
                progress(len(losses), steps)
            smooth = smoothed(losses)
            if len(losses) >= steps or (len(losses) > 10 and smooth[-1] > RISE * min(smooth)):
                break
    except Diverged:
        pass  # the end that the search was for
    smooth = smoothed(losses)
    rates = [rate_of(step, lowest=lowest, highest=highest, steps=steps) for step in range(len(smooth))]
    return RateSearch(tuple(rates), tuple(smooth), suggest(rates, smooth))


def rate_of(step: int, *, lowest: float, highest: float, steps: int) -> float:
    """Exponentially from the lowest (step 0) to the highest (the last step)."""
    return lowest * (highest / lowest) ** (step / (steps - 1))


def smoothed(losses: Sequence[float]) -> list[float]:
    """The running mean, corrected for its start at zero as Adam's moments are."""
    mean, smooth = 0.0, []
    for step, loss in enumerate(losses, start=1):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        smooth.append(mean / (1 - SMOOTHING**step))
    return smooth


def suggest(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """The rate where the loss falls steepest over the rate's logarithm, before its lowest; None where it is flat."""
    if len(losses) < 5:
        return None
    lowest = min(range(len(losses)), key=losses.__getitem__)
    if losses[lowest] > (1 - FALL) * max(losses[: lowest + 1]):
        return None
    slopes = [
        (b - a) / (math.log(higher) - math.log(lower))
        for (a, b), (lower, higher) in zip(pairwise(losses[: lowest + 1]), pairwise(rates[: lowest + 1]), strict=True)
    ]
    return rates[min(range(len(slopes)), key=slopes.__getitem__)]
