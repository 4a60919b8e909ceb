"""A configuration filled for its data, its network and the device, before torch is imported or an image decoded."""

import shutil

import numpy as np

from clfcore.architectures.catalogue import check_side, configured, weights_at_hand
from clfcore.config import RunConfig
from clfcore.data.aspect import cut_off, sampled_sizes
from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset
from clfcore.errors import InputError
from clfcore.resolve import Facts, fill
from clfcore.runs.run_data import continue_split
from clfcore.runs.starting_weights import inherit, source_of
from clfcore.training import class_balance


def outline(
    config: RunConfig, *, dataset: ImageDataset | None = None, gpu: bool | None = None, resumed: bool = False
) -> tuple[RunConfig, ImageDataset, tuple[str, ...]]:
    """The filled configuration, the dataset (nothing decoded) and notes for the user.

    dataset: what `config.data` opens as, where the caller has it; resumed: it is in its run's own split already. gpu:
    whether there is one; None: as the driver says. Raises InputError as `train` would.
    """
    row, _ = configured(config.architecture, config.options)
    source = source_of(config.weights, row)
    config = inherit(config, source)
    if dataset is None:
        dataset = open_dataset(config.data, split_seed=config.split_seed)
    notes: list[str] = []
    if source is not None and source.run is not None and not resumed:
        known = continue_split(dataset, source.run, seed=config.split_seed)
        dataset = known.dataset
        notes += known.notes
    check(dataset)
    train_items = len(dataset.splits["train"])
    facts = Facts(
        task=dataset.task.kind,
        train_items=train_items,
        classes=len(dataset.classes),
        side=dataset.side(),
        digits_like=dataset.digits_like,
        smallest_image=row.smallest_image,
        native_image=row.native_image,
        pretrained=source is not None or weights_at_hand(config.architecture),
        multiple=row.multiple,
        gpu=_gpu(config.recipe.device) if gpu is None else gpu,
    )
    config = fill(config, facts)
    check_side(row, config.recipe.image_size)
    if config.strategy != "scratch" and config.weights == "none":
        raise InputError(
            f"weights is 'none': {config.strategy} starts from pretrained weights; use default, or the strategy scratch"
        )
    if config.strategy != "scratch" and source is None and not row.weights:
        raise InputError(
            f"strategy is {config.strategy!r}: {row.name} has no published weights to start from; take scratch, "
            "weights of your own (a run or a file), or efficientnet_lite0, whose weights are here"
        )
    if config.strategy == "scratch" and config.weights != "none":
        raise InputError(f"weights is {config.weights!r}: scratch starts from none; leave weights out, or fine-tune")
    if config.head == "attention" and config.strategy == "feature-extraction":
        raise InputError(
            "head is 'attention' and strategy is 'feature-extraction': it reads maps, of which embeddings keep none; "
            "take fine-tuning or scratch"
        )
    class_balance.check(config, dataset)
    notes += class_balance.silent_classes(dataset)
    cut = cut_off(sampled_sizes(dataset)) if config.fit == "crop" else None
    notes += (cut.sentence,) if cut is not None else ()
    if config.recipe.compile and not any(shutil.which(name) for name in ("c++", "g++", "clang++", "cl")):
        raise InputError("recipe.compile is true: torch.compile needs a C++ compiler, and there is none; leave it out")
    if config.recipe.batch_size > train_items:
        notes.append(
            f"The batch size is lowered from {config.recipe.batch_size} to {train_items}, the training images."
        )
        config = config.changed(recipe={"batch_size": train_items})
    if config.strategy == "feature-extraction" and config.recipe.views > 1:
        notes.append(_views(config, train_items))
    if not len(dataset.splits.get("test", ())):
        notes.append(
            "The data has no test split: there is no test account, only validation, which chose the best epoch."
        )
    return config, dataset, tuple(notes)


def _views(config: RunConfig, train_items: int) -> str:
    """What more views cost, in a sentence. Raises InputError where they would all be the same."""
    views = config.recipe.views
    if config.recipe.augmentation == "none":
        raise InputError(
            f"recipe.views is {views}: without augmentation all views are alike; choose a policy, or 1 view"
        )
    return (
        f"{views} views: the network sees {views * train_items:,} training images instead of {train_items:,}, once; "
        "they are kept in the cache."
    )


def check(dataset: ImageDataset) -> None:
    """Refuse data that nothing can be learned from."""
    for split in ("train", "validation"):
        if not len(dataset.splits.get(split, ())):
            raise InputError(
                f"{dataset.name} has no readable images in its {split} split: add some, or name another split"
            )
    if dataset.task.kind != "multi-label" and np.count_nonzero(dataset.counts("train")) < 2:
        raise InputError(f"{dataset.name} has one class in its train split: a classifier needs at least two")


def _gpu(device: str) -> bool:
    return device.startswith(("cuda", "mps")) or (device == "auto" and shutil.which("nvidia-smi") is not None)
