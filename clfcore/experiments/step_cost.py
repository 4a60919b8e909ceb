"""Cost of a training step: time and memory of a few real batches, phase by phase, and of the whole run from them."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from clfcore.architectures.fuse import fuse_for_inference
from clfcore.architectures.stages import Group
from clfcore.augment.policy import Policy
from clfcore.data.bit_depth import to_bytes
from clfcore.data.dataset import ImageDataset
from clfcore.data.decode import Decoded
from clfcore.data.pixel_sources import InMemory
from clfcore.data.pixels import Preprocess
from clfcore.device import pick_device
from clfcore.errors import InputError
from clfcore.experiments.cached_cost import measure_cached_cost
from clfcore.progress import Progress
from clfcore.resolved_config import ResolvedConfig, ResolvedRecipe
from clfcore.training import phases as training_phases
from clfcore.training.batches import Batches
from clfcore.training.loop import State, Step, train
from clfcore.training.losses import hits_of, loss_of
from clfcore.training.optimizer import mix_of, steps_of

STEPS = 2  # timed in each phase, after one to warm up
ACCUMULATED = 4  # batches of a timed step at most, where a recipe accumulates more
HEAD_SECONDS = 4.0  # fitting a head on embeddings of some thousand images


@dataclass(frozen=True)
class StepCost:
    """Seconds of the whole run, within about a factor of two, and bytes of a step at its largest.

    shared: of the seconds, those of work that several processes would share. notes: sentences on what it gains.
    """

    seconds: float
    memory: int
    shared: float = 0.0
    notes: tuple[str, ...] = ()


def measure_step_cost(
    config: ResolvedConfig,
    dataset: ImageDataset,
    *,
    module: torch.nn.Module,
    preprocess: Preprocess,
    groups: Sequence[Group],
    phases: Sequence[training_phases.Phase],
    policy: Policy,
    progress: Progress | None = None,
) -> StepCost:
    """Decode, embed, train and evaluate a few batches; writes nothing, but changes the module's weights.

    progress: called between the batches, so that whoever waits can stop it; how many there are is not known.
    """
    between = (lambda: None) if progress is None else (lambda: progress(0, 0))
    recipe, device, sizes = config.recipe, pick_device(config.recipe.device), dataset.sizes()
    chosen = dataset.splits["train"][: recipe.batch_size]
    started = time.perf_counter()
    squares = _squares(dataset, chosen, preprocess)
    images = sum(sizes.values())
    decoding = (time.perf_counter() - started) / len(chosen) * images if dataset.paths is not None else 0.0
    batches = _batches(recipe, dataset, chosen, squares=squares, preprocess=preprocess, policy=policy)
    x, _ = next(iter(batches.in_order(len(chosen))))
    module = module.to(device)
    between()
    forward = _forward_seconds(module, x)
    between()
    weights = 4 * training_phases.count_parameters(module)
    if config.strategy == "feature-extraction":
        passes = images + (recipe.views - 1) * sizes["train"]
        return StepCost(
            decoding + forward * passes + HEAD_SECONDS, 2 * weights + x[:16].nbytes * 8, shared=forward * passes
        )
    batches_per_epoch = max(1, -(-sizes["train"] // recipe.batch_size))
    training, memory = 0.0, 0
    state = training_phases.first_state(module, phases[0], groups, recipe=recipe, device=device)
    averaged = weights if recipe.ema else 0
    notes: tuple[str, ...] = ()

    def step_seconds(batches: Batches) -> float:
        return _batch_seconds(state, batches, recipe=recipe, dataset=dataset, most=batches_per_epoch, between=between)

    for phase in phases:
        phase.apply(state, groups, recipe, steps_per_epoch=steps_of(recipe, batches_per_epoch))
        per_batch = step_seconds(batches)
        # gradient and two moments
        memory = weights + averaged + 12 * training_phases.count_trainable(module) + _saved_bytes(state, x)
        if recipe.cached_views:
            frozen = [group for group in groups if group.name not in phase.rates]
            cached = measure_cached_cost(state, frozen, batches, step_seconds=step_seconds)
            if cached is not None:
                images = recipe.cached_views * sizes["train"]
                training += cached.making * images
                notes += (_gain(recipe.cached_views, cached.bytes * images, per_batch / cached.step),)
                per_batch = cached.step
        training += per_batch * batches_per_epoch * (phase.last_epoch - phase.first_epoch + 1)
    evaluating = forward * 2 * (sizes["validation"] * recipe.epochs + sizes["test"])
    scratch = config.strategy == "scratch"
    shared = training + evaluating + (0.0 if scratch else forward * (sizes["train"] + sizes["validation"]))
    return StepCost(decoding + (0.0 if scratch else HEAD_SECONDS) + shared, memory, shared=shared, notes=notes)


def _gain(views: int, size: int, ratio: float) -> str:
    of = "one view" if views == 1 else f"{views} views"
    return (
        f"What the frozen layers make of {of} of the training images is kept in the cache, {size / 1e9:,.1f} GB; an "
        f"epoch then takes 1/{ratio:.1f} of its time."
    )


def _batches(
    recipe: ResolvedRecipe,
    dataset: ImageDataset,
    chosen: np.ndarray,
    *,
    squares: np.ndarray,
    preprocess: Preprocess,
    policy: Policy,
) -> Batches:
    """Some training items as training feeds them: augmented and mixed."""
    places = np.arange(len(chosen))
    return Batches(
        Decoded(InMemory(squares), places, (), "", extremes=(None,) * len(chosen)),
        places,
        dataset.targets[chosen],
        preprocess,
        len(chosen),
        pick_device(recipe.device),
        policy=policy,
        seed=recipe.seed,
        mix=mix_of(recipe),
        task=dataset.task,
    )


def _forward_seconds(module: torch.nn.Module, x: Tensor) -> float:
    """Seconds an image of the network made fast."""
    network, dtype = fuse_for_inference(module, x)
    ready = x[:16].to(dtype=dtype, memory_format=torch.channels_last)
    with torch.inference_mode():
        network(ready)
        started = time.perf_counter()
        network(ready).float().sum().item()
    return (time.perf_counter() - started) / len(ready)


def _batch_seconds(
    state: State,
    batches: Batches,
    *,
    recipe: ResolvedRecipe,
    dataset: ImageDataset,
    most: int,
    between: Callable[[], None],
) -> float:
    """Of the quickest of a few steps, over its batches: a busy moment makes steps slower, nothing makes them faster."""
    count = min(recipe.accumulation, ACCUMULATED, most)
    events = train(
        state,
        lambda epoch: itertools.chain.from_iterable(batches(epoch * count + i) for i in range(count)),
        loss_of=loss_of(dataset.task, recipe, dataset.targets[dataset.splits["train"]]),
        hits_of=hits_of(dataset.task),
        rate_at=lambda _: 1.0,
        epochs=state.epoch + STEPS + 1,
    )
    times = []
    for event in events:
        if isinstance(event, Step):
            event.loss.item()  # waits for the device
            times.append(time.perf_counter())
        between()
    return float(np.diff(times).min()) / count


def _saved_bytes(state: State, x: Tensor) -> int:
    """Bytes that a forward pass keeps for the backward pass: what the batch size multiplies."""
    saved: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        saved[tensor.data_ptr()] = max(saved.get(tensor.data_ptr(), 0), tensor.nbytes)
        return tensor

    parameters = {p.data_ptr() for p in state.model.parameters()}
    state.train_mode()
    with state.stream.drawn(), state.autocast(), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = state.model(state.placed(x))
    del output
    return sum(size for place, size in saved.items() if place not in parameters)


def _squares(dataset: ImageDataset, chosen: np.ndarray, preprocess: Preprocess) -> np.ndarray:
    """n x S x S x 3 of some items as training takes them, bytes, or float32 where one has more than 8 bits.

    An unreadable item is passed over, as the run will.
    """
    squares: list[np.ndarray] = []
    deep = False
    for index in chosen:
        if dataset.pixels is not None:
            image = np.broadcast_to(dataset.pixels[index], (*dataset.pixels.shape[1:3], 3))
            squares.append(preprocess.stored(np.ascontiguousarray(image)))
            continue
        try:
            image = dataset.image(index, least_side=preprocess.stored_side)
            deep |= image.dtype != np.uint8
            stored = to_bytes(preprocess.stored(image))
            squares.append(np.broadcast_to(stored, (*stored.shape[:2], 3)))
        except InputError:
            squares.append(squares[-1] if squares else np.zeros((preprocess.stored_side,) * 2 + (3,), np.uint8))
    return np.stack(squares).astype(np.float32 if deep else np.uint8)
