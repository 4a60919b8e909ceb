"""From a configuration to what training needs: the data, the filled configuration, the network, decoded images."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from clfcore import augment, balance
from clfcore.architectures.build import Network, build
from clfcore.config import RunConfig
from clfcore.data.cache import Decoded, decode
from clfcore.data.dataset import ImageDataset, Split
from clfcore.data.pixels import Preprocess
from clfcore.device import pick_device
from clfcore.runs.outline import check, outline
from clfcore.training.batches import Batches
from clfcore.training.losses import loss_of
from clfcore.training.recipe import mix_of

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
            mix=mix_of(recipe) if training else None,
            task=self.dataset.task,
            weights=self.draw_weights() if training else None,
        )

    def train_targets(self) -> np.ndarray:
        return self.dataset.targets[self.dataset.splits["train"]]

    def loss(self) -> Callable[[Tensor, Tensor], Tensor]:
        """The recipe's loss, its weights counted on the training split."""
        return loss_of(self.dataset.task, self.config.recipe, self.train_targets())

    def draw_weights(self) -> np.ndarray | None:
        """How often each training item is drawn; None where each is shown once an epoch."""
        balanced = self.config.recipe.sampling == "balanced"
        return balance.draw_weights(self.dataset.task, self.train_targets()) if balanced else None


def prepare(config: RunConfig, progress: Progress | None = None) -> Prepared:
    """Open, fill, build and decode; `progress` counts decoded images. Raises InputError or Failure."""
    device = pick_device(config.recipe.device)
    config, dataset, notes = outline(config, gpu=device.type != "cpu")
    torch.manual_seed(config.recipe.seed)
    network = make_network(config, dataset)
    dataset, decoded = decode(dataset, network.preprocess, progress=progress)
    check(dataset)
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
