"""Rates of a few real batches: what an epoch of each phase costs in time, and a step in memory."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from clfcore import transfer
from clfcore.architectures.fast import fast
from clfcore.architectures.stages import Group
from clfcore.config import RunConfig
from clfcore.data.dataset import ImageDataset
from clfcore.data.pixels import Preprocess, read_deep
from clfcore.device import pick_device, pick_dtype
from clfcore.errors import InputError
from clfcore.training.batches import normalised
from clfcore.training.loop import State, Step, train
from clfcore.training.losses import hits_of, loss_of
from clfcore.training.recipe import optimiser

STEPS = 2  # timed in each phase, after one to warm up
HEAD_SECONDS = 4.0  # fitting a head on embeddings of some thousand images


@dataclass(frozen=True)
class Measured:
    """Seconds of the whole run, within about a factor of two, and bytes of a step at its largest."""

    seconds: float
    memory: int


def measured(
    config: RunConfig,
    dataset: ImageDataset,
    module: torch.nn.Module,
    preprocess: Preprocess,
    groups: Sequence[Group],
) -> Measured:
    """Decode, embed, train and judge a few batches; writes nothing, but changes the module's weights."""
    recipe, device, sizes = config.recipe, pick_device(config.recipe.device), dataset.sizes()
    chosen = dataset.splits["train"][: recipe.batch_size]
    started = time.perf_counter()
    squares = _squares(dataset, chosen, preprocess)
    images = sum(sizes.values())
    decoding = (time.perf_counter() - started) / len(chosen) * images if dataset.paths is not None else 0.0
    x = normalised(torch.from_numpy(squares).permute(0, 3, 1, 2).to(device), preprocess)
    module = module.to(device)
    forward = _forward_seconds(module, x)
    weights = 4 * transfer.total(module)
    if config.strategy == "feature-extraction":
        passes = images + (recipe.views - 1) * sizes["train"]
        return Measured(decoding + forward * passes + HEAD_SECONDS, 2 * weights + x[:16].nbytes * 8)
    y = torch.from_numpy(np.ascontiguousarray(dataset.targets[chosen]))
    steps_per_epoch = max(1, -(-sizes["train"] // recipe.batch_size))
    training, memory = 0.0, 0
    phases = transfer.phases(config, groups)
    state = None
    for phase in phases:
        if state is None:
            state = _state(config, module, groups, phase, device)
        phase.apply(state, groups, recipe, steps_per_epoch=steps_per_epoch)
        per_step = _step_seconds(state, config, dataset, x, y)
        training += per_step * steps_per_epoch * (phase.last_epoch - phase.first_epoch + 1)
        memory = weights + 12 * transfer.trainable(module) + _saved_bytes(state, x)  # gradient and two moments
    judging = forward * 2 * (sizes["validation"] * recipe.epochs + sizes["test"])
    starting = 0.0 if config.strategy == "scratch" else forward * (sizes["train"] + sizes["validation"]) + HEAD_SECONDS
    return Measured(decoding + starting + training + judging, memory)


def _forward_seconds(module: torch.nn.Module, x: Tensor) -> float:
    """Seconds an image of the network made fast."""
    network, dtype = fast(module, x)
    ready = x[:16].to(dtype=dtype, memory_format=torch.channels_last)
    with torch.inference_mode():
        network(ready)
        started = time.perf_counter()
        network(ready).float().sum().item()
    return (time.perf_counter() - started) / len(ready)


def _state(
    config: RunConfig, module: torch.nn.Module, groups: Sequence[Group], phase: transfer.Phase, device: torch.device
) -> State:
    first = [
        part
        for group in groups
        if group.name in phase.rates
        for part in transfer.optimiser_groups(module, group, rate=phase.rates[group.name], recipe=config.recipe)
    ]
    solver, dtype = optimiser(config.recipe, first), pick_dtype(config.recipe, device)
    return State(module, solver, device, dtype, channels_last=config.recipe.channels_last)


def _step_seconds(state: State, config: RunConfig, dataset: ImageDataset, x: Tensor, y: Tensor) -> float:
    """The quickest of a few steps: a busy moment makes steps slower, nothing makes them faster."""
    batches = [(x, y)] * (STEPS + 1)
    events = train(
        state,
        lambda _: batches,
        loss_of(dataset.task, config.recipe),
        hits_of(dataset.task),
        lambda _: 1.0,
        lambda _: None,  # type: ignore[arg-type, return-value]
        epochs=state.epoch + 1,
    )
    times = [time.perf_counter() for event in events if isinstance(event, Step) and event.loss.item() is not None]
    return float(np.diff(times).min())


def _saved_bytes(state: State, x: Tensor) -> int:
    """Bytes that a forward pass keeps for the backward pass: what the batch size multiplies."""
    seen: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        seen[tensor.data_ptr()] = max(seen.get(tensor.data_ptr(), 0), tensor.nbytes)
        return tensor

    own = {p.data_ptr() for p in state.model.parameters()}
    state.train_mode()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = state.model(x)
    del output
    return sum(size for place, size in seen.items() if place not in own)


def _squares(dataset: ImageDataset, chosen: np.ndarray, preprocess: Preprocess) -> np.ndarray:
    """n x size x size x C uint8 of some items; an unreadable one is passed over, as the run will leave it out."""
    squares = []
    for index in chosen:
        if dataset.paths is None:
            squares.append(preprocess.square(np.broadcast_to(dataset.pixels[index], (*dataset.pixels.shape[1:3], 3))))
            continue
        try:
            squares.append(preprocess.square(read_deep(dataset.paths[index], least_side=preprocess.stored_side)))
        except InputError:
            squares.append(squares[-1] if squares else np.zeros((preprocess.size,) * 2 + (3,), np.uint8))
    return np.stack(squares)
