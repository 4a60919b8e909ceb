"""Comparison of augmentation policies: one network trained under each, on a sample, within a time budget."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from clfcore.augment.policy import Policy
from clfcore.config import RunConfig
from clfcore.data.dataset import Split
from clfcore.errors import InputError
from clfcore.progress import Progress
from clfcore.runs.prepare import Prepared, prepare
from clfcore.runs.records import EpochRecord
from clfcore.runs.resolve_run import resolve_run
from clfcore.training import phases as training_phases
from clfcore.training.loop import Epoch, train
from clfcore.training.losses import hits_of, plain_loss_of
from clfcore.training.optimizer import steps_of

MOST_EPOCHS = 500  # a small sample would otherwise be memorized within the budget


@dataclass(frozen=True)
class PolicyComparison:
    """What each policy reached, by its name, an epoch at a time; seconds: of training, all policies together."""

    histories: Mapping[str, tuple[EpochRecord, ...]]
    train_items: int
    validation_items: int
    seconds: float

    @property
    def noise(self) -> float:
        """How far two accuracies may lie apart by chance (95%), from 0 to 1: twice the error of their difference."""
        last = [epochs[-1].validation_accuracy or 0.0 for epochs in self.histories.values() if epochs]
        share = float(np.mean(last)) if last else 0.5
        return 1.96 * float(np.sqrt(2 * max(share * (1 - share), 1e-4) / self.validation_items))

    def as_dict(self) -> dict[str, object]:
        """As `policies trial --json` prints it."""
        return {
            "policies": [
                {"policy": name, "history": [epoch.as_dict() for epoch in epochs]}
                for name, epochs in self.histories.items()
            ],
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
    """Train from one initialization under each policy, an epoch each in turn, until the budget is spent.

    All have the same epochs, the same rate (constant) and the same `sample` of training items (a third as many judge).
    seconds: for training alone; at least one epoch each is finished. Raises InputError as `train` would.
    """
    if not policies:
        raise InputError("no policy is named: name at least one, better two")
    if seconds <= 0 or sample < 2:
        raise InputError(f"seconds is {seconds:g} and sample {sample}: they must be greater than 0 and at least 2")
    # Prepared for each: evaluation is at the scale at which a policy trains.
    prepared = {
        name: _sampled(prepare(resolve_run(config.changed(recipe={"augmentation": policy.as_dict()}))), sample)
        for name, policy in policies.items()
    }
    common = next(iter(prepared.values()))  # all have the same sample, task and loss
    started = time.perf_counter()
    runs = {name: _begin(ready) for name, ready in prepared.items()}
    histories: dict[str, list[EpochRecord]] = {name: [] for name in policies}
    while True:
        for name, epochs in runs.items():
            histories[name].append(_trial_epoch(common, next(epochs)))
            if progress:
                progress(min(int(time.perf_counter() - started), int(seconds)), max(1, int(seconds)))
        done = len(next(iter(histories.values())))
        passed = time.perf_counter() - started
        if done >= MOST_EPOCHS or passed * (done + 1) / done > seconds:
            break
    sizes = common.dataset.sizes()
    return PolicyComparison(
        {name: tuple(epochs) for name, epochs in histories.items()},
        train_items=sizes["train"],
        validation_items=sizes["validation"],
        seconds=passed,
    )


def _sampled(prepared: Prepared, items: int) -> Prepared:
    splits = dict(prepared.dataset.splits)
    limits: dict[Split, int] = {"train": items, "validation": max(50, items // 3)}
    for split, most in limits.items():
        chosen = splits[split]
        if len(chosen) > most:
            picked = np.random.default_rng((prepared.config.recipe.seed, most)).choice(chosen, most, replace=False)
            splits[split] = np.sort(picked)
    batch = min(prepared.config.recipe.batch_size, len(splits["train"]))
    config = prepared.config.changed(recipe={"batch_size": batch})
    return replace(prepared, dataset=replace(prepared.dataset, splits=splits), config=config)


def _begin(prepared: Prepared) -> Iterator[Epoch]:
    """An endless run of epochs under the recipe's policy, as its last phase trains; all begin with the same weights."""
    recipe = prepared.config.recipe
    batches, groups = prepared.batches("train", training=True), prepared.start.groups
    phase = (
        prepared.phases[-1]
        if prepared.phases
        else training_phases.Phase(1, recipe.epochs, {groups[-1].name: recipe.learning_rate})
    )
    state = training_phases.first_state(prepared.module, phase, groups, recipe=recipe, device=prepared.device)
    phase.apply(state, groups, recipe, steps_per_epoch=steps_of(recipe, len(batches)))
    events = train(
        state,
        batches,
        loss_of=prepared.loss(),
        hits_of=hits_of(prepared.dataset.task),
        rate_at=lambda _: 1.0,
        validate=lambda model: prepared.predict(model, "validation"),
        epochs=MOST_EPOCHS,
    )
    return (event for event in events if isinstance(event, Epoch))


def _trial_epoch(prepared: Prepared, event: Epoch) -> EpochRecord:
    predictions, task = event.validation, prepared.dataset.task
    logits, targets = torch.from_numpy(predictions.logits), torch.from_numpy(np.ascontiguousarray(predictions.targets))
    return EpochRecord(
        epoch=event.epoch,
        train_loss=event.loss,
        train_accuracy=event.accuracy,
        validation_loss=float(plain_loss_of(task, prepared.config.recipe)(logits, targets)),
        validation_accuracy=float(hits_of(task)(logits, targets)) / len(predictions),
    )
