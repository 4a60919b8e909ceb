"""Splits and folds of a tree: which of its folders are train, validation, test or folds, and where classes stand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from clfcore.data.dataset import SPLITS, Problem, Split
from clfcore.data.importers.readings import AmbiguousData, Choice, Reading
from clfcore.data.importers.split_names import SPLIT_NAMES, fold_of, splits_of, splits_of_folds
from clfcore.data.importers.walk import Folder, Walk

OFFERED = 6  # subfolders that are offered as data of their own


@dataclass(frozen=True)
class Item:
    """A picture: its path, the folders it stands in from its class downwards, and its split where one is given."""

    path: str
    labels: tuple[str, ...]
    split: Split | None = None


@dataclass(frozen=True)
class Layout:
    """Layout of a tree of folders. root: where ids start; ignored: folders of which nothing is used."""

    root: str
    items: tuple[Item, ...]
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = ()

    def noting(self, problem: Problem) -> "Layout":
        return replace(self, problems=(*self.problems, problem))


@dataclass(frozen=True)
class Part:
    """A folder of class folders, and its split."""

    folder: Folder
    split: Split | None


class LayoutParts(NamedTuple):
    """Parts of a tree, and the layout so far: its root, notes and ignored folders, no items yet."""

    parts: list[Part]
    layout: Layout


def find_parts(walk: Walk, root: Folder, reading: Reading) -> LayoutParts:
    """The folders of class folders. Raises AmbiguousData where several readings are possible and none is asked for."""
    layout = Layout(root.path, ())
    folders = root.folders
    splits = _split_folders(walk, folders, reading)
    if splits:
        ignored = [folder for folder in folders if folder.name not in splits]
        layout = _ignoring(layout, ignored, "stands beside train and is left out")
        odd = [name for name in splits if name.lower() not in SPLIT_NAMES]
        twice = len(set(splits.values())) < len(splits)
        if odd or twice:
            layout = layout.noting(_taken(splits))
        order = [folder for folder in folders if folder.name in splits]
        order.sort(key=lambda folder: SPLITS.index(splits[folder.name]))
        return LayoutParts([Part(folder, splits[folder.name]) for folder in order], layout)
    folds = {folder.name: fold_of(folder.name) for folder in folders if folder.count()}
    if len(folds) > 1 and None not in folds.values() and "outer" not in reading:
        numbers = {name: number for name, number in folds.items() if number is not None}
        mine = [folder for folder in folders if folder.name in numbers]
        return _folds(walk, mine, numbers=numbers, layout=layout, reading=reading)
    if "outer" in reading or "nested" in reading or "inner" in reading:
        return LayoutParts([Part(root, None)], layout)
    within = [child for child in folders if _holds_splits(child)]
    if len(within) > 1:
        raise AmbiguousData(
            f"{root.path} holds {len(within)} folders with splits of their own",
            [choice_of_folder(child) for child in within[:OFFERED]],
        )
    if within:
        rest = [child for child in folders if child is not within[0] and child.count()]
        layout = _ignoring(layout, rest, f"stands beside {within[0].name}, which has the splits, and is left out")
        parts, inner = find_parts(walk, within[0], reading)
        notes = layout.problems + inner.problems
        return LayoutParts(parts, replace(inner, root=root.path, problems=notes, ignored=layout.ignored))
    return LayoutParts([Part(root, None)], layout)


def _taken(splits: dict[str, Split]) -> Problem:
    listed = ", ".join(f"{name} as {split}" for name, split in splits.items())
    return Problem("reading", next(iter(splits)), f"read as splits: {listed}")


def _ignoring(layout: Layout, folders: Sequence[Folder], why: str) -> Layout:
    notes = [Problem("ignored-folder", folder.name, f"{folder.name} {why}") for folder in folders]
    ignored = (*layout.ignored, *(folder.path for folder in folders))
    return replace(layout, problems=(*layout.problems, *notes), ignored=ignored)


def _split_folders(walk: Walk, folders: Sequence[Folder], reading: Reading) -> dict[str, Split]:
    """The folders that are splits; none where the folders are classes.

    A folder `train` among others is a split where it holds folders, and a class (cars, planes, trains) where pictures.
    Raises AmbiguousData where all are named as splits and have no classes.
    """
    named = splits_of(folder.name for folder in folders if folder.count() or folder.links)
    if not named:
        return {}
    mine = [folder for folder in folders if folder.name in named]
    for folder in mine:
        walk.follow(folder)
    train = [folder for folder in mine if named[folder.name] == "train"]
    holds_classes = any(_full(folder) and not folder.pictures for folder in train)
    all_named = len(named) == sum(1 for folder in folders if folder.count())
    if not all_named and not holds_classes:
        return {}
    if all_named and len(named) > 1 and not any(_full(folder) for folder in mine):
        if "outer" in reading:
            return {}
        names = " and ".join(sorted(named))
        classes = tuple(sorted(named))
        pictures = sum(folder.count() for folder in mine)
        raise AmbiguousData(
            f"{names} are names of splits, and no class folders are in them: put the pictures of each class into a "
            "folder there, or say that these are the classes",
            [Choice("these very folders are the classes", classes, pictures, asks="outer")],
        )
    return named


def _full(folder: Folder) -> list[Folder]:
    return [child for child in folder.folders if child.count()]


def _holds_splits(folder: Folder) -> bool:
    """Whether a folder has a train folder of class folders, and another split beside it."""
    named = splits_of(child.name for child in folder.folders if child.count())
    holding = [child for child in folder.folders if child.name in named and _full(child) and not child.pictures]
    return len(holding) > 1 and any(named[child.name] == "train" for child in holding)


def choice_of_folder(folder: Folder) -> Choice:
    """The choice of one folder as the whole of the data."""
    inner = folder.folders
    named = splits_of(child.name for child in inner if child.count())
    if named:
        inner = [child for part in inner if part.name in named for child in part.folders]
    classes = tuple(sorted({child.name for child in inner if child.count()}))
    return Choice("", classes, folder.count(), place=Path(folder.path))


def _folds(
    walk: Walk, mine: Sequence[Folder], *, numbers: dict[str, int], layout: Layout, reading: Reading
) -> LayoutParts:
    """The parts of a tree of folds. numbers: of each fold by its folder's name."""
    for folder in mine:
        walk.follow(folder)
    if any(_holds_splits(folder) for folder in mine):
        raise AmbiguousData(
            f"{layout.root} holds {len(mine)} folds with splits of their own",
            [choice_of_folder(folder) for folder in mine[:OFFERED]],
        )
    if not any(_full(folder) for folder in mine):
        raise AmbiguousData(
            f"{' and '.join(sorted(numbers))} are names of folds, and no class folders are in them",
            [
                Choice(
                    "these very folders are the classes",
                    tuple(sorted(numbers)),
                    sum(folder.count() for folder in mine),
                    asks="outer",
                )
            ],
        )
    splits = splits_of_folds(numbers.values())
    if "pooled" in reading:
        note = Problem("reading", mine[0].name, f"{len(mine)} folds are read as one set")
        return LayoutParts([Part(folder, None) for folder in mine], layout.noting(note))
    taken = {name: splits[number] for name, number in numbers.items()}
    layout = layout.noting(_taken(taken)).noting(
        Problem("reading", mine[0].name, "folds stay whole; the reading `pooled` takes them as one set instead")
    )
    order = sorted(mine, key=lambda folder: SPLITS.index(taken[folder.name]))
    return LayoutParts([Part(folder, taken[folder.name]) for folder in order], layout)
