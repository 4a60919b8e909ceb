"""Training loop, as a generator of Step and Epoch. It writes nothing, prints nothing and chooses nothing.

Stopping is not asking for more; resuming is loading the state before the first step; a transfer phase is one call.
"""

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from clfcore.distributed.ranks import ALONE, Ranks
from clfcore.errors import Failure
from clfcore.predictions import Predictions
from clfcore.randomness import Stream
from clfcore.training.frozen_norm import FrozenNorm
from clfcore.training.shared_step import SharedStep, share_buffers
from clfcore.training.slices import Batch, Slice, grouped

CHECKED = 20  # steps between two looks at whether the loss is still finite: a look waits for the device

Tensors = tuple[Tensor, ...] | list[Tensor]
Function = Callable[[Tensor, Tensor], Tensor]  # of logits and y
Forward = Callable[[Tensor], Tensor]  # B x ... -> logits B x columns


class Diverged(Failure):
    """The loss is no number any more. The weights of the best epoch before it are whole."""


@dataclass(frozen=True)
class Step:
    """One optimizer step: its number from 1 and the batch's loss, still on the device (`.item()` waits for it)."""

    step: int
    loss: Tensor


@dataclass(frozen=True)
class Epoch:
    """One pass over the training split: mean loss and accuracy while training, and the predictions on validation.

    Accuracy counts the network's answers to what it was shown, mixed pictures included, against their own labels.
    predictions: None where nothing was validated. gradient_norm: mean over the steps, before clipping. candidate:
    whether it may become the best epoch; None: as every one may.
    """

    epoch: int
    loss: float
    accuracy: float
    learning_rate: float
    predictions: Predictions | None
    gradient_norm: float = math.nan
    candidate: bool | None = None

    @property
    def validation(self) -> Predictions:
        """The predictions on validation, where the loop was given what makes them."""
        assert self.predictions is not None, "this training validates nothing"
        return self.predictions


@dataclass
class State:
    """What training changes; `state_dict` is the part that goes into the checkpoint.

    accumulation: batches whose gradients make one step. ema: decay of the averaged weights, 0 for none. ranks: this
    process among those that train it.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    device: torch.device
    dtype: torch.dtype = torch.float32
    gradient_clip: float = 0.0
    accumulation: int = 1
    ema: float = 0.0
    channels_last: bool = False
    compile: bool = False
    seed: int = 0
    ranks: Ranks = ALONE
    frozen: list[nn.Module] = field(default_factory=list)
    epoch: int = 0
    step: int = 0

    def __post_init__(self) -> None:
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)
        if self.channels_last:
            self.model.to(memory_format=torch.channels_last)
        self.averaged = averaged_model(self.model, self.ema) if self.ema else None
        self.forward: Forward = torch.compile(self.model) if self.compile else self.model  # what the loop calls
        self.takes_activations = False  # which lie on the device, as the network made them
        self.stream = Stream(self.seed, self.device)  # what dropout draws from

    @property
    def judged(self) -> nn.Module:
        """The weights that validation sees and the run keeps: the averaged ones where there are any."""
        return self.averaged.module if self.averaged else self.model

    def train_from(self, forward: Forward) -> None:
        """From now on batches hold what a part of the network made of images: `forward` is the rest of it."""
        self.forward, self.takes_activations = forward, True

    def placed(self, x: Tensor) -> Tensor:
        """A batch on the device, in the memory format of the run."""
        if not self.channels_last or x.ndim != 4:
            return x.to(self.device, non_blocking=True)
        x = x.to(self.device, non_blocking=True, memory_format=torch.channels_last)
        # The strides of a single channel say nothing, so it is left as it came; yet convolutions go by them.
        return x.as_strided(x.shape, (x.shape[2] * x.shape[3], 1, x.shape[3], 1)) if x.shape[1] == 1 else x

    def autocast(self) -> torch.autocast:
        """The precision of a forward pass; one path for full and mixed."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)

    def train_mode(self) -> None:
        """Training mode, less what is frozen: its batch normalization must not drift."""
        self.model.train()
        for module in self.frozen:
            module.eval()

    def state_dict(self) -> Mapping[str, object]:
        """As a checkpoint holds it; its keys are those of every checkpoint written so far."""
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "averaged": self.averaged.state_dict() if self.averaged else {},
            "epoch": self.epoch,
            "step": self.step,
        }

    def load_state_dict(self, stored: Mapping[str, Any]) -> None:  # torch's own state is of any kind
        """Go on from what `state_dict` gave."""
        self.model.load_state_dict(stored["model"])
        self.optimizer.load_state_dict(stored["optimiser"])
        self.scaler.load_state_dict(stored["scaler"])
        if self.averaged:
            self.averaged.load_state_dict(stored["averaged"])
        self.epoch, self.step = stored["epoch"], stored["step"]


def train(
    state: State,
    batches: Callable[[int], Iterable[Batch | Slice]],
    *,
    loss_of: Function,
    hits_of: Function,
    rate_at: Callable[[int], float],
    validate: Callable[[nn.Module], Predictions] | None = None,
    epochs: int,
) -> Iterator[Step | Epoch]:
    """Train in place up to `epochs`; yield after every step and every epoch.

    batches: an epoch's batches, a function of seed and epoch alone, or this process's slices of them; x: B x C x H x W
    float32, y: as `Task` says, and where pictures are mixed the soft targets that the loss takes in y's place; hits are
    always counted on y. Each process yields the same steps and epochs.
    loss_of and hits_of: logits B x columns, y -> scalar. rate_at: step from 0 -> factor on each group's peak rate.
    validate: predictions of the weights that the run would keep, after each epoch; None: nothing is validated.
    Raises Diverged where the loss stops being finite.
    """
    parameters = list(state.model.parameters())  # listed once: a walk over all modules at every step costs
    on_cpu = state.device.type == "cpu"
    frozen_norm: FrozenNorm | None = None  # what is frozen stays so within a phase
    for epoch in range(state.epoch + 1, epochs + 1):
        # Dropout draws anew each epoch, the same after a resume, and in each process something else.
        state.stream.seed(state.seed * 1_000_003 + epoch + (state.ranks.rank << 52))
        state.train_mode()
        sums = torch.zeros(3, device=state.device)  # of loss, hits and the gradient's norm
        shown = steps = 0
        if frozen_norm is None and not state.compile:
            frozen_norm = FrozenNorm(state.model, state.forward)
        several = state.ranks.size > 1 or state.accumulation > 1
        shared = SharedStep(state.ranks, state.model, parameters) if several else None
        with shared.statistics.of_slices() if shared else contextlib.nullcontext():
            for group in grouped(batches(epoch), state.accumulation):
                for part in state.optimizer.param_groups:
                    part["lr"] = part["peak_lr"] * rate_at(state.step) * warmth(part, state.step)
                with state.stream.drawn():
                    done = _step(
                        state,
                        group,
                        loss_of=loss_of,
                        hits_of=hits_of,
                        parameters=parameters,
                        shared=shared,
                        frozen_norm=frozen_norm,
                    )
                images = sum(part.images for part in group)
                state.step += 1
                sums += torch.stack([done.loss * images, done.hits, done.gradient_norm])
                shown, steps = shown + images, steps + 1
                # A GPU is not waited for within an epoch: there the end of the epoch tells.
                if on_cpu and state.step % CHECKED == 0 and not math.isfinite(loss := sums[0].item()):
                    raise _diverged(state, epoch, loss)
                yield Step(state.step, done.loss)
        share_buffers(state.ranks, (state.model, state.averaged))
        state.epoch = epoch
        loss, hits, norm = sums.tolist()  # waits for the device, once an epoch
        if not math.isfinite(loss):
            raise _diverged(state, epoch, loss)
        rate = state.optimizer.param_groups[-1]["lr"]
        predictions = validate(state.judged) if validate else None
        yield Epoch(epoch, loss / shown, hits / shown, rate, predictions, norm / steps)


class _StepResult(NamedTuple):
    """Mean loss, hits and the gradient's norm before clipping: scalars, still on the device."""

    loss: Tensor
    hits: Tensor
    gradient_norm: Tensor


def _step(
    state: State,
    group: list[Slice],
    *,
    loss_of: Function,
    hits_of: Function,
    parameters: Sequence[nn.Parameter],
    shared: SharedStep | None,
    frozen_norm: FrozenNorm | None,
) -> _StepResult:
    """One optimizer step over some batches, or over this process's slices of them."""
    optimizer, scaler = state.optimizer, state.scaler
    images = sum(part.images for part in group)
    total, hits = torch.zeros((), device=state.device), torch.zeros((), device=state.device)
    for parameter in parameters:
        parameter.grad = None  # zero_grad's bookkeeping takes a hundredth of LeNet-5's step
    for x, y, *soft in (part.batch for part in group if part.batch is not None):
        x = x if state.takes_activations else state.placed(x)
        y = y.to(state.device, non_blocking=True)
        if frozen_norm:
            frozen_norm.check(x)
        with state.autocast(), frozen_norm.folded() if frozen_norm else contextlib.nullcontext():
            logits = state.forward(x)  # B x columns
        loss = loss_of(logits.float(), soft[0].to(state.device) if soft else y)
        scaler.scale(loss * (len(x) / images)).backward()
        total, hits = total + loss.detach() * (len(x) / images), hits + hits_of(logits.detach(), y)
        if shared:
            shared.saw()
    if shared:
        total, hits = shared.end(total, hits, group)
    scaler.unscale_(optimizer)
    if state.gradient_clip:
        updated = [p for p in parameters if p.grad is not None]
        norm = nn.utils.clip_grad_norm_(updated, state.gradient_clip)
    else:
        norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    scaler.step(optimizer)
    scaler.update()
    if state.averaged:
        state.averaged.update_parameters(state.model)
    return _StepResult(total, hits, norm)


def averaged_model(model: nn.Module, decay: float) -> AveragedModel:
    """An exponential moving average of weights and buffers.

    The decay rises as (1 + n) / (10 + n) up to its value (Tan and Le 2019's code), so that a short run is not held back
    by the weights it began with.
    """

    def ramped(averaged: Tensors, current: Tensors, updates: Tensor | int) -> None:
        n = int(updates)
        get_ema_multi_avg_fn(min(decay, (1 + n) / (10 + n)))(averaged, current, updates)

    return AveragedModel(model, multi_avg_fn=ramped, use_buffers=True)


def _diverged(state: State, epoch: int, loss: float) -> Diverged:
    rate = max(group["peak_lr"] for group in state.optimizer.param_groups)
    cure = f"lower recipe.learning_rate, which is {rate:g}"
    if state.dtype == torch.float16:
        cure += ", or take another recipe.precision: float16 ends at 65,504"
    elif not state.gradient_clip:
        cure += ", or clip the gradient: recipe.gradient_clip is 0"
    return Diverged(f"training diverged in epoch {epoch} (the loss is {loss}): {cure}")


def warmth(group: Mapping[str, int], step: int) -> float:
    """The factor, up to 1, of a group of parameters that was freed in the middle of a run and still warms up."""
    warm = group.get("warm_steps", 0)
    return min(1.0, (step - group["free_since"] + 1) / (warm + 1)) if warm else 1.0
