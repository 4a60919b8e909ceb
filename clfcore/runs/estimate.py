"""What a configuration will do, before it does it: filled, counted, and timed on a few real batches."""

import time
from dataclasses import dataclass

import numpy as np
import torch

from clfcore import transfer
from clfcore.architectures.catalogue import weights_at_hand
from clfcore.architectures.fast import fast
from clfcore.config import RunConfig
from clfcore.data.dataset import ImageDataset
from clfcore.data.pixels import Preprocess, read_image
from clfcore.device import pick_device, pick_dtype, threads_for
from clfcore.errors import InputError
from clfcore.runs.outline import outline
from clfcore.runs.prepare import make_network
from clfcore.training.batches import normalised
from clfcore.training.loop import State, Step, train
from clfcore.training.recipe import hits_of, loss_of, optimiser

STEPS = 3  # timed, after one to warm up
HEAD_SECONDS = 4.0  # fitting a head on embeddings of some thousand images


@dataclass(frozen=True)
class Plan:
    """What a configuration will do: filled, counted, and how long it should take (seconds; None where not measured)."""

    config: RunConfig
    splits: dict[str, int]
    classes: int
    parameters: int
    trainable: int
    seconds: float | None
    notes: tuple[str, ...]
    preprocess: Preprocess


def make_plan(config: RunConfig, *, measure: bool) -> Plan:
    """Fill and count; with `measure`, run a few real batches to estimate the duration. Writes nothing."""
    config, dataset, notes = outline(config)
    at_hand = config.weights != "default" or weights_at_hand(config.architecture)
    network, start = make_network(
        config if at_hand else config.changed(weights="none"), dataset
    )  # a plan downloads nothing
    groups = start.groups
    total = transfer.total(network.module)
    if config.strategy == "feature-extraction":
        trained = sum(network.module.get_parameter(name).numel() for name in groups[-1].parameters)
    else:
        names = {
            name
            for phase in transfer.phases(config, groups)
            for g in groups
            if g.name in phase.rates
            for name in g.parameters
        }
        trained = sum(network.module.get_parameter(name).numel() for name in names)
    if not measure:
        return Plan(config, dataset.sizes(), len(dataset.classes), total, trained, None, notes, network.preprocess)
    threads = torch.get_num_threads()
    torch.set_num_threads(threads_for(total, config.recipe.batch_size * config.recipe.image_size**2))
    try:
        seconds = _seconds(config, dataset, network.module, network.preprocess, groups)
    finally:
        torch.set_num_threads(threads)
    return Plan(config, dataset.sizes(), len(dataset.classes), total, trained, seconds, notes, network.preprocess)


def _seconds(
    config: RunConfig, dataset: ImageDataset, module: torch.nn.Module, preprocess: Preprocess, groups: list
) -> float:
    """Decoding, training and judging, from the rates of a few batches; an estimate within about a factor of two."""
    recipe, device, sizes = config.recipe, pick_device(config.recipe.device), dataset.sizes()
    images = sum(sizes.values())
    chosen = dataset.splits["train"][: recipe.batch_size]
    started = time.perf_counter()
    squares = _squares(dataset, chosen, preprocess)
    decoding = (time.perf_counter() - started) / len(chosen) * images if dataset.paths is not None else 0.0
    x = normalised(torch.from_numpy(squares).permute(0, 3, 1, 2).to(device), preprocess)
    module = module.to(device)
    network, dtype = fast(module, x)
    ready = x[:16].to(dtype=dtype, memory_format=torch.channels_last)
    with torch.inference_mode():
        network(ready)
        started = time.perf_counter()
        network(ready).float().sum().item()
    forward = (time.perf_counter() - started) / len(ready)
    if config.strategy == "feature-extraction":
        return decoding + forward * images + HEAD_SECONDS
    phase = transfer.phases(config, groups)[-1]
    first = [
        part
        for group in groups
        if group.name in phase.rates
        for part in transfer.optimiser_groups(module, group, rate=phase.rates[group.name], recipe=recipe)
    ]
    state = State(module, optimiser(recipe, first), device, pick_dtype(recipe, device))
    y = torch.from_numpy(np.ascontiguousarray(dataset.targets[chosen]))
    batches = [(x, y)] * (STEPS + 1)
    events = train(
        state,
        lambda _: batches,
        loss_of(dataset.task, recipe),
        hits_of(dataset.task),
        lambda _: 1.0,
        lambda _: None,  # type: ignore[arg-type, return-value]
        epochs=1,
    )
    times = [time.perf_counter() for event in events if isinstance(event, Step) and event.loss.item() is not None]
    per_step = float(np.diff(times).min())  # a busy moment makes steps slower, nothing makes them faster
    steps = -(-sizes["train"] // recipe.batch_size) * recipe.epochs
    return decoding + per_step * steps + forward * 2 * (sizes["validation"] * recipe.epochs + sizes["test"])


def _squares(dataset: ImageDataset, chosen: np.ndarray, preprocess: Preprocess) -> np.ndarray:
    """n x size x size x C uint8 of some items; an unreadable one is passed over, as the run will leave it out."""
    squares = []
    for index in chosen:
        if dataset.paths is None:
            squares.append(preprocess.square(np.broadcast_to(dataset.pixels[index], (*dataset.pixels.shape[1:3], 3))))
            continue
        try:
            squares.append(preprocess.square(read_image(dataset.paths[index], least_side=preprocess.stored_side)))
        except InputError:
            squares.append(squares[-1] if squares else np.zeros((preprocess.size,) * 2 + (3,), np.uint8))
    return np.stack(squares)
