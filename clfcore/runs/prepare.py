"""From a configuration to what training needs: the data, the filled configuration, the network, decoded images."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from clfcore.architectures.adapt_weights import adapt_state, read_state
from clfcore.architectures.ancestry import Ancestry
from clfcore.architectures.attention_pooling import with_attention_head
from clfcore.architectures.build import Network, build, published_preprocess
from clfcore.architectures.heads import embedding_width, head_name, make_head
from clfcore.architectures.stages import Group, layer_groups
from clfcore.augment.policy import Policy
from clfcore.augment.train_test_resolution import at_training_scale
from clfcore.classifier_spec import ClassifierSpec
from clfcore.data.dataset import ImageDataset, Split
from clfcore.data.decode import Decoded, decode
from clfcore.data.held_pixels import reading_note
from clfcore.data.pixels import Preprocess
from clfcore.device import device_of
from clfcore.distributed.ranks import ALONE, Ranks
from clfcore.hierarchy import decoded as read_as
from clfcore.predictions import Predictions
from clfcore.progress import Progress
from clfcore.randomness import Stream
from clfcore.resolve import Resolved, WeightsSource, check
from clfcore.resolved_config import ResolvedConfig
from clfcore.runs.starting_weights import ancestors_of, digest
from clfcore.training import class_balance
from clfcore.training.batches import Batches
from clfcore.training.losses import loss_of
from clfcore.training.optimizer import mix_of
from clfcore.training.phases import Phase, phases, put_head
from clfcore.training.synchronized_norm import check_synchronizable


@dataclass(frozen=True)
class Start:
    """What the network begins with: its layer groups, its weights' identity, and where own weights come from."""

    groups: tuple[Group, ...]
    identity: str  # of backbone and weights
    keeps_head: bool = False  # another run's, of the same classes
    head: str = "linear"  # its kind, where the network keeps it
    ancestry: Ancestry | None = None
    restored: bool = False  # the checkpoint alone holds the weights: those that it began with are gone
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a run works with."""

    config: ResolvedConfig
    dataset: ImageDataset
    decoded: Decoded
    network: Network
    device: torch.device
    policy: Policy  # the recipe's augmentation
    start: Start
    phases: tuple[Phase, ...]  # of training; feature extraction has none
    notes: tuple[str, ...] = ()  # sentences for the user: what was lowered, what the data lacks
    changes: tuple[str, ...] = ()  # those of them that say what is new or gone since the run began
    ranks: Ranks = ALONE  # this process among those that train it

    @property
    def module(self) -> nn.Module:
        return self.network.module

    @property
    def preprocess(self) -> Preprocess:
        return self.network.preprocess

    @property
    def spec(self) -> ClassifierSpec:
        """What opens the weights again: the network, its head, the task and the preprocessing."""
        return ClassifierSpec(
            architecture=self.config.architecture,
            options=self.config.options,
            head=self.head,
            channels=self.preprocess.channels,
            decoding=self.config.decoding,
            task=self.dataset.task,
            preprocess=self.preprocess,
        )

    @property
    def head(self) -> str:
        """The kind of head that the network ends with: linear, mlp or attention."""
        if self.config.head == "attention":
            return "attention"
        if self.config.strategy == "scratch" or self.start.keeps_head:
            return self.start.head
        return "mlp" if self.config.head == "mlp" else "linear"

    def batches(self, split: Split, *, training: bool = False) -> Batches:
        recipe = self.config.recipe
        return Batches(
            self.decoded,
            self.dataset.splits[split],
            self.dataset.targets,
            self.preprocess,
            recipe.batch_size,
            self.device,
            policy=self.policy if training else None,
            seed=recipe.seed,
            mix=mix_of(recipe) if training else None,
            task=self.dataset.task,
            weights=self.draw_weights() if training else None,
            ranks=self.ranks,
            for_all=training and recipe.sync_batch_norm,
            views=recipe.cached_views if training else 0,
        )

    @property
    def judged_at(self) -> int:
        """Images of a batch in which a split is predicted."""
        return max(-(-self.config.recipe.batch_size // self.ranks.size), 16)

    def predictions(self, split: Split, logits: np.ndarray) -> Predictions:
        """What a split's logits say, read as the configuration says."""
        chosen = self.dataset.splits[split]
        ids = tuple(self.dataset.ids[i] for i in chosen)
        read = read_as(logits, self.dataset.task, self.config.decoding)
        return Predictions(self.dataset.task, split, ids, self.dataset.targets[chosen], read)

    def predict(self, module: nn.Module, split: Split) -> Predictions:
        """A split's predictions from pixels, in eval mode; several processes make them together."""
        module.eval()
        size = self.judged_at
        batches = self.batches(split)
        with torch.inference_mode():
            parts = [module(x).float().cpu().numpy() for x, _ in batches.in_order(size)]
        own = np.concatenate(parts) if parts else np.empty((0, 0), np.float32)
        return self.predictions(split, self.ranks.rows(own, batches.parts(size)))

    def train_targets(self) -> np.ndarray:
        return self.dataset.targets[self.dataset.splits["train"]]

    def loss(self) -> Callable[[Tensor, Tensor], Tensor]:
        """The recipe's loss, its weights counted on the training split."""
        return loss_of(self.dataset.task, self.config.recipe, self.train_targets())

    def draw_weights(self) -> np.ndarray | None:
        """How often each training item is drawn; None where each is shown once an epoch."""
        balanced = self.config.recipe.sampling == "balanced"
        return class_balance.draw_weights(self.dataset.task, self.train_targets()) if balanced else None


def prepare(resolved: Resolved, progress: Progress | None = None, *, ranks: Ranks = ALONE) -> Prepared:
    """Build the network and decode the images; `progress` counts them. Raises InputError or Failure."""
    config, notes = resolved.config, resolved.notes
    device = device_of(config.recipe.device, number=ranks.local, processes=ranks.here)
    with Stream(config.recipe.seed).drawn():
        network, start = make_network(resolved)
    planned = phases(config, start.groups)  # refused before an image is decoded
    if config.recipe.sync_batch_norm:
        check_synchronizable(network.module, config.architecture)
    dataset, decoded = decode(resolved.dataset, network.preprocess, progress=progress)
    check(dataset)
    values = decoded.value_range(dataset.splits["train"])
    network = replace(network, preprocess=replace(network.preprocess, value_range=values, white=1.0))
    if values is not None:
        notes += (f"The pictures have more than 8 bits: {values[0]:,.6g} counts as black, {values[1]:,.6g} as white.",)
    note = decoded.note or reading_note(dataset, network.preprocess, cached=True)
    notes += (note,) if note else ()
    left_out = [problem for problem in dataset.problems if problem.kind == "unreadable"]
    if left_out:
        named = ", ".join(problem.item for problem in left_out[:3]) + (", …" if len(left_out) > 3 else "")
        notes += (f"{len(left_out)} unreadable images are left out: {named}.",)
    network = replace(network, module=network.module.to(device))
    return Prepared(
        config=config,
        dataset=dataset,
        decoded=decoded,
        network=network,
        device=device,
        policy=resolved.policy,
        start=start,
        phases=planned,
        notes=notes + start.notes,
        changes=resolved.changes,
        ranks=ranks,
    )


def make_network(resolved: Resolved) -> tuple[Network, Start]:
    """The network of a configuration, with a new head for the dataset's task unless a run's head fits it.

    Its preprocessing evaluates at the scale at which the augmentation trains (`augment.at_scale`).
    """
    network, start = _made(resolved)
    return replace(network, preprocess=at_training_scale(resolved.policy, network.preprocess)), start


def _made(resolved: Resolved) -> tuple[Network, Start]:
    config, dataset, source = resolved.config, resolved.dataset, resolved.source
    spec = source.spec if source is not None else None
    gray = config.weights == "none" and dataset.pixels is not None and dataset.pixels.shape[-1] == 1
    network = build(
        config.architecture,
        columns=dataset.task.columns,
        channels=spec.channels if spec else 1 if gray else 3,
        image_size=config.recipe.image_size,
        weights="none" if source else config.weights,
        options=config.options,
        fit=config.fit,
    )
    if config.head == "attention" and source is None:
        network = _attended(network, dataset)
    groups = layer_groups(network.module)
    known: list[object] = [config.architecture, config.weights, dict(sorted(config.options.items()))]
    if source is None:
        return network, Start(groups, json.dumps(known))
    gone = source.ancestry
    known[1] = digest(source.path) if gone is None else gone.ancestors[0].digest
    network, start = _with_own_weights(network, Start(groups, json.dumps(known)), resolved, source=source)
    if config.head == "attention":
        network = _attended(network, dataset)
        start = replace(start, groups=layer_groups(network.module), keeps_head=False)
    return network, start


def _attended(network: Network, dataset: ImageDataset) -> Network:
    preprocess = network.preprocess
    module = with_attention_head(
        network.module, dataset.task.columns, channels=preprocess.channels, side=preprocess.size
    )
    return replace(network, module=module)


def _with_own_weights(
    network: Network, start: Start, resolved: Resolved, *, source: WeightsSource
) -> tuple[Network, Start]:
    """The network with a run's or a file's weights, normalized as they were trained."""
    config, dataset, module, spec = resolved.config, resolved.dataset, network.module, source.spec
    kind = "linear"
    keeps = config.strategy != "feature-extraction" and spec is not None and spec.task == dataset.task
    if keeps and spec is not None:
        kind = spec.head.replace("logistic", "linear")
    if kind != "linear":
        features = embedding_width(module)
        head = make_head(kind, features, dataset.task.columns)
        start = replace(start, groups=put_head(module, start.groups, head), head=kind)
    ancestry = source.ancestry
    if ancestry is None:
        adapted = adapt_state(module, read_state(source.path), keep_head=keeps, source=source.name)
        ancestry = Ancestry(
            ancestors=ancestors_of(source),
            matched=len(adapted.matched),
            lacking=tuple(adapted.lacking),
            unused=tuple(adapted.unused),
            head_kept=keeps,
        )
    normalization = spec.preprocess if spec else published_preprocess(network)
    preprocess = replace(normalization, size=network.preprocess.size, fit=config.fit)
    lacking = [name for name in ancestry.lacking if not name.startswith(head_name(module) + ".")]
    notes = [f"{ancestry.matched} tensors come from {source.name}."]
    if not keeps:
        notes.append("Its head is not taken: a new one is fitted to the classes.")
    if lacking:
        notes.append(f"{len(lacking)} tensors are not in it and begin at random: {', '.join(lacking[:3])}.")
    return replace(network, preprocess=preprocess), replace(
        start, keeps_head=keeps, ancestry=ancestry, restored=source.ancestry is not None, notes=tuple(notes)
    )
