"""train(): the loop, as a generator of Step and Epoch. It writes nothing, prints nothing and chooses nothing.

Stopping is not asking for more; resuming is loading the state before the first step; a transfer phase is one call.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from clfcore.errors import Failure
from clfcore.predictions import Predictions


@dataclass(frozen=True)
class Step:
    """One optimiser step: its number from 1 and the batch's loss, still on the device (`.item()` waits for it)."""

    step: int
    loss: Tensor


@dataclass(frozen=True)
class Epoch:
    """One pass over the training split: mean loss and accuracy while training, and what validation said."""

    epoch: int
    loss: float
    accuracy: float
    learning_rate: float
    validation: Predictions


@dataclass
class State:
    """What training changes: everything here goes into the checkpoint."""

    model: nn.Module
    optimiser: torch.optim.Optimizer
    device: torch.device
    dtype: torch.dtype = torch.float32
    gradient_clip: float = 0.0
    seed: int = 0
    frozen: list[nn.Module] = field(default_factory=list)
    epoch: int = 0
    step: int = 0

    def __post_init__(self) -> None:
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)

    def train_mode(self) -> None:
        """Training mode, less what is frozen: its batch normalisation must not drift."""
        self.model.train()
        for module in self.frozen:
            module.eval()

    def state_dict(self) -> dict:
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
        }

    def load_state_dict(self, stored: dict) -> None:
        self.model.load_state_dict(stored["model"])
        self.optimiser.load_state_dict(stored["optimiser"])
        self.scaler.load_state_dict(stored["scaler"])
        self.epoch, self.step = stored["epoch"], stored["step"]


def train(
    state: State,
    batches: Callable[[int], Iterable[tuple[Tensor, Tensor]]],
    loss_of: Callable[[Tensor, Tensor], Tensor],
    hits_of: Callable[[Tensor, Tensor], Tensor],
    rate_at: Callable[[int], float],
    validate: Callable[[nn.Module], Predictions],
    *,
    epochs: int,
) -> Iterator[Step | Epoch]:
    """Train in place up to `epochs`; yield after every batch and every epoch.

    batches: an epoch's batches, a function of seed and epoch alone; x: B x C x H x W float32, y: as `Task` says.
    loss_of and hits_of: logits B x columns, y -> scalar. rate_at: step from 0 -> factor on each group's peak rate.
    Raises Failure where the loss stops being finite: the run diverged.
    """
    model, optimiser, scaler, device = state.model, state.optimiser, state.scaler, state.device
    for epoch in range(state.epoch + 1, epochs + 1):
        torch.manual_seed(state.seed * 1_000_003 + epoch)  # dropout draws anew each epoch, and the same after a resume
        state.train_mode()
        total, hits, seen = torch.zeros((), device=device), torch.zeros((), device=device), 0
        for x, y in batches(epoch):
            x, y = x.to(device, non_blocking=True), y.to(device, non_blocking=True)
            for group in optimiser.param_groups:
                group["lr"] = group["peak_lr"] * rate_at(state.step)
            with torch.autocast(device.type, state.dtype, enabled=state.dtype != torch.float32):  # one path for both
                logits = model(x)  # B x columns
            loss = loss_of(logits.float(), y)
            optimiser.zero_grad(set_to_none=True)
            scaler.scale(loss).backward()
            if state.gradient_clip:
                scaler.unscale_(optimiser)
                nn.utils.clip_grad_norm_(model.parameters(), state.gradient_clip)
            scaler.step(optimiser)
            scaler.update()
            state.step += 1
            total, hits, seen = total + loss.detach() * len(x), hits + hits_of(logits.detach(), y), seen + len(x)
            yield Step(state.step, loss.detach())
        state.epoch = epoch
        mean = total.item() / seen  # waits for the device, once an epoch
        if mean != mean or mean == float("inf"):
            raise Failure(
                f"training diverged in epoch {epoch} (the loss is {mean}): lower recipe.learning_rate, "
                f"which is {max(group['peak_lr'] for group in optimiser.param_groups):g}"
            )
        yield Epoch(epoch, mean, hits.item() / seen, optimiser.param_groups[-1]["lr"], validate(model))
