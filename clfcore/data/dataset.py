"""ImageDataset: named items, their targets and three splits."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from clfcore.data.fingerprints import fingerprints
from clfcore.data.image_file import image_size
from clfcore.errors import InputError, unknown
from clfcore.task import Task

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True)
class Problem:
    """Something found wrong with a dataset: its kind, the item or class, and a sentence."""

    kind: str
    item: str
    message: str


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """Named items with their targets, in up to three splits.

    ids: N unique strings; targets: see `Task`; splits: name -> int64 indices, disjoint. The pictures are files
    (`paths`) or an array (`pixels`, N x H x W x 3 or x 1, uint8). masks: N x H x W bool, of `shapes` only. groups: N
    strings; a group never stands in two splits. drawn: the splits that the lab drew because the data did not give them.
    """

    name: str
    task: Task
    ids: tuple[str, ...]
    targets: np.ndarray
    splits: Mapping[Split, np.ndarray]
    paths: tuple[Path, ...] | None = None
    pixels: np.ndarray | None = None
    masks: np.ndarray | None = None
    groups: tuple[str, ...] | None = None
    drawn: tuple[Split, ...] = ()
    problems: tuple[Problem, ...] = field(default=())
    digits_like: bool = False  # a flip would change the class
    value_range: tuple[float, float] | None = None  # of pictures of more than 8 bits, once they are read: black, white

    def __post_init__(self) -> None:
        for split in self.splits:
            if split not in SPLITS:
                raise unknown("split", split, SPLITS)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.task.classes

    @cached_property
    def contents(self) -> tuple[str, ...]:
        """A content fingerprint an item: equal where pictures are equal, whatever they are called."""
        return fingerprints(self.paths or () if self.pixels is None else self.pixels)

    def sizes(self) -> dict[str, int]:
        """Items per split, the three names always present."""
        return {split: len(self.splits.get(split, ())) for split in SPLITS}

    def counts(self, split: Split | None = None) -> np.ndarray:
        """Items per class of the finest level, C int64, in one split or in all."""
        targets = self.targets if split is None else self.targets[self.splits.get(split, np.empty(0, np.int64))]
        if self.task.kind == "multi-label":
            return targets.sum(axis=0).astype(np.int64)
        finest = targets if targets.ndim == 1 else targets[:, -1]
        return np.bincount(finest, minlength=len(self.classes))

    def having(self, name: str) -> np.ndarray:
        """Which items are of a class of the finest level, or bear a label, N bool. Raises ValueError where unknown."""
        at = self.classes.index(name)
        if self.task.kind == "multi-label":
            return self.targets[:, at] > 0
        return (self.targets if self.targets.ndim == 1 else self.targets[:, -1]) == at

    def side(self) -> int:
        """The pictures' usual shorter side in pixels: of an array its own, of files the median of up to 64 headers."""
        if self.pixels is not None:
            return int(min(self.pixels.shape[1:3]))
        found = []
        for i in np.unique(np.linspace(0, len(self) - 1, 64).astype(int)):
            with contextlib.suppress(InputError):  # unreadable files are told of by the checks
                found.append(min(image_size(self.paths[i])))
        if not found:
            raise InputError(f"{self.name} has no readable images: check the files")
        return int(np.median(found))

    def label(self, index: int) -> str:
        """The truth of one item in words: `cat`, `cat; dog` or `animal / cat`."""
        target = self.targets[index]
        if self.task.kind == "single-label":
            return self.classes[int(target)]
        if self.task.kind == "multi-label":
            return "; ".join(self.classes[i] for i in np.flatnonzero(target)) or "no label"
        return " / ".join(level.classes[int(t)] for level, t in zip(self.task.levels, target, strict=True))

    def without(self, indices: list[int], problems: tuple[Problem, ...] = ()) -> "ImageDataset":
        """The dataset less some items (unreadable ones), with what was found added to its problems."""
        keep = np.setdiff1d(np.arange(len(self)), np.asarray(indices, dtype=np.int64))
        place = np.full(len(self), -1, dtype=np.int64)
        place[keep] = np.arange(len(keep))
        kept = {split: place[chosen][place[chosen] >= 0] for split, chosen in self.splits.items()}
        return replace(
            self,
            ids=tuple(self.ids[i] for i in keep),
            targets=self.targets[keep],
            splits=kept,
            paths=None if self.paths is None else tuple(self.paths[i] for i in keep),
            pixels=None if self.pixels is None else self.pixels[keep],
            masks=None if self.masks is None else self.masks[keep],
            groups=None if self.groups is None else tuple(self.groups[i] for i in keep),
            problems=self.problems + problems,
        )
