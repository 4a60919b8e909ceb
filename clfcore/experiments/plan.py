"""What a configuration will do, before it does it: filled, counted, and timed on a few real batches."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from clfcore.architectures.catalogue import weights_at_hand
from clfcore.config import ResolvedConfig
from clfcore.data.pixels import Preprocess
from clfcore.experiments.step_cost import measure_step_cost
from clfcore.randomness import Stream
from clfcore.resolve import Resolved
from clfcore.runs.prepare import make_network
from clfcore.training import phases as training_phases
from clfcore.training.loop import warmth
from clfcore.training.schedules import rate_at, steps_of


@dataclass(frozen=True)
class Plan:
    """What a configuration will do: filled, counted, and how long it should take (seconds; None where not measured)."""

    config: ResolvedConfig
    splits: dict[str, int]
    classes: int
    parameters: int
    trainable: int
    seconds: float | None
    notes: tuple[str, ...]
    preprocess: Preprocess
    groups: Mapping[str, int]  # parameters of each layer group, stem first
    phases: tuple[training_phases.Phase, ...]  # none for feature extraction
    memory: int | None = None  # bytes of a step at its largest: weights, gradients, moments, what backward needs


def make_plan(resolved: Resolved, *, measure: bool) -> Plan:
    """Build and count; with `measure`, run a few real batches to estimate the duration. Writes nothing."""
    config, dataset, notes = resolved.config, resolved.dataset, resolved.notes
    at_hand = config.weights != "default" or weights_at_hand(config.architecture)
    with Stream(config.recipe.seed).drawn():
        # A plan downloads nothing.
        network, start = make_network(resolved if at_hand else replace(resolved, config=config.changed(weights="none")))
    groups, total = start.groups, training_phases.count_parameters(network.module)
    counts = {g.name: sum(network.module.get_parameter(name).numel() for name in g.parameters) for g in groups}
    phases = training_phases.phases(config, groups)
    if config.strategy == "feature-extraction":
        trained = counts[groups[-1].name]
    else:
        trained = sum(counts[name] for name in phases[-1].rates)
    plan = Plan(
        config, dataset.sizes(), len(dataset.classes), total, trained, None, notes, network.preprocess, counts, phases
    )
    if not measure:
        return plan
    found = measure_step_cost(config, dataset, network.module, network.preprocess, groups)
    return replace(plan, seconds=found.seconds, memory=found.memory)


def rates(plan: Plan, *, points: int = 300) -> tuple[list[int], dict[str, list[float | None]]]:
    """The learning rate of each group over the run's steps, to be drawn; None while a group is frozen."""
    recipe = plan.config.recipe
    steps = steps_of(recipe, max(1, -(-plan.splits["train"] // recipe.batch_size)))
    rate, at = rate_at(recipe, steps), {}
    wanted = range(0, recipe.epochs * steps, max(1, recipe.epochs * steps // points))
    found: dict[str, list[float | None]] = {name: [] for name in plan.groups}
    for step in wanted:
        epoch = step // steps + 1
        phase = next(p for p in plan.phases if epoch <= p.last_epoch)
        for name, values in found.items():
            peak = phase.rates.get(name)
            if peak is not None:
                at.setdefault(name, ((phase.first_epoch - 1) * steps, phase.warm_steps(recipe, steps)))
            since, warm = at.get(name, (0, 0))
            warming = {"free_since": since, "warm_steps": warm}
            values.append(None if peak is None else peak * rate(step) * warmth(warming, step))
    return list(wanted), found
