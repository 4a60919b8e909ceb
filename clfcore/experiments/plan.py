"""Plan of a run: its configuration filled in, its parameters counted, and timed on a few real batches."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from clfcore.data.held_pixels import reading_note
from clfcore.data.pixels import Preprocess
from clfcore.device import most_processes, part_of_the_threads, pick_device
from clfcore.experiments.step_cost import measure_step_cost
from clfcore.progress import Progress
from clfcore.randomness import Stream
from clfcore.resolve import Resolved
from clfcore.resolved_config import ResolvedConfig
from clfcore.runs.prepare import make_network
from clfcore.runs.process_count import check_processes
from clfcore.runs.starting_weights import absent_weights
from clfcore.training import phases as training_phases
from clfcore.training.loop import warmth
from clfcore.training.schedules import rate_at, steps_of


@dataclass(frozen=True)
class Plan:
    """What a configuration will do, and what it should cost.

    splits: items of each; groups: parameters of each layer group, stem first; phases: none for feature extraction.
    seconds: of the whole run; memory: bytes of a step at its largest (weights, gradients, moments and what the
    backward pass needs); None where not measured. processes: how many share each batch; the memory is one's.
    most_processes: how many could, with a GPU or a core each and two images of a batch.
    """

    config: ResolvedConfig
    splits: Mapping[str, int]
    classes: int
    parameters: int
    trainable: int
    seconds: float | None
    notes: tuple[str, ...]
    preprocess: Preprocess
    groups: Mapping[str, int]
    phases: tuple[training_phases.Phase, ...]
    memory: int | None = None
    processes: int = 1
    most_processes: int = 1


class RateCurves(NamedTuple):
    """The learning rate of each layer group at some steps (from 0) of a run; None while the group is frozen."""

    steps: Sequence[int]
    groups: Mapping[str, Sequence[float | None]]


def make_plan(resolved: Resolved, *, measure: bool, processes: int = 1, progress: Progress | None = None) -> Plan:
    """Build and count; with `measure`, run a few real batches to estimate the duration. Writes nothing.

    processes: how many share each batch: the slices of one are timed, on its part of the threads; what the others take
    from it, and the messages between them, are not. progress: called between the batches. Raises InputError where so
    many processes cannot share a batch.
    """
    config, dataset, notes = resolved.config, resolved.dataset, resolved.notes
    check_processes(processes, config, gpu=resolved.gpu)
    at_hand = absent_weights(config.architecture, config.weights) is None
    with Stream(config.recipe.seed).drawn():
        # A plan downloads nothing.
        network, start = make_network(resolved if at_hand else replace(resolved, config=config.changed(weights="none")))
    notes += tuple(filter(None, [reading_note(dataset, network.preprocess)]))
    groups, total = start.groups, training_phases.count_parameters(network.module)
    counts = {g.name: sum(network.module.get_parameter(name).numel() for name in g.parameters) for g in groups}
    phases = training_phases.phases(config, groups)
    if config.strategy == "feature-extraction":
        trained = counts[groups[-1].name]
    else:
        trained = sum(counts[name] for name in phases[-1].rates)
    plan = Plan(
        config,
        splits=dataset.sizes(),
        classes=len(dataset.classes),
        parameters=total,
        trainable=trained,
        seconds=None,
        notes=notes,
        preprocess=network.preprocess,
        groups=counts,
        phases=phases,
        processes=processes,
        most_processes=_most_processes(config),
    )
    if not measure:
        return plan
    on_cpu = pick_device(config.recipe.device).type == "cpu"
    slices = config.changed(recipe={"batch_size": -(-config.recipe.batch_size // processes)})
    with part_of_the_threads(processes) if on_cpu and processes > 1 else contextlib.nullcontext():
        cost = measure_step_cost(
            slices,
            dataset,
            module=network.module,
            preprocess=network.preprocess,
            groups=groups,
            phases=phases,
            policy=resolved.policy,
            progress=progress,
        )
    seconds = cost.seconds - cost.shared + cost.shared / processes
    return replace(plan, seconds=seconds, memory=cost.memory, notes=plan.notes + cost.notes)


def _most_processes(config: ResolvedConfig) -> int:
    most = most_processes(config.recipe.device)
    return most if config.strategy == "feature-extraction" else max(1, min(most, config.recipe.batch_size // 2))


def rates(plan: Plan, *, points: int = 300) -> RateCurves:
    """The learning rates over a planned run, at `points` of its steps or a few more, to be drawn."""
    recipe = plan.config.recipe
    steps = steps_of(recipe, max(1, -(-plan.splits["train"] // recipe.batch_size)))
    rate = rate_at(recipe, steps)
    shown = range(0, recipe.epochs * steps, max(1, recipe.epochs * steps // points))
    warming: dict[str, Mapping[str, int]] = {}  # of each group, from the phase that freed it
    curves: dict[str, list[float | None]] = {name: [] for name in plan.groups}
    for step in shown:
        epoch = step // steps + 1
        phase = next(p for p in plan.phases if epoch <= p.last_epoch)
        for name, values in curves.items():
            peak = phase.rates.get(name)
            if peak is None:
                values.append(None)
                continue
            begins = {"free_since": (phase.first_epoch - 1) * steps, "warm_steps": phase.warm_steps(recipe, steps)}
            values.append(peak * rate(step) * warmth(warming.setdefault(name, begins), step))
    return RateCurves(list(shown), curves)
