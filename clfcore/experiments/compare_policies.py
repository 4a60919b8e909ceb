"""Does a policy help? The same network trained under several policies on a sample, in turn, within a time budget."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from clfcore.augment.policy import Policy
from clfcore.config import RunConfig
from clfcore.errors import InputError
from clfcore.progress import Progress
from clfcore.runs.prepare import Prepared, prepare
from clfcore.runs.resolve_run import resolve_run
from clfcore.training import phases as training_phases
from clfcore.training.loop import Epoch, train
from clfcore.training.losses import hits_of, plain_loss_of
from clfcore.training.optimizer import steps_of

MOST = 500  # epochs: a small sample would otherwise be learned by heart within the budget


@dataclass(frozen=True)
class PolicyComparison:
    """What each policy reached: name -> a line an epoch (epoch, train_loss, validation_loss, both accuracies)."""

    histories: Mapping[str, tuple[dict[str, float], ...]]
    train_items: int
    validation_items: int
    seconds: float

    @property
    def noise(self) -> float:
        """How far two accuracies may lie apart by chance (95 %), from 0 to 1: twice the error of their difference."""
        last = [lines[-1]["validation_accuracy"] for lines in self.histories.values() if lines]
        share = float(np.mean(last)) if last else 0.5
        return 1.96 * float(np.sqrt(2 * max(share * (1 - share), 1e-4) / self.validation_items))

    def as_dict(self) -> dict[str, Any]:
        return {
            "policies": [{"policy": name, "history": list(lines)} for name, lines in self.histories.items()],
            "train_items": self.train_items,
            "validation_items": self.validation_items,
            "seconds": round(self.seconds, 1),
            "noise": round(self.noise, 4),
        }


def compare_policies(
    config: RunConfig,
    policies: Mapping[str, Policy],
    *,
    seconds: float = 60.0,
    sample: int = 1000,
    progress: Progress | None = None,
) -> PolicyComparison:
    """Train from one initialisation under each policy, an epoch each in turn, until the budget is spent.

    All have the same epochs, the same rate (constant) and the same `sample` of training items (a third as many judge).
    seconds: for training alone; at least one epoch each is finished. Raises InputError as `train` would.
    """
    if not policies:
        raise InputError("no policy is named: name at least one, better two")
    if seconds <= 0 or sample < 2:
        raise InputError(f"seconds is {seconds:g} and sample {sample}: they must be greater than 0 and at least 2")
    # Prepared for each: evaluation is at the scale at which a policy trains.
    ready = {
        name: _sampled(prepare(resolve_run(config.changed(recipe={"augmentation": policy.as_dict()}))), sample)
        for name, policy in policies.items()
    }
    prepared = next(iter(ready.values()))  # what they have in common: the sample, the task, the loss
    started = time.perf_counter()
    runs = {name: _begin(one) for name, one in ready.items()}
    histories: dict[str, list[dict[str, float]]] = {name: [] for name in policies}
    while True:
        for name, epochs in runs.items():
            histories[name].append(_line(prepared, next(epochs)))
            if progress:
                progress(min(int(time.perf_counter() - started), int(seconds)), max(1, int(seconds)))
        done = len(next(iter(histories.values())))
        passed = time.perf_counter() - started
        if done >= MOST or passed * (done + 1) / done > seconds:
            break
    sizes = {split: len(chosen) for split, chosen in prepared.dataset.splits.items()}
    kept = {name: tuple(lines) for name, lines in histories.items()}
    return PolicyComparison(kept, sizes["train"], sizes["validation"], passed)


def _sampled(prepared: Prepared, items: int) -> Prepared:
    splits = dict(prepared.dataset.splits)
    for split, most in (("train", items), ("validation", max(50, items // 3))):
        chosen = splits[split]
        if len(chosen) > most:
            picked = np.random.default_rng((prepared.config.recipe.seed, most)).choice(chosen, most, replace=False)
            splits[split] = np.sort(picked)
    batch = min(prepared.config.recipe.batch_size, len(splits["train"]))
    config = prepared.config.changed(recipe={"batch_size": batch, "sampling": "plain"})
    return replace(prepared, dataset=replace(prepared.dataset, splits=splits), config=config)


def _begin(prepared: Prepared) -> Iterator[Epoch]:
    """An endless run of epochs under the recipe's policy, as its last phase trains; all begin with the same weights."""
    recipe = prepared.config.recipe
    batches, groups = prepared.batches("train", training=True), prepared.start.groups
    phases = training_phases.phases(prepared.config, groups)
    phase = phases[-1] if phases else training_phases.Phase(1, recipe.epochs, {groups[-1].name: recipe.learning_rate})
    state = training_phases.first_state(prepared.module, phase, groups, recipe, prepared.device)
    phase.apply(state, groups, recipe, steps_per_epoch=steps_of(recipe, len(batches)))
    events = train(
        state,
        batches,
        prepared.loss(),
        hits_of(prepared.dataset.task),
        lambda _: 1.0,
        lambda model: prepared.predict(model, "validation"),
        epochs=MOST,
    )
    return (event for event in events if isinstance(event, Epoch))


def _line(prepared: Prepared, event: Epoch) -> dict[str, float]:
    said, task = event.validation, prepared.dataset.task
    logits, targets = torch.from_numpy(said.logits), torch.from_numpy(np.ascontiguousarray(said.targets))
    return {
        "epoch": event.epoch,
        "train_loss": event.loss,
        "train_accuracy": event.accuracy,
        "validation_loss": float(plain_loss_of(task, prepared.config.recipe)(logits, targets)),
        "validation_accuracy": float(hits_of(task)(logits, targets)) / len(said),
    }
