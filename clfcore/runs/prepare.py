"""From a configuration to what training needs: the data, the filled configuration, the network, decoded images."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from clfcore import augment
from clfcore.architectures.build import Network, build
from clfcore.architectures.catalogue import architecture, weights_at_hand
from clfcore.config import Facts, RunConfig, fill
from clfcore.data.cache import Decoded, decode
from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset, Split
from clfcore.data.pixels import Preprocess
from clfcore.device import pick_device
from clfcore.errors import InputError
from clfcore.training.batches import Batches

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a run works with. `notes` are sentences for the user: what was lowered, what the data lacks."""

    config: RunConfig
    dataset: ImageDataset
    decoded: Decoded
    network: Network
    device: torch.device
    notes: tuple[str, ...] = ()

    @property
    def module(self) -> nn.Module:
        return self.network.module

    @property
    def preprocess(self) -> Preprocess:
        return self.network.preprocess

    def batches(self, split: Split, *, training: bool = False) -> Batches:
        recipe = self.config.recipe
        return Batches(
            self.decoded,
            self.dataset.splits[split],
            self.dataset.targets,
            self.preprocess,
            recipe.batch_size,
            self.device,
            policy=augment.policy(recipe.augmentation) if training else None,
            seed=recipe.seed,
        )


def outline(config: RunConfig) -> tuple[RunConfig, ImageDataset, tuple[str, ...]]:
    """The filled configuration, the dataset (nothing decoded) and notes. Raises InputError as `train` would."""
    row = architecture(config.architecture)
    dataset = open_dataset(config.data, split_seed=config.split_seed)
    _check(dataset)
    device = pick_device(config.recipe.device)
    train_items = len(dataset.splits["train"])
    facts = Facts(
        task=dataset.task.kind,
        train_items=train_items,
        classes=len(dataset.classes),
        side=dataset.side(),
        digits_like=dataset.digits_like,
        smallest_image=row.smallest_image,
        native_image=row.native_image,
        pretrained=weights_at_hand(config.architecture),
        gpu=device.type != "cpu",
    )
    config = fill(config, facts)
    if config.strategy != "scratch" and config.weights == "none":
        raise InputError(
            f"weights is 'none': {config.strategy} starts from pretrained weights; use default, or the strategy scratch"
        )
    if config.strategy == "scratch" and config.weights != "none":
        raise InputError(f"weights is {config.weights!r}: scratch starts from none; leave weights out, or fine-tune")
    notes = []
    if config.recipe.batch_size > train_items:
        notes.append(
            f"The batch size is lowered from {config.recipe.batch_size} to {train_items}, the training images."
        )
        config = config.changed(recipe={"batch_size": train_items})
    if "test" not in dataset.splits or not len(dataset.splits["test"]):
        notes.append(
            "The data has no test split: there is no test account, only validation, which chose the best epoch."
        )
    return config, dataset, tuple(notes)


def prepare(config: RunConfig, progress: Progress | None = None) -> Prepared:
    """Open, fill, build and decode; `progress` counts decoded images. Raises InputError or Failure."""
    config, dataset, notes = outline(config)
    torch.manual_seed(config.recipe.seed)
    network = make_network(config, dataset)
    device = pick_device(config.recipe.device)
    dataset, decoded = decode(dataset, network.preprocess, progress=progress)
    _check(dataset)
    left_out = [problem for problem in dataset.problems if problem.kind == "unreadable"]
    if left_out:
        named = ", ".join(problem.item for problem in left_out[:3]) + (", …" if len(left_out) > 3 else "")
        notes += (f"{len(left_out)} unreadable images are left out: {named}.",)
    network = replace(network, module=network.module.to(device))
    return Prepared(config, dataset, decoded, network, device, notes)


def make_network(config: RunConfig, dataset: ImageDataset) -> Network:
    """The network of a filled configuration, with a new head for the dataset's task."""
    grey = config.weights == "none" and dataset.pixels is not None and dataset.pixels.shape[-1] == 1
    return build(
        config.architecture,
        columns=dataset.task.columns,
        channels=1 if grey else 3,
        image_size=config.recipe.image_size,
        weights=config.weights,
        options=config.options,
        fit=config.fit,
    )


def _check(dataset: ImageDataset) -> None:
    for split in ("train", "validation"):
        if not len(dataset.splits.get(split, ())):
            raise InputError(
                f"{dataset.name} has no readable images in its {split} split: add some, or name another split"
            )
    if dataset.task.kind != "multi-label" and np.count_nonzero(dataset.counts("train")) < 2:
        raise InputError(f"{dataset.name} has one class in its train split: a classifier needs at least two")
