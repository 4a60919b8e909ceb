"""Augmented views of one picture, of a dataset or of a file: what the Augmentations page shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from clfcore.augment import previews
from clfcore.augment.policy import Policy
from clfcore.augment.train_test_resolution import at_training_scale
from clfcore.data.bit_depth import to_bytes
from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset
from clfcore.data.pixels import Preprocess, read_image
from clfcore.data.value_ranges import shown_range
from clfcore.errors import InputError


@dataclass(frozen=True, eq=False)
class PolicyPreview:
    """n x S x S x C uint8 pictures and a caption for each, the original first."""

    name: str
    pictures: np.ndarray
    captions: tuple[str, ...]


def usual_preprocess(side: int, channels: int, size: int | None = None) -> Preprocess:
    """The square of a network for pictures of `side` pixels, where no network is chosen yet.

    As networks for photos have it, evaluation sees the middle 7/8 of what is kept, beyond 64 pixels.
    """
    size = size or min(224, max(28, side))
    values = (0.5,) * channels
    return Preprocess(size, crop_fraction=0.875 if size > 64 else 1.0, mean=values, deviation=values)


def stored_pictures(dataset: ImageDataset, preprocess: Preprocess, *, places: Sequence[int]) -> np.ndarray:
    """N x S x S x C: pictures of the training split by their places from 0, as the cache keeps them for training."""
    items = dataset.splits["train"][list(places)].tolist()
    pictures = (dataset.image(item, least_side=preprocess.stored_side) for item in items)
    return np.stack([preprocess.stored(picture) for picture in pictures])


def file_previews(
    policy: Policy,
    *,
    image: Path | None = None,
    data: str | None = None,
    place: int = 1,
    size: int | None = None,
    seed: int = 0,
    epoch: int = 1,
    count: int = 16,
    steps: bool = False,
) -> PolicyPreview:
    """The original and `count` views, of the epochs from `epoch` on; or with `steps` one view after every step.

    image: a file; or data and place: the picture of the training split, from 1. Raises InputError for what is out of
    range, and where neither or both are named.
    """
    if image is not None and data is not None:
        raise InputError("name either an image or data to take a picture from, one of the two")
    limits = (("count", count, 1, 48), ("epoch", epoch, 1, 10_000), ("size", size or 224, 8, 1024))
    for name, value, low, high in limits:
        if not low <= value <= high:
            raise InputError(f"{name} is {value}: it must be from {low} to {high}")
    index, values = 0, None
    if image is not None:
        pixels, name = read_image(image), image.name
    elif data is not None:
        dataset = open_dataset(data)
        train = dataset.splits["train"]
        if not 1 <= place <= len(train):
            raise InputError(f"place is {place}: {data} has pictures 1 to {len(train):,} in its training split")
        index, item = place - 1, int(train[place - 1])
        pixels, name, values = dataset.image(item), dataset.ids[item], shown_range(dataset)
    else:
        raise InputError("name either an image or data to take a picture from, one of the two")
    usual = replace(usual_preprocess(min(pixels.shape[:2]), pixels.shape[-1], size), value_range=values)
    preprocess = at_training_scale(policy, usual)
    stored, size, mean = preprocess.stored(pixels), preprocess.size, preprocess.mean
    original = preprocess.center(stored[None])
    if steps:
        strip = previews.step_strip(policy, stored, size=size, seed=seed, epoch=epoch, index=index, mean=mean)
        views = [view for view in strip[1:] if view.pixels.shape[0] == size]
        after = np.stack([original[0], *(view.pixels for view in views)])
        return PolicyPreview(name, to_bytes(after), ("original", *(f"{view.title}: {view.text}" for view in views)))
    augmented = previews.policy_views(
        policy, stored, size=size, seed=seed, epoch=epoch, index=index, count=count, mean=mean
    )
    captions = tuple(f"epoch {epoch + i}" for i in range(count))
    return PolicyPreview(name, to_bytes(np.concatenate([original, augmented])), ("original", *captions))
