"""Overfitting one batch and previewing one: can the network fit what it is shown, and what does it see?"""

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from clfcore.augment.mixup import mixed_label, soft_targets
from clfcore.config import RunConfig
from clfcore.errors import InputError
from clfcore.outputs import save_picture
from clfcore.progress import Progress
from clfcore.runs.prepare import prepare
from clfcore.runs.resolve_run import resolve_run
from clfcore.training.batches import Batches
from clfcore.training.loop import Diverged, Epoch, train
from clfcore.training.losses import hits_of, plain_loss_of
from clfcore.training.optimizer import new_state, parameter_groups

STEPS = 200
SECONDS = 60.0  # a large network on a CPU is judged by the steps that fit


@dataclass(frozen=True)
class OneBatch:
    """How overfitting one batch went: a loss a step, the last accuracy (0 to 1), and a verdict in a sentence."""

    losses: tuple[float, ...]
    accuracy: float
    images: int
    seconds: float
    passed: bool
    verdict: str

    def as_dict(self) -> dict[str, object]:
        """As `check --json` prints it."""
        return {**vars(self), "losses": [round(loss, 5) for loss in self.losses], "seconds": round(self.seconds, 2)}


@dataclass(frozen=True, eq=False)
class BatchPreview:
    """A first batch as the network sees it: n x S x S x C uint8 taken back from its input, and what each shows."""

    pictures: np.ndarray
    labels: tuple[str, ...]
    ids: tuple[str, ...]
    low: float
    high: float
    mean: float
    deviation: float

    def as_dict(self) -> dict[str, object]:
        """As `check --json` prints it."""
        shown = [{"item": item, "label": label} for item, label in zip(self.ids, self.labels, strict=True)]
        values = {"smallest": self.low, "largest": self.high, "mean": self.mean, "deviation": self.deviation}
        return {"items": shown, "input": values}


def overfit_one_batch(config: RunConfig, *, images: int = 16, progress: Progress | None = None) -> OneBatch:
    """Train on one unchanged batch until it is learned; a network that cannot has a fault in data, loss or rate.

    The whole network trains, without augmentation, smoothing or weight decay, at the recipe's rate. Raises InputError
    as `train` would.
    """
    prepared = prepare(resolve_run(config))
    recipe, task, module = prepared.config.recipe, prepared.dataset.task, prepared.module
    batches = prepared.batches("train")
    x, y = next(iter(batches.in_order(min(images, len(batches.indices)))))
    if task.kind == "single-label":  # the split's first items may all be of one class
        order = _one_of_each(prepared.train_targets(), len(x))
        x, y = _items(batches, order)
    rate = min(recipe.learning_rate, 1e-2)
    module.requires_grad_(True)
    groups = parameter_groups(module.named_parameters(), rate=rate, weight_decay=0.0, group="all")
    state = new_state(module, recipe, groups, device=prepared.device)
    size = -(-len(x) // min(recipe.accumulation, max(1, len(x) // 2)))  # batch normalization needs two
    batch = list(zip(x.split(size), y.split(size), strict=True))
    events = train(
        state,
        lambda _: batch,
        loss_of=plain_loss_of(task, recipe),
        hits_of=hits_of(task),
        rate_at=lambda _: 1.0,
        epochs=STEPS,
    )
    losses: list[float] = []
    started = time.perf_counter()
    accuracy = 0.0
    try:
        for event in events:
            if not isinstance(event, Epoch):
                continue
            losses.append(event.loss)
            accuracy = event.accuracy
            if progress:
                progress(event.epoch, STEPS)
            if accuracy == 1.0 and event.loss < 0.1 * losses[0]:
                break
            if time.perf_counter() - started > SECONDS:
                break
    except Diverged:
        losses.append(math.nan)
    passed = bool(accuracy == 1.0 and np.isfinite(losses[-1]))
    seconds = time.perf_counter() - started
    return OneBatch(
        tuple(v for v in losses if np.isfinite(v)), accuracy, len(x), seconds, passed,
        _verdict(losses, accuracy, passed=passed, rate=rate),
    )  # fmt: skip


def preview_batch(config: RunConfig, *, count: int = 16, epoch: int = 1) -> BatchPreview:
    """The first batch of an epoch as training feeds it: shuffled, augmented, mixed, then taken back to bytes."""
    prepared = prepare(resolve_run(config))
    batches = prepared.batches("train", training=True)
    x, y, *soft = next(iter(batches(epoch)))
    x, y = x[:count].cpu(), y[:count].cpu()
    task, dataset = prepared.dataset.task, prepared.dataset
    rows = (soft[0] if soft else soft_targets(y, task))[:count].cpu()
    if task.kind == "multi-label":
        present = [[c for c, on in zip(task.classes, row.tolist(), strict=True) if on > 0] for row in rows]
        names = [", ".join(labels) or "no label" for labels in present]
    else:
        names = [mixed_label(row, task) if soft else mixed_label(row, task).removeprefix("100% ") for row in rows]
    order = batches.order(epoch)[: len(x)]
    ids = tuple(dataset.ids[batches.indices[i]] for i in order)
    values = x.numpy()
    stats = (float(values.min()), float(values.max()), float(values.mean()), float(values.std()))
    return BatchPreview(prepared.preprocess.denormalize(values), tuple(names), ids, *stats)


def write_contact_sheet(pictures: np.ndarray, out: Path) -> None:
    """Pictures (n x S x S x C uint8) side by side, four a row; small ones enlarged by whole pixels."""
    if out.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise InputError(f"out is {out}: name a .png, .jpg or .webp file")
    n, side = pictures.shape[:2]
    times, across = max(1, 112 // side), min(4, n)
    sheet = np.zeros((-(-n // across) * side, across * side, pictures.shape[-1]), np.uint8)
    for i, picture in enumerate(pictures):
        y, x = i // across * side, i % across * side
        sheet[y : y + side, x : x + side] = picture
    image = Image.fromarray(sheet[..., 0] if sheet.shape[-1] == 1 else sheet)
    image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    kind = {".png": "PNG", ".webp": "WEBP"}.get(out.suffix.lower(), "JPEG")
    save_picture(image, out, kind)


def _one_of_each(targets: np.ndarray, count: int) -> np.ndarray:
    """Places of `count` items that show as many classes as fit, each class in turn."""
    turns = np.empty(len(targets), np.int64)
    counts: dict[int, int] = {}
    for place, label in enumerate(targets.tolist()):
        turns[place] = counts.get(label, 0)
        counts[label] = int(turns[place]) + 1
    return np.argsort(turns, kind="stable")[:count]


def _items(batches: Batches, rows: np.ndarray) -> tuple[Tensor, Tensor]:
    """Some of a split's items, by their places in it, as one batch."""
    chosen = replace(batches, indices=batches.indices[rows], _kept={})
    return next(iter(chosen.in_order(len(rows))))


def _verdict(losses: list[float], accuracy: float, *, passed: bool, rate: float) -> str:
    if not np.isfinite(losses[-1]):
        return f"The loss diverged after {len(losses)} steps: lower the learning rate ({rate:g} here)."
    fell = f"the loss went from {losses[0]:.3f} to {losses[-1]:.3f} in {len(losses)} steps"
    if passed:
        return f"The network overfits one batch: {fell}. Data, labels, loss and network work together."
    return (
        f"The network does not overfit one batch: {fell}; training accuracy {100 * accuracy:.1f}%. Check the "
        "images and labels of the batch, or try another learning rate or a larger network."
    )
