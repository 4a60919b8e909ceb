"""Splits and folds of a tree: which of its folders are train, validation, test or folds, and where classes stand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

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
    """What a tree was taken for. root: where ids start; ignored: folders of which nothing is taken."""

    root: str
    items: tuple[Item, ...]
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = ()

    def saying(self, problem: Problem) -> "Layout":
        return replace(self, problems=(*self.problems, problem))


@dataclass(frozen=True)
class Part:
    """A folder of class folders, and its split."""

    folder: Folder
    split: Split | None


def find_parts(walk: Walk, root: Folder, asked: Reading) -> tuple[list[Part], Layout]:
    """The folders of class folders, and what is said of how they were found."""
    layout = Layout(root.path, ())
    folders = root.folders
    splits = _split_folders(walk, folders, asked)
    if splits:
        ignored = [folder for folder in folders if folder.name not in splits]
        layout = _ignoring(layout, ignored, "stands beside train and is left out")
        odd = [name for name in splits if name.lower() not in SPLIT_NAMES]
        twice = len(set(splits.values())) < len(splits)
        if odd or twice:
            layout = layout.saying(_taken(splits))
        order = [folder for folder in folders if folder.name in splits]
        order.sort(key=lambda folder: SPLITS.index(splits[folder.name]))
        return [Part(folder, splits[folder.name]) for folder in order], layout
    folds = {folder.name: fold_of(folder.name) for folder in folders if folder.count()}
    if len(folds) > 1 and None not in folds.values() and "outer" not in asked:
        return _folds(walk, folders, {name: int(n) for name, n in folds.items() if n is not None}, layout, asked)
    if "outer" in asked or "nested" in asked or "inner" in asked:
        return [Part(root, None)], layout
    within = [child for child in folders if _holds_splits(child)]
    if len(within) > 1:
        raise AmbiguousData(
            f"{root.path} holds {len(within)} folders with splits of their own",
            [choice_of_folder(child) for child in within[:OFFERED]],
        )
    if within:
        rest = [child for child in folders if child is not within[0] and child.count()]
        layout = _ignoring(layout, rest, f"stands beside {within[0].name}, which has the splits, and is left out")
        parts, inner = find_parts(walk, within[0], asked)
        return parts, replace(inner, root=root.path, problems=layout.problems + inner.problems, ignored=layout.ignored)
    return [Part(root, None)], layout


def _taken(splits: dict[str, Split]) -> Problem:
    said = ", ".join(f"{name} as {split}" for name, split in splits.items())
    return Problem("reading", next(iter(splits)), f"read as splits: {said}")


def _ignoring(layout: Layout, folders: Sequence[Folder], why: str) -> Layout:
    said = [Problem("ignored-folder", folder.name, f"{folder.name} {why}") for folder in folders]
    ignored = (*layout.ignored, *(folder.path for folder in folders))
    return replace(layout, problems=(*layout.problems, *said), ignored=ignored)


def _split_folders(walk: Walk, folders: Sequence[Folder], asked: Reading) -> dict[str, Split]:
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
        if "outer" in asked:
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
    walk: Walk, folders: Sequence[Folder], folds: dict[str, int], layout: Layout, asked: Reading
) -> tuple[list[Part], Layout]:
    mine = [folder for folder in folders if folder.name in folds]
    for folder in mine:
        walk.follow(folder)
    if any(_holds_splits(folder) for folder in mine):
        raise AmbiguousData(
            f"{layout.root} holds {len(mine)} folds with splits of their own",
            [choice_of_folder(folder) for folder in mine[:OFFERED]],
        )
    if not any(_full(folder) for folder in mine):
        raise AmbiguousData(
            f"{' and '.join(sorted(folds))} are names of folds, and no class folders are in them",
            [
                Choice(
                    "these very folders are the classes",
                    tuple(sorted(folds)),
                    sum(folder.count() for folder in mine),
                    asks="outer",
                )
            ],
        )
    splits = splits_of_folds(folds.values())
    if "pooled" in asked:
        said = Problem("reading", mine[0].name, f"{len(mine)} folds are read as one set")
        return [Part(folder, None) for folder in mine], layout.saying(said)
    taken = {name: splits[number] for name, number in folds.items()}
    layout = layout.saying(_taken(taken)).saying(
        Problem("reading", mine[0].name, "folds stay whole; the reading `pooled` takes them as one set instead")
    )
    order = sorted(mine, key=lambda folder: SPLITS.index(taken[folder.name]))
    return [Part(folder, taken[folder.name]) for folder in order], layout
