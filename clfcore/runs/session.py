"""One process's work on a run: what it prepared, how it hears of a stop, what it records, which epoch is best."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_model, save_model
from torch import nn

from clfcore.data.dataset import Split
from clfcore.decoding import decoded
from clfcore.device import peak_memory
from clfcore.evaluation.metrics import score
from clfcore.files import write_whole
from clfcore.predictions import Predictions
from clfcore.runs.prepare import Prepared
from clfcore.runs.report import Reporter
from clfcore.runs.store import Run
from clfcore.training.loop import Diverged, Epoch
from clfcore.training.losses import hits_of, plain_loss_of


class Stopped(Exception):
    """The run was asked to stop; it goes on with `resume`."""


class Orphaned(Stopped):
    """Nobody is left to work for: the run ends unfinished, and reads as interrupted."""


@dataclass
class Best:
    """The best epoch so far: highest score, ties by lower validation loss, then the earlier. 0 is a starting head."""

    epoch: int = -1
    score: float = -math.inf
    loss: float = math.inf
    since: int = 0  # epochs without a better one

    def improved(self, epoch: int, score: float, loss: float) -> bool:
        if (score, -loss) > (self.score, -self.loss):
            self.epoch, self.score, self.loss, self.since = epoch, score, loss, 0
            return True
        self.since += 1
        return False


@dataclass
class Session:
    run: Run
    prepared: Prepared
    report: Reporter
    orphaned: Callable[[], bool]
    started: float
    best: Best = field(default_factory=Best)
    seconds_before: float = 0.0  # of the processes before this one
    notes: list[str] = field(default_factory=list)  # sentences on how it went
    baselines: dict[str, Any] = field(default_factory=dict)  # what needs no fitting, by method and split
    moved: dict[str, float] = field(default_factory=dict)  # by layer group, as `transfer.moved` says

    @property
    def seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self.started

    def check_stop(self, *, epoch_ended: bool = False) -> None:
        """Raise Stopped where the run was asked to stop, or nobody is left to work for."""
        if self.orphaned():
            raise Orphaned
        wish = self.run.stop_requested()
        if wish == "now" or (wish == "epoch" and epoch_ended):
            raise Stopped

    def keep_best(self, error: Diverged) -> None:
        """End training at a divergence with the best weights before it; without any, the error is the run's end."""
        if self.best.epoch < 0:
            raise error
        said = str(error)
        self.notes.append(f"{said[:1].upper()}{said[1:]}. The weights of epoch {self.best.epoch} before it are kept.")

    def predictions(self, split: Split, logits: np.ndarray) -> Predictions:
        dataset = self.prepared.dataset
        chosen = dataset.splits[split]
        ids = tuple(dataset.ids[i] for i in chosen)
        logits = decoded(logits, dataset.task, self.prepared.config.decoding)
        return Predictions(dataset.task, split, ids, dataset.targets[chosen], logits)

    def predict(self, module: nn.Module, split: Split) -> Predictions:
        """A split's logits from pixels, in eval mode."""
        module.eval()
        size = max(self.prepared.config.recipe.batch_size, 16)
        with torch.inference_mode():
            parts = [module(x).float().cpu().numpy() for x, _ in self.prepared.batches(split).in_order(size)]
        return self.predictions(split, np.concatenate(parts))

    def judge(self, said: Predictions) -> tuple[float, float]:
        """What chooses the best epoch of predictions: the score, and the loss without smoothing, weights or focus."""
        loss = plain_loss_of(said.task, self.prepared.config.recipe)(
            torch.from_numpy(said.logits), torch.from_numpy(said.targets)
        )
        return score(said), float(loss)

    def record(
        self, event: Epoch, seconds: float, images: int, *, more: Mapping[str, Any] | None = None
    ) -> tuple[bool, float]:
        """Write the epoch's line of history, with `more`. Returns whether it is the best, and its validation loss."""
        said, recipe = event.validation, self.prepared.config.recipe
        value, loss = self.judge(said)
        hits = hits_of(said.task)(torch.from_numpy(said.logits), torch.from_numpy(said.targets))
        self.run.record(
            {
                "epoch": event.epoch,
                "train_loss": _finite(event.loss),
                "train_accuracy": _finite(event.accuracy),
                "validation_loss": loss,
                "validation_accuracy": float(hits) / len(said),
                "validation_score": value,
                "learning_rate": event.learning_rate,
                "seconds": round(seconds, 3),
                "images_per_second": round(images / max(seconds, 1e-9), 1),
                "gradient_norm": _finite(event.gradient_norm, digits=5),
                "memory": peak_memory(self.prepared.device),
                "mixed": bool(recipe.mixup or recipe.cutmix),
                **(more or {}),
            }
        )
        return self.best.improved(event.epoch, value, loss), loss


def _finite(value: float, *, digits: int = 17) -> float | None:
    """JSON knows no NaN: what was not measured is null."""
    return round(value, digits) if math.isfinite(value) else None


def save_weights(run: Run, module: nn.Module) -> None:
    """best.safetensors, whole or not at all."""

    def write(partial: Path) -> None:
        try:
            save_model(module, str(partial))
        except Exception as error:
            if "No space left" in str(error):
                raise OSError(28, "No space left on device") from error
            raise

    write_whole(run.path / "best.safetensors", write)


def load_weights(run: Run, module: nn.Module) -> None:
    load_model(module, run.path / "best.safetensors")
