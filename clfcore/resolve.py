"""What a configuration leaves open, chosen for the data, the network and the device."""

from dataclasses import dataclass

from clfcore.config import Policy, RunConfig
from clfcore.task import TaskKind

FEW = 1_000  # training pictures up to which an epoch is a short one


@dataclass(frozen=True)
class Facts:
    """What `fill` needs to know of the data, the network and the device; sides in pixels."""

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


def fill(config: RunConfig, facts: Facts) -> RunConfig:
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
    else:
        epochs = 8 if strategy == "fine-tuning" else 10
        batch_size = 64 if facts.gpu or small else 16
        learning_rate, augmentation = 1e-3, ("none" if facts.digits_like or facts.side <= 64 else "basic")
    if recipe.optimizer == "sgd" and strategy != "feature-extraction":
        learning_rate *= 25  # the usual ratio between SGD with momentum and Adam
    learning_rate = recipe.learning_rate or learning_rate
    from_scratch = strategy in ("scratch", "feature-extraction")
    groups = {"scratch": 0, "feature-extraction": 1}.get(strategy, 3)  # the head and two stages: most of the gain
    chosen = {
        "epochs": recipe.epochs or epochs,
        "batch_size": recipe.batch_size or batch_size,
        "image_size": image_size,
        "learning_rate": learning_rate,
        "augmentation": recipe.augmentation or augmentation,
        "trainable_groups": groups if recipe.trainable_groups is None else recipe.trainable_groups,
        "backbone_learning_rate": recipe.backbone_learning_rate or learning_rate / (1 if from_scratch else 10),
        "freeze_batch_norm": not from_scratch if recipe.freeze_batch_norm is None else recipe.freeze_batch_norm,
    }
    return config.changed(strategy=strategy, weights=weights, recipe=chosen)


def _image_size(facts: Facts, weights: str) -> int:
    """The weights' own side; without weights the pictures' side, between 32 and what the network usually takes."""
    if weights != "none":
        return facts.native_image
    least = max(facts.smallest_image, min(32, facts.native_image))
    return -(-max(least, min(facts.side, facts.native_image)) // facts.multiple) * facts.multiple


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
