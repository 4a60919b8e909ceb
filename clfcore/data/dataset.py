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
from clfcore.data.pixels import read_image
from clfcore.errors import InputError, unknown
from clfcore.task import Task

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
NOT_LABELED = "not labeled"  # what an item without a label has in place of one


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
    imported_name: what its file or folder is called, where the library has another name for it. labeled: whether the
    items have labels; those of unlabeled ones mean nothing, so that they are in no split. added: ids of items that are
    for training alone, whatever is drawn.
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
    labeled: bool = True
    added: frozenset[str] = frozenset()
    digits_like: bool = False  # a flip would change the class
    imported_name: str = ""
    value_range: tuple[float, float] | None = None  # of pictures of more than 8 bits, once they are read: black, white

    def __post_init__(self) -> None:
        for split in self.splits:
            if split not in SPLITS:
                raise unknown("split", split, SPLITS)
        if not self.labeled and any(map(len, self.splits.values())):
            raise ValueError(f"the pictures of {self.name} have no labels: they are in no split")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.task.classes

    @property
    def files(self) -> tuple[Path, ...]:
        """The picture files. Raises ValueError where the pictures are an array."""
        if self.paths is None:
            raise ValueError(f"the pictures of {self.name} are an array, not files")
        return self.paths

    def image(self, index: int, *, least_side: int | None = None) -> np.ndarray:
        """One item's pixels, H x W x C, as `read_image` gives them; an array's as they are.

        Raises InputError where the file cannot be read.
        """
        if self.pixels is not None:
            return np.asarray(self.pixels[index])
        return read_image(self.files[index], least_side=least_side)

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
        column = self.classes.index(name)
        if self.task.kind == "multi-label":
            return self.targets[:, column] > 0
        return (self.targets if self.targets.ndim == 1 else self.targets[:, -1]) == column

    def side(self) -> int:
        """The pictures' usual shorter side in pixels: of an array its own, of files the median of up to 64 headers."""
        if self.pixels is not None:
            return int(min(self.pixels.shape[1:3]))
        sides = []
        for i in np.unique(np.linspace(0, len(self) - 1, 64).astype(int)):
            with contextlib.suppress(InputError):  # the checks report unreadable files
                sides.append(min(image_size(self.files[i])))
        if not sides:
            raise InputError(f"{self.name} has no readable images: check the files")
        return int(np.median(sides))

    def label(self, index: int) -> str:
        """The truth of one item in words: `cat`, `cat; dog` or `animal / cat`."""
        if not self.labeled:
            return NOT_LABELED
        target = self.targets[index]
        if self.task.kind == "single-label":
            return self.classes[int(target)]
        if self.task.kind == "multi-label":
            return "; ".join(self.classes[i] for i in np.flatnonzero(target)) or "no label"
        return " / ".join(level.classes[int(t)] for level, t in zip(self.task.levels, target, strict=True))

    def finest_label(self, index: int) -> str:
        """The truth of one item in words, of a hierarchy its finest class alone: `cat`."""
        if self.labeled and self.task.kind == "hierarchical":
            return self.classes[int(self.targets[index, -1])]
        return self.label(index)

    def without(self, indices: list[int], problems: tuple[Problem, ...] = ()) -> "ImageDataset":
        """The dataset without some items (unreadable ones), with `problems` added to its own."""
        remaining = np.setdiff1d(np.arange(len(self)), np.asarray(indices, dtype=np.int64))
        place = np.full(len(self), -1, dtype=np.int64)
        place[remaining] = np.arange(len(remaining))
        splits = {split: place[chosen][place[chosen] >= 0] for split, chosen in self.splits.items()}
        return replace(
            self,
            ids=tuple(self.ids[i] for i in remaining),
            targets=self.targets[remaining],
            splits=splits,
            paths=None if self.paths is None else tuple(self.paths[i] for i in remaining),
            pixels=None if self.pixels is None else self.pixels[remaining],
            masks=None if self.masks is None else self.masks[remaining],
            groups=None if self.groups is None else tuple(self.groups[i] for i in remaining),
            problems=self.problems + problems,
        )
