"""One item of a dataset: its place in its split, its truth and its file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clfcore.data.dataset import ImageDataset, Split
from clfcore.errors import InputError, nearest


@dataclass(frozen=True)
class ItemRecord:
    """An item of a dataset.

    place, of: where it stands in its split, from 1, and how many that has; split: None where it is in none. truth: its
    label in words, of a hierarchy the whole path; labels: its classes of the finest level. path: None of an array.
    """

    id: str
    index: int
    split: Split | None
    place: int
    of: int
    truth: str
    labels: tuple[str, ...]
    path: Path | None

    @property
    def position(self) -> str:
        """Its place in words: `test, 17 of 372`."""
        return f"{self.split}, {self.place:,} of {self.of:,}" if self.split else "in no split"


def item_record(dataset: ImageDataset, item: str) -> ItemRecord:
    """An item by its id. Raises InputError where the data has none of that id."""
    if item not in dataset.ids:
        near = nearest(item, dataset.ids[:2000])
        raise InputError(f"{item} is not in {dataset.name}{near}: its file was removed, renamed or is unreadable")
    index = dataset.ids.index(item)
    split, place, of = _place(dataset, index)
    path = None if dataset.paths is None else dataset.paths[index]
    return ItemRecord(item, index, split, place, of, dataset.label(index), _labels(dataset, index), path)


def _place(dataset: ImageDataset, index: int) -> tuple[Split | None, int, int]:
    for split, chosen in dataset.splits.items():
        places = np.flatnonzero(chosen == index)
        if len(places):
            return split, int(places[0]) + 1, len(chosen)
    return None, 0, 0


def _labels(dataset: ImageDataset, index: int) -> tuple[str, ...]:
    if not dataset.labeled:
        return ()
    if dataset.task.kind == "multi-label":
        return tuple(dataset.classes[i] for i in np.flatnonzero(dataset.targets[index]))
    return (dataset.finest_label(index),)
