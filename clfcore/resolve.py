"""Configuration asked -> configuration with nothing open: defaults for the data, the network and the device."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clfcore.architectures.ancestry import Ancestry
from clfcore.architectures.catalogue import Architecture, check_side, configured, weights_at_hand
from clfcore.augment import policies
from clfcore.augment.policy import Policy as AugmentationPolicy
from clfcore.classifier_spec import ClassifierSpec
from clfcore.config import Policy, RunConfig
from clfcore.data.aspect import cut_off, sampled_sizes
from clfcore.data.dataset import ImageDataset
from clfcore.default_network import SMALL_COLOR, check_strategy, default_network
from clfcore.errors import InputError
from clfcore.resolved_config import NetworkConfig, ResolvedConfig, with_name
from clfcore.task import TaskKind
from clfcore.training import class_balance
from clfcore.training.drawn_views import check_cached_views, embedded_views

FEW = 1_000  # training pictures up to which an epoch is a short one
# Batch size and learning rate of the default network for small color images on few of them: a fifth less time on a CPU
# than batches of 16, with no clear loss of accuracy; batch normalization bears the higher rate.
# benchmarks/default_small_network.py measures it.
_FEW_IN_COLOR = 32, 4e-3
# Families whose pretrained layers bear half the head's rate while batch normalization keeps its statistics; a tenth
# learns too little in few epochs (docs/transfer.md). Transformers, and what else has none, were not measured.
_BATCH_NORMALIZED = frozenset({"resnet", "densenet", "mnasnet", "mobilenet", "mobilenetv3", "efficientnet"})


@dataclass(frozen=True)
class Facts:
    """What the defaults depend on: the data, the network and the device; sides in pixels."""

    task: TaskKind
    train_items: int
    classes: int
    side: int  # the pictures' usual shorter side
    digits_like: bool  # a flip would change the class
    smallest_image: int  # the network's
    native_image: int  # the side its weights were trained at, or its usual one
    pretrained: bool  # weights are at hand
    gpu: bool
    multiple: int = 1  # the network's side must be divisible by it
    small_color: bool = False  # the network is the default one for small color images
    batch_normalized: bool = False  # the network's family has batch normalization throughout


@dataclass(frozen=True)
class WeightsSource:
    """Weights of one's own: a file of tensors, and what the run that they are of says about them, if there is one."""

    path: Path
    name: str
    spec: ClassifierSpec | None = None
    folder: Path | None = None  # the run's
    ancestry: Ancestry | None = None  # recorded by a resumed run, where the weights themselves are gone


@dataclass(frozen=True, eq=False)
class Resolved:
    """A configuration with nothing open, and what was looked up to decide it. Nothing is decoded."""

    config: ResolvedConfig
    dataset: ImageDataset
    row: Architecture
    source: WeightsSource | None  # None: random or published weights
    gpu: bool
    policy: AugmentationPolicy  # what the recipe's augmentation names
    notes: tuple[str, ...] = ()  # sentences for the user: what was lowered, what the data lacks
    changes: tuple[str, ...] = ()  # those of them that say what is new or gone since the run began
    trained_before: frozenset[str] = frozenset()  # contents that the runs which it continues were trained on


def resolve(config: RunConfig, dataset: ImageDataset, *, source: WeightsSource | None, gpu: bool) -> Resolved:
    """The configuration with every default chosen for its data, network, weights and device.

    dataset: what `config.data` opens as; source: what `config.weights` names, where that is a run or a file. Raises
    InputError where they do not go together.
    """
    check(dataset)
    config = inherit(config, source)
    chosen, notes = with_network(config, dataset, source)
    row, _ = configured(chosen.architecture, chosen.options)
    train_items = len(dataset.splits["train"])
    facts = Facts(
        task=dataset.task.kind,
        train_items=train_items,
        classes=len(dataset.classes),
        side=dataset.side(),
        digits_like=dataset.digits_like,
        smallest_image=row.smallest_image,
        native_image=row.native_image,
        pretrained=source is not None or config.weights in row.weights or weights_at_hand(row.name),
        multiple=row.multiple,
        gpu=gpu,
        small_color=row.name == SMALL_COLOR,
        batch_normalized=row.family in _BATCH_NORMALIZED,
    )
    filled = fill(chosen, facts)
    check_side(row, filled.recipe.image_size)
    if filled.strategy != "scratch" and filled.weights == "none":
        raise InputError(
            f"weights is 'none': {filled.strategy} starts from pretrained weights; use default, or the strategy scratch"
        )
    if source is None:
        check_strategy(filled.strategy, row)
    if filled.strategy == "scratch" and filled.weights != "none":
        raise InputError(f"weights is {filled.weights!r}: scratch starts from none; leave weights out, or fine-tune")
    if filled.head == "attention" and filled.strategy == "feature-extraction":
        raise InputError(
            "head is 'attention' and strategy is 'feature-extraction': it reads maps, of which embeddings keep none; "
            "take fine-tuning or scratch"
        )
    class_balance.check(filled, dataset)
    notes += class_balance.silent_classes(dataset)
    cut = cut_off(sampled_sizes(dataset)) if filled.fit == "crop" else None
    notes += (cut.sentence,) if cut is not None else ()
    if filled.recipe.compile and not any(shutil.which(name) for name in ("c++", "g++", "clang++", "cl")):
        raise InputError("recipe.compile is true: torch.compile needs a C++ compiler, and there is none; leave it out")
    if filled.recipe.batch_size > train_items:
        notes.append(
            f"The batch size is lowered from {filled.recipe.batch_size} to {train_items}, the training images."
        )
        filled = filled.changed(recipe={"batch_size": train_items})
    check_cached_views(filled)
    if filled.strategy == "feature-extraction" and filled.recipe.views > 1:
        notes.append(embedded_views(filled, train_items))
    if not len(dataset.splits.get("test", ())):
        notes.append(
            "The data has no test split: there is no test account, only validation, which chose the best epoch."
        )
    policy = policies.policy(filled.recipe.augmentation)
    return Resolved(filled, dataset, row, source, gpu, policy, tuple(notes))


def with_network(
    config: RunConfig, dataset: ImageDataset, source: WeightsSource | None
) -> tuple[NetworkConfig, list[str]]:
    """The configuration with a network: the one that was asked for, else the one that suits the data, and why."""
    if config.architecture is not None:
        return with_name(config), []
    if source is not None:
        raise InputError(
            f"architecture is missing: weights is {source.name!r}, a file that does not say of which network it is; "
            "name the network"
        )
    if config.options:
        raise InputError(
            f"options is {_in_words(config.options)}: options belong to a network; name the architecture too"
        )
    suited = default_network(dataset, strategy=config.strategy, weights=config.weights)
    return with_name(config.changed(architecture=suited.name)), [suited.why]


def inherit(config: RunConfig, source: WeightsSource | None) -> RunConfig:
    """The configuration with what a source decides: options and image size of the run, and fine-tuning by default.

    Raises InputError where the run is of another network.
    """
    if source is None:
        return config
    recipe: dict[str, object] = {}
    values: dict[str, object] = {"weights": str(source.folder or source.path)}
    if config.strategy is None:
        values["strategy"] = "fine-tuning"
    if spec := source.spec:
        for name, mine, theirs in (
            ("architecture", config.architecture, spec.architecture),
            ("options", config.options, spec.options),
        ):
            if mine and mine != theirs:
                known = f"{source.name} has {_in_words(theirs)}"
                raise InputError(f"{name} is {_in_words(mine)}: {known}; take the same, or other weights")
        values["architecture"], values["options"] = spec.architecture, spec.options
        if config.recipe.image_size is None:
            recipe["image_size"] = spec.preprocess.size
    return config.changed(recipe=recipe, **values)


def _in_words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={option}" for key, option in value.items()) or "no options"
    return str(value)


def fill(config: NetworkConfig, facts: Facts) -> ResolvedConfig:
    """Every None replaced by a default that suits data and device; what was given stays.

    Batches of 16 are the fastest for photos on a CPU: larger ones lose to page faults.
    """
    recipe = config.recipe
    strategy = config.strategy or ("feature-extraction" if facts.pretrained and config.weights != "none" else "scratch")
    weights = config.weights or ("none" if strategy == "scratch" else "default")
    image_size = recipe.image_size or _image_size(facts, weights)
    small = image_size <= 64
    if strategy == "feature-extraction":
        epochs, batch_size = 100, 256 if config.head != "logistic" and facts.train_items >= 2048 else 64
        learning_rate, augmentation = 1e-3, "none" if recipe.views == 1 else "basic"
    elif strategy == "scratch":
        epochs = (25 if facts.train_items <= FEW else 15) if small else 30
        batch_size = _small_batch(facts) if small else (64 if facts.gpu else 16)
        learning_rate, augmentation = (_small_rate(batch_size), _small_policy(facts)) if small else (1e-3, "basic")
        if small and facts.small_color and facts.train_items <= FEW:
            batch_size, learning_rate = _FEW_IN_COLOR
    else:
        # Of some thousand photos six epochs were as good on validation as eight (docs/transfer.md).
        epochs = (8 if facts.train_items <= 2 * FEW else 6) if strategy == "fine-tuning" else 10
        batch_size = 64 if facts.gpu or small else 16
        learning_rate, augmentation = 1e-3, _photo_policy(facts)
    if recipe.optimizer == "sgd" and strategy != "feature-extraction":
        learning_rate *= 25  # the usual ratio between SGD with momentum and Adam
    learning_rate = recipe.learning_rate or learning_rate
    from_scratch = strategy in ("scratch", "feature-extraction")
    backbone_share = 1.0 if from_scratch else 0.5 if facts.batch_normalized else 0.1
    groups = {"scratch": 0, "feature-extraction": 1}.get(strategy, 3)  # the head and two stages: most of the gain
    chosen = {
        "epochs": recipe.epochs or epochs,
        "batch_size": recipe.batch_size or batch_size,
        "image_size": image_size,
        "learning_rate": learning_rate,
        "augmentation": recipe.augmentation or augmentation,
        "trainable_groups": groups if recipe.trainable_groups is None else recipe.trainable_groups,
        "backbone_learning_rate": recipe.backbone_learning_rate or learning_rate * backbone_share,
        "cached_views": recipe.cached_views or 0,
        "freeze_batch_norm": not from_scratch if recipe.freeze_batch_norm is None else recipe.freeze_batch_norm,
    }
    stored = config.model_dump()
    return ResolvedConfig.model_validate(
        {**stored, "strategy": strategy, "weights": weights, "recipe": {**stored["recipe"], **chosen}}
    )


def _image_size(facts: Facts, weights: str) -> int:
    """The weights' own side; without weights the pictures' side, between 32 and what the network usually takes."""
    if weights != "none":
        return facts.native_image
    least = max(facts.smallest_image, min(32, facts.native_image))
    return -(-max(least, min(facts.side, facts.native_image)) // facts.multiple) * facts.multiple


def _photo_policy(facts: Facts) -> Policy:
    """Of a pretrained network. Photos of several labels are cut less: a label's object may lie at the edge."""
    if facts.digits_like or facts.side <= 64:
        return "none"
    return "basic" if facts.task == "multi-label" else "photos"


def _small_policy(facts: Facts) -> Policy:
    """Few pictures are learned by heart unless they are mirrored and moved a little, or as digits moved and turned.

    Plenty of them are learned faster as they are.
    """
    if facts.train_items >= 10_000:
        return "none"
    return "digits" if facts.digits_like else "small"


def _small_batch(facts: Facts) -> int:
    """Few pictures need small batches, for the steps that an epoch has."""
    if facts.train_items <= FEW:
        return 16
    if facts.train_items <= 2_000:
        return 32
    return 128 if facts.gpu and facts.train_items > 20_000 else 64


def _small_rate(batch_size: int) -> float:
    """0.002 at batches of 32; with the root of the batch beyond, as suits Adam (Malladi et al. 2022), with it below."""
    share = batch_size / 32
    return round(2e-3 * (share if share < 1 else share**0.5), 4)


def check(dataset: ImageDataset) -> None:
    """Refuse data that nothing can be learned from."""
    for split in ("train", "validation"):
        if not len(dataset.splits.get(split, ())):
            raise InputError(
                f"{dataset.name} has no readable images in its {split} split: add some, or name another split"
            )
    if dataset.task.kind != "multi-label" and np.count_nonzero(dataset.counts("train")) < 2:
        raise InputError(f"{dataset.name} has one class in its train split: a classifier needs at least two")
