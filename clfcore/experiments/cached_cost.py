"""Cost of training from cached activations: seconds to make them, bytes to keep them, seconds of a step on them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from clfcore.architectures.cut_network import NotCuttable, cut
from clfcore.architectures.stages import Group
from clfcore.training.activations import Activations, ComputedActivations, as_kept, image_bytes
from clfcore.training.batches import Batches
from clfcore.training.loop import State


@dataclass(frozen=True)
class CachedCost:
    """Seconds until an image's activations under one view are made, and their bytes. step: seconds of a batch."""

    making: float
    bytes: int
    step: float


def measure_cached_cost(
    state: State, frozen: Sequence[Group], batches: Batches, *, step_seconds: Callable[[Batches], float]
) -> CachedCost | None:
    """Cost of one batch; None where the network cannot be cut. The state trains on activations afterwards.

    frozen: the groups that are, the stem first. step_seconds: times a step on batches.
    """
    state.train_mode()
    try:
        with state.autocast():
            network = cut(state.model, [group.name for group in frozen], state.placed(batches.first(2)))
    except NotCuttable:
        return None
    count, view = len(batches.indices), batches.view(1)
    assert view is not None, "training batches have a policy"
    computed = ComputedActivations(state, network, partial(batches.in_view, view), count)
    times, values = [], np.empty(0)
    for _ in range(2):
        started = time.perf_counter()
        (activations,) = computed.batches([np.arange(count)])
        values = as_kept(network, activations)  # waits for the device
        times.append(time.perf_counter() - started)
    state.train_from(network.logits)
    cached = replace(batches, views=1, activations=[Activations(values, network, batches.device)])
    return CachedCost(min(times) / count, image_bytes(network), step_seconds(cached))
