"""One process's work on a run: what it prepared, how it hears of a stop, what it records."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from pydantic import JsonValue
from safetensors.torch import save_model
from torch import Tensor, nn

from clfcore.data.dataset import Split
from clfcore.device import peak_memory
from clfcore.distributed.ranks import ALONE, ProcessLost, Ranks
from clfcore.evaluation.metrics import score
from clfcore.files import write_whole
from clfcore.logs import log
from clfcore.predictions import Predictions
from clfcore.runs.best_epoch import Best
from clfcore.runs.folder import Run, StopRequest
from clfcore.runs.prepare import Prepared
from clfcore.runs.progress import Reporter
from clfcore.runs.records import EpochRecord, FinishedEarly, RunResults, ThresholdsFile
from clfcore.runs.temperature import TemperatureFile
from clfcore.runs.tracking import Tracker
from clfcore.training.loop import Diverged, Epoch
from clfcore.training.losses import hits_of, plain_loss_of

T = TypeVar("T")

_WISHES: tuple[StopRequest | None, ...] = (None, "now", "epoch", "best")
_ORPHANED = len(_WISHES)


class Stopped(Exception):
    """The run was asked to stop; it goes on with `resume`."""


class Orphaned(Stopped):
    """Nobody is left to work for: the run ends unfinished, and reads as interrupted."""


@dataclass
class Session:
    run: Run
    prepared: Prepared
    report: Reporter
    orphaned: Callable[[], bool]
    started: float
    best: Best = field(init=False)
    seconds_before: float = 0.0  # of the processes before this one
    notes: list[str] = field(default_factory=list)  # sentences on how it went
    baselines: dict[str, dict[str, dict[str, float]]] = field(
        default_factory=dict
    )  # what needs no fitting, by method and split
    moved: dict[str, float] = field(default_factory=dict)  # by layer group, as `transfer.moved` says
    finished_early: FinishedEarly | None = None
    tracker: Tracker = field(default_factory=Tracker)
    wish: StopRequest | None = None  # what was asked of the run when the processes last agreed

    def __post_init__(self) -> None:
        self.best = self.new_best()

    @property
    def ranks(self) -> Ranks:
        """This process among those that train the run."""
        return self.prepared.ranks

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Within it this process works while the others wait, or after they have ended."""
        together = self.prepared
        self.prepared = replace(together, ranks=ALONE)
        try:
            yield
        finally:
            self.prepared = together

    def lead(self, work: Callable[[], tuple[T, JsonValue]]) -> T:
        """A piece of work that this first process does alone; the others hear what it gave in `followed`."""
        message: JsonValue = None
        try:
            with self.alone():
                result, message = work()
        finally:
            with contextlib.suppress(ProcessLost):  # the next message says so
                self.ranks.agreed(message)
        return result

    def followed(self) -> JsonValue:
        """What the first process says of the work that it has done alone. Raises Stopped where it has ended."""
        message = self.ranks.agreed(None)
        if message is None:
            raise Stopped
        return message

    @property
    def seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self.started

    def check_stop(self, *, epoch_ended: bool = False) -> None:
        """Raise Stopped where the run was asked to stop, or nobody is left to work for: in all processes at once."""
        seen = 0
        if self.ranks.first:
            seen = _ORPHANED if self.orphaned() else _WISHES.index(self.run.stop_requested())
        seen = self.ranks.agreed_number(seen)
        if seen == _ORPHANED:
            raise Orphaned
        self.wish = _WISHES[seen]
        if self.wish == "now" or (self.wish == "epoch" and epoch_ended):
            raise Stopped

    def finishes_early(self, epoch: int, *, not_before: int = 0) -> bool:
        """Whether to complete now with the best epoch so far, as was asked; it is noted then. epoch: the last one done.

        not_before: an epoch that was reached before and is done again. Without a best epoch the first is waited for.
        """
        epochs = self.prepared.config.recipe.epochs
        if not not_before <= epoch < epochs or self.best.epoch < 0 or self.wish != "best":
            return False
        self.finished_early = FinishedEarly(epoch=epoch, of=epochs)
        best = f"the best epoch so far ({self.best.epoch})" if self.best.epoch else "the starting head"
        self.notes.append(f"Finished early, after epoch {epoch} of {epochs}, with {best}.")
        return True

    def new_best(self) -> Best:
        """Nothing chosen yet; a score that only ranks is guarded by the loss."""
        return Best(guarded=self.prepared.dataset.task.kind == "multi-label")

    def keep_best(self, error: Diverged) -> None:
        """End training at a divergence with the best weights before it; without any, the error is the run's end."""
        if self.best.epoch < 0:
            raise error
        message = str(error)
        self.notes.append(
            f"{message[:1].upper()}{message[1:]}. The weights of epoch {self.best.epoch} before it are kept."
        )

    def predictions(self, split: Split, logits: np.ndarray) -> Predictions:
        return self.prepared.predictions(split, logits)

    def predict(self, module: nn.Module, split: Split) -> Predictions:
        return self.prepared.predict(module, split)

    def judge(self, validation: Predictions) -> tuple[float, float]:
        """What chooses the best epoch of predictions: the score, and the loss without smoothing, weights or focus."""
        loss = plain_loss_of(validation.task, self.prepared.config.recipe)(
            torch.from_numpy(validation.logits), torch.from_numpy(validation.targets)
        )
        return score(validation), float(loss)

    def _agreed(self, judged: tuple[float, float]) -> tuple[float, float]:
        """The first process's: another kind of machine may round otherwise."""
        values = torch.tensor(judged, dtype=torch.float64)
        self.ranks.spread_([values])
        return values[0].item(), values[1].item()

    def record(
        self,
        event: Epoch,
        seconds: float,
        images: int,
        *,
        weights: Callable[[], Mapping[str, Tensor]],
        more: Mapping[str, JsonValue] | None = None,
    ) -> float:
        """Choose the best epoch so far and write the epoch's line of history, with `more`. Returns its validation loss.

        weights: those that validation judged, on the CPU; called where the epoch is, or may become, the best one.
        """
        predictions, recipe = event.validation, self.prepared.config.recipe
        value, loss = self._agreed(self.judge(predictions))
        hits = hits_of(predictions.task)(torch.from_numpy(predictions.logits), torch.from_numpy(predictions.targets))
        if event.candidate is False:
            self.best.wait()
        else:
            self.best.improved(event.epoch, value, loss, weights=weights)
        log.info("epoch %d: training loss %.4f, validation loss %.4f, %.1f s", event.epoch, event.loss, loss, seconds)
        values: dict[str, JsonValue] = {
            "epoch": event.epoch,
            "train_loss": _finite(event.loss),
            "train_accuracy": _finite(event.accuracy),
            "validation_loss": _finite(loss),
            "validation_accuracy": float(hits) / len(predictions),
            "validation_score": value,
            "learning_rate": event.learning_rate,
            "seconds": round(seconds, 3),
            "images_per_second": round(images / max(seconds, 1e-9), 1),
            "gradient_norm": _finite(event.gradient_norm, digits=5),
            "memory": peak_memory(self.prepared.device),
            "mixed": bool(recipe.mixup or recipe.cutmix),
            "best_epoch": self.best.epoch if self.best.epoch >= 0 else None,
            **({} if event.candidate is None else {"candidate": event.candidate}),
            **(more or {}),
        }
        epoch = EpochRecord.model_validate(values)
        self.run.record(epoch)
        self.tracker.epoch(epoch)
        return loss


def copied(module: nn.Module) -> dict[str, Tensor]:
    """A module's weights and buffers on the CPU, as they are now."""
    return {name: value.detach().to("cpu", copy=True) for name, value in module.state_dict().items()}


def _finite(value: float, *, digits: int = 17) -> float | None:
    """JSON knows no NaN: what was not measured is null."""
    return round(value, digits) if math.isfinite(value) else None


def save_weights(run: Run, module: nn.Module) -> None:
    """best.safetensors, whole or not at all. What an earlier end was evaluated to with other weights goes first."""
    stale = [RunResults.file, TemperatureFile.file, ThresholdsFile.file]
    for name in (*stale, *(f"predictions-{split}.npz" for split in run.splits)):
        (run.path / name).unlink(missing_ok=True)

    def write(partial: Path) -> None:
        try:
            save_model(module, str(partial))
        except Exception as error:
            if "No space left" in str(error):
                raise OSError(28, "No space left on device") from error
            raise

    write_whole(run.path / "best.safetensors", write)
