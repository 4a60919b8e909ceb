"""ImageDataset: named items, their targets and three splits; and how splits are drawn."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np

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

    def __post_init__(self) -> None:
        for split in self.splits:
            if split not in SPLITS:
                raise unknown("split", split, SPLITS)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.task.classes

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

    def side(self) -> int:
        """The pictures' usual shorter side in pixels: of an array its own, of files the median of up to 64 headers."""
        if self.pixels is not None:
            return int(min(self.pixels.shape[1:3]))
        from clfcore.data.pixels import image_size

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
            return "; ".join(name for name, there in zip(self.classes, target, strict=True) if there) or "no label"
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


def strata(task: Task, targets: np.ndarray) -> np.ndarray:
    """What draws are stratified by, N integers: the finest class; of multi-label the combination of labels.

    A combination too rare to stand in each split goes with its rarest label.
    """
    if task.kind != "multi-label":
        return targets if targets.ndim == 1 else targets[:, -1]
    _, combination, counts = np.unique(targets, axis=0, return_inverse=True, return_counts=True)
    combination = combination.reshape(-1)
    frequency = targets.sum(axis=0)
    rarest = np.where(targets > 0, frequency, len(targets) + 1).argmin(axis=1)  # N
    return np.where(counts[combination] >= 7, combination, len(counts) + rarest)


def draw_splits(
    strata: np.ndarray,
    seed: int,
    *,
    groups: tuple[str, ...] | None = None,
    given: Mapping[Split, np.ndarray] | None = None,
) -> tuple[dict[Split, np.ndarray], tuple[Split, ...]]:
    """Complete the splits of N items: 70/15/15, stratified and seeded; what is given is never redrawn.

    strata: N integers (a class, or a combination of labels). With nothing given all three are drawn; with train and
    test, validation is drawn from train (15 parts of 85); with train and validation nothing is: there is no test.
    Returns the splits, as sorted int64 indices, and the names of those drawn. Raises InputError where train is absent.
    """
    splits = {name: np.sort(np.asarray(chosen, np.int64)) for name, chosen in (given or {}).items() if len(chosen)}
    if splits and "train" not in splits:
        raise InputError(
            f"the data has {' and '.join(splits)} but no train split: "
            "add a train folder, or name train in the split column"
        )
    if not splits:
        rest, test = _part(np.arange(len(strata)), strata, 0.15, seed, groups)
        train, validation = _part(rest, strata, 0.15 / 0.85, seed + 1, groups)
        return {"train": train, "validation": validation, "test": test}, SPLITS
    if "validation" not in splits:
        train, validation = _part(splits["train"], strata, 0.15 / 0.85, seed, groups)
        return {**splits, "train": train, "validation": validation}, ("validation",)
    return splits, ()


def _part(
    items: np.ndarray, strata: np.ndarray, fraction: float, seed: int, groups: tuple[str, ...] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Split `items` in two, the second with about `fraction` of each stratum; groups stay whole."""
    generator = np.random.default_rng(seed)
    taken: list[int] = []
    if groups is None:
        for stratum in np.unique(strata[items]):
            members = generator.permutation(items[strata[items] == stratum])
            # At least one of each class is judged, but never at the price of the last one to learn from.
            count = min(max(round(len(members) * fraction), 1), len(members) - 1)
            taken.extend(members[:count].tolist())
    else:
        taken = _whole_groups(items, strata, fraction, generator, groups)
    second = np.sort(np.asarray(taken, dtype=np.int64))
    return np.setdiff1d(items, second), second


def _whole_groups(
    items: np.ndarray, strata: np.ndarray, fraction: float, generator: np.random.Generator, groups: tuple[str, ...]
) -> list[int]:
    """Greedy: groups in random order, each taken where it brings the strata nearer to their wanted counts."""
    _, stratum = np.unique(strata[items], return_inverse=True)
    wanted = np.bincount(stratum) * fraction
    members: dict[str, list[int]] = {}
    for place, item in enumerate(items.tolist()):
        members.setdefault(groups[item], []).append(place)
    order = [list(members)[i] for i in generator.permutation(len(members))]
    have, taken = np.zeros_like(wanted), []
    for name in order[: len(order) - 1]:  # the last group stays, so that something is left to learn from
        add = np.bincount(stratum[members[name]], minlength=len(wanted))
        if np.abs(wanted - have - add).sum() < np.abs(wanted - have).sum():
            have, taken = have + add, taken + [int(items[place]) for place in members[name]]
    return taken
