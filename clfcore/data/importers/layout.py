"""The layout of a tree of folders: which are classes, which are splits or folds, and what can be read in two ways."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clfcore.data.dataset import SPLITS, Problem, Split
from clfcore.data.importers.class_names import canonical, joined
from clfcore.data.importers.readings import AmbiguousData, Choice, Reading
from clfcore.data.importers.split_names import SPLIT_NAMES, fold_of, splits_of, splits_of_folds
from clfcore.data.importers.walk import Folder, Walk, relative
from clfcore.errors import InputError

OFFERED = 6  # subfolders that are offered as data of their own
FEW = 0.25  # a share of classes with folders inside, up to which these are no levels


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
class _Part:
    """A folder of class folders, and its split."""

    folder: Folder
    split: Split | None


def read_layout(walk: Walk, asked: Reading) -> Layout:
    """The layout of a walked tree, read as asked. Raises AmbiguousData where it could be another, and nothing is asked;
    InputError where splits have no classes."""
    root = _unwrapped(walk, walk.root)
    if asked.judged and root.pictures and not any(folder.count() for folder in root.folders):
        own = (canonical(Path(root.path).resolve().name),)  # the folder of one class, which has its name
        return Layout(root.path, tuple(replace(item, labels=own) for item in _items(root, None)))
    parts, layout = _parts(walk, root, asked)
    by_split = parts[0].split is not None
    where = "stands outside train, validation and test" if by_split else "stands outside the class folders"
    loose = list(root.pictures) if by_split else []
    said = [_loose(f"{root.path}{os.sep}{name}", root, where) for name in loose]
    items: list[Item] = []
    spellings: set[str] = set()
    for part in parts:
        inner = part.folder
        if by_split:
            inner = _unwrapped(walk, inner, own=True)
        walk.follow(inner)
        said += [
            _loose(f"{inner.path}{os.sep}{name}", root, "stands outside the class folders") for name in inner.pictures
        ]
        for folder in inner.folders:
            below = list(_items(folder, part.split))
            if not below:
                item = relative(folder.path, root.path)
                said.append(Problem("empty-class", item, f"{item} holds no pictures"))
            items += below
            spellings |= _names(folder)
    layout = replace(layout, items=tuple(items), problems=(*layout.problems, *said))
    layout = _inverted(_labeled(layout, parts, root, asked), asked)
    _ask_levels(layout, root, asked, alone=not by_split)
    used = {name for item in layout.items for name in item.labels}
    return replace(layout, problems=(*layout.problems, *joined(spellings, used)))


def _names(folder: Folder) -> set[str]:
    names, waiting = set(), [folder]
    while waiting:
        inside = waiting.pop()
        names.add(inside.name)
        waiting += inside.folders
    return names


def _loose(path: str, root: Folder, where: str) -> Problem:
    item = relative(path, root.path)
    return Problem("loose-image", item, f"{item} {where}: it is left out")


def _items(folder: Folder, split: Split | None) -> Iterable[Item]:
    """The pictures of a class folder and below, in the order of their paths."""
    waiting: list[tuple[Folder, tuple[str, ...]]] = [(folder, (canonical(folder.name),))]
    while waiting:
        inside, labels = waiting.pop()
        yield from (Item(f"{inside.path}{os.sep}{name}", labels, split) for name in inside.pictures)
        waiting += [(child, (*labels, canonical(child.name))) for child in reversed(inside.folders)]


def _unwrapped(walk: Walk, folder: Folder, *, own: bool = False) -> Folder:
    """The folder that has the classes or splits: archives often wrap them in one folder more.

    own: the folder is a split (`seg_train/seg_train/...`): one of its name inside is looked through, too.
    """
    while True:
        walk.follow(folder)
        full = [child for child in folder.folders if child.count() or child.links]
        if len(full) != 1 or folder.pictures:
            return folder
        inner = full[0]
        if not own and (splits_of([inner.name]) or fold_of(inner.name) is not None):
            return folder
        if inner.pictures or not (inner.folders or inner.links):
            return folder
        walk.follow(inner)
        if not any(child.count() for child in inner.folders):
            return folder
        folder = inner


def _parts(walk: Walk, root: Folder, asked: Reading) -> tuple[list[_Part], Layout]:
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
        return [_Part(folder, splits[folder.name]) for folder in order], layout
    folds = {folder.name: fold_of(folder.name) for folder in folders if folder.count()}
    if len(folds) > 1 and None not in folds.values() and "outer" not in asked:
        return _folds(walk, folders, {name: int(n) for name, n in folds.items() if n is not None}, layout, asked)
    if "outer" in asked or "nested" in asked or "inner" in asked:
        return [_Part(root, None)], layout
    within = [child for child in folders if _holds_splits(child)]
    if len(within) > 1:
        raise AmbiguousData(
            f"{root.path} holds {len(within)} folders with splits of their own",
            [_alone(child) for child in within[:OFFERED]],
        )
    if within:
        rest = [child for child in folders if child is not within[0] and child.count()]
        layout = _ignoring(layout, rest, f"stands beside {within[0].name}, which has the splits, and is left out")
        parts, inner = _parts(walk, within[0], asked)
        return parts, replace(inner, root=root.path, problems=layout.problems + inner.problems, ignored=layout.ignored)
    return [_Part(root, None)], layout


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


def _alone(folder: Folder) -> Choice:
    """The choice of one folder as the whole of the data."""
    inner = folder.folders
    named = splits_of(child.name for child in inner if child.count())
    if named:
        inner = [child for part in inner if part.name in named for child in part.folders]
    classes = tuple(sorted({child.name for child in inner if child.count()}))
    return Choice("", classes, folder.count(), folder=Path(folder.path))


def _folds(
    walk: Walk, folders: Sequence[Folder], folds: dict[str, int], layout: Layout, asked: Reading
) -> tuple[list[_Part], Layout]:
    mine = [folder for folder in folders if folder.name in folds]
    for folder in mine:
        walk.follow(folder)
    if any(_holds_splits(folder) for folder in mine):
        raise AmbiguousData(
            f"{layout.root} holds {len(mine)} folds with splits of their own",
            [_alone(folder) for folder in mine[:OFFERED]],
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
        return [_Part(folder, None) for folder in mine], layout.saying(said)
    taken = {name: splits[number] for name, number in folds.items()}
    layout = layout.saying(_taken(taken)).saying(
        Problem("reading", mine[0].name, "folds stay whole; the reading `pooled` takes them as one set instead")
    )
    order = sorted(mine, key=lambda folder: SPLITS.index(taken[folder.name]))
    return [_Part(folder, taken[folder.name]) for folder in order], layout


def _labeled(layout: Layout, parts: Sequence[_Part], root: Folder, asked: Reading) -> Layout:
    """The layout if its validation and test have classes of train; as asked, less the splits that have none."""
    if parts[0].split is None or not any(part.split == "train" for part in parts):
        return layout
    known = {item.labels[0].casefold() for item in layout.items if item.split == "train"}
    if not known:
        return layout
    bare = []
    for split in ("validation", "test"):
        mine = [part for part in parts if part.split == split]
        has = {item.labels[0].casefold() for item in layout.items if item.split == split}
        if mine and not has & known and any(part.folder.count() for part in mine):
            bare += mine
    if not bare:
        return layout
    left = tuple(item for item in layout.items if item.split not in {part.split for part in bare})
    if {item.split for item in left} == {"train"}:
        left = tuple(replace(item, split=None) for item in left)
    if "labeled-only" in asked:
        paths = tuple(part.folder.path for part in bare)
        kept = tuple(p for p in layout.problems if p.kind != "loose-image" or not _below(p.item, bare, root))
        said = [
            Problem("ignored-folder", name, f"{name} has no class folders as train has: it is left out")
            for name in (relative(part.folder.path, root.path) for part in bare)
        ]
        return replace(layout, items=left, problems=(*kept, *said), ignored=(*layout.ignored, *paths))
    some = ", ".join(sorted({item.labels[0] for item in layout.items if item.split == "train"})[:3])
    names = " and ".join(f"{part.folder.name} ({part.folder.count():,} pictures)" for part in bare)
    classes = tuple(sorted({item.labels[0] for item in left}))
    raise AmbiguousData(
        f"{root.path}: {names} {'has' if len(bare) == 1 else 'have'} no class folders as train has ({some}), so "
        "nothing could be measured there: put their pictures into folders of these names, or leave them out",
        [Choice("splits without class folders are left out", classes, len(left), asks="labeled-only")],
    )


def _below(item: str, parts: Sequence[_Part], root: Folder) -> bool:
    return any(item.startswith(relative(part.folder.path, root.path) + "/") for part in parts)


def _inverted(layout: Layout, asked: Reading) -> Layout:
    """Class folders that hold the splits (`cat/train`, `cat/test`), as class and split."""
    if given_splits(layout) or asked.words & {"outer", "inner", "nested"}:
        return layout
    inner = {item.labels[1] if len(item.labels) > 1 else "" for item in layout.items}
    named = splits_of(inner)
    if len(named) != len(inner) or "train" not in named.values() or len(set(named.values())) < 2:
        return layout
    items = tuple(replace(i, labels=(i.labels[0], *i.labels[2:]), split=named[i.labels[1]]) for i in layout.items)
    return replace(layout, items=items).saying(
        Problem("reading", next(iter(named)), f"read as splits inside each class: {', '.join(sorted(named))}")
    )


def _ask_levels(layout: Layout, root: Folder, asked: Reading, *, alone: bool) -> None:
    """Raises AmbiguousData where class folders hold several folders of pictures, and nothing says what these are."""
    if asked.words & {"outer", "inner", "nested"}:
        return
    direct: Counter[str] = Counter()
    inside: dict[str, set[tuple[str, ...]]] = {}
    for item in layout.items:
        if len(item.labels) == 1:
            direct[item.labels[0]] += 1
        else:
            inside.setdefault(item.labels[0], set()).add(item.labels[1:])
    divided = [name for name, subs in inside.items() if len(subs) > 1 and not direct[name]]
    classes = set(direct) | set(inside)
    if not divided or (len(classes) > 3 and len(divided) <= FEW * len(classes)):
        return
    n = len(layout.items)
    choices = [Choice("the outermost folders are the classes", tuple(sorted(classes)), n, asks="outer")]
    depth = Counter(len(item.labels) for item in layout.items).most_common(1)[0][0]
    deep = [item for item in layout.items if len(item.labels) == depth]
    if depth > 1 and len({item.labels[0] for item in deep}) > 1:
        finest = tuple(sorted({item.labels[-1] for item in deep}))
        choices.append(Choice(f"{depth} levels, the finest", finest, len(deep), asks="nested"))
    finest = tuple(sorted({item.labels[-1] for item in layout.items}))
    choices.append(Choice("the folders that hold the pictures are the classes", finest, n, asks="inner"))
    if alone and len(divided) <= OFFERED:
        choices += [_alone(folder) for folder in root.folders if folder.name in divided]
    which = ", ".join(sorted(divided)[:3]) + (", …" if len(divided) > 3 else "")
    raise AmbiguousData(f"{root.path} has folders inside its class folders ({which})", choices)


def given_splits(layout: Layout) -> bool:
    """Whether the folders say which split each picture is in."""
    return bool(layout.items) and layout.items[0].split is not None


def refuse_empty(layout: Layout) -> None:
    if not layout.items:
        raise InputError(
            f"{layout.root} holds no pictures in class folders: "
            "put JPEG, PNG, WebP, BMP, GIF or TIFF files in one folder each"
        )
