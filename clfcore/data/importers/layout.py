"""Layout of a tree of folders: which are classes, which are splits or folds, and what can be read in two ways."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from clfcore.data.dataset import Problem, Split
from clfcore.data.importers.class_names import canonical, joined
from clfcore.data.importers.readings import AmbiguousData, Choice, Reading
from clfcore.data.importers.split_folders import OFFERED, Item, Layout, Part, choice_of_folder, find_parts
from clfcore.data.importers.split_names import fold_of, split_and_class, splits_of
from clfcore.data.importers.walk import Folder, Walk, relative
from clfcore.errors import InputError

FEW = 0.25  # a share of classes with folders inside, up to which these are no levels


def read_layout(walk: Walk, reading: Reading) -> Layout:
    """The layout of a tree. Raises AmbiguousData where several are possible and `reading` names none; InputError where
    splits have no classes."""
    root = _unwrapped(walk, walk.root)
    if reading.evaluation_only and root.pictures and not any(folder.count() for folder in root.folders):
        labels = (canonical(Path(root.path).resolve().name),)  # the folder of one class, which has its name
        return Layout(root.path, tuple(replace(item, labels=labels) for item in _items(root, None)))
    parts, layout = find_parts(walk, root, reading)
    by_split = parts[0].split is not None
    where = "stands outside train, validation and test" if by_split else "stands outside the class folders"
    loose = list(root.pictures) if by_split else []
    problems = [_loose(f"{root.path}{os.sep}{name}", root, where) for name in loose]
    items: list[Item] = []
    spellings: set[str] = set()
    for part in parts:
        inner = part.folder
        if by_split:
            inner = _unwrapped(walk, inner, own=True)
        walk.follow(inner)
        problems += [
            _loose(f"{inner.path}{os.sep}{name}", root, "stands outside the class folders") for name in inner.pictures
        ]
        for folder in inner.folders:
            below = list(_items(folder, part.split))
            if not below:
                item = relative(folder.path, root.path)
                problems.append(Problem("empty-class", item, f"{item} holds no pictures"))
            items += below
            spellings |= _names(folder)
    layout = replace(layout, items=tuple(items), problems=(*layout.problems, *problems))
    layout = _parted_names(_inverted(_labeled(layout, parts=parts, root=root, reading=reading), reading), reading)
    _ask_levels(layout, root, reading, alone=not by_split)
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


def _labeled(layout: Layout, *, parts: Sequence[Part], root: Folder, reading: Reading) -> Layout:
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
    remaining = tuple(item for item in layout.items if item.split not in {part.split for part in bare})
    if {item.split for item in remaining} == {"train"}:
        remaining = tuple(replace(item, split=None) for item in remaining)
    if "labeled-only" in reading:
        paths = tuple(part.folder.path for part in bare)
        problems = tuple(p for p in layout.problems if p.kind != "loose-image" or not _below(p.item, bare, root))
        notes = [
            Problem("ignored-folder", name, f"{name} has no class folders as train has: it is left out")
            for name in (relative(part.folder.path, root.path) for part in bare)
        ]
        return replace(layout, items=remaining, problems=(*problems, *notes), ignored=(*layout.ignored, *paths))
    some = ", ".join(sorted({item.labels[0] for item in layout.items if item.split == "train"})[:3])
    names = " and ".join(f"{part.folder.name} ({part.folder.count():,} pictures)" for part in bare)
    classes = tuple(sorted({item.labels[0] for item in remaining}))
    raise AmbiguousData(
        f"{root.path}: {names} {'has' if len(bare) == 1 else 'have'} no class folders as train has ({some}), so "
        "nothing could be measured there: put their pictures into folders of these names, or leave them out",
        [Choice("splits without class folders are left out", classes, len(remaining), asks="labeled-only")],
    )


def _below(item: str, parts: Sequence[Part], root: Folder) -> bool:
    return any(item.startswith(relative(part.folder.path, root.path) + "/") for part in parts)


def _inverted(layout: Layout, reading: Reading) -> Layout:
    """Class folders that hold the splits (`cat/train`, `cat/test`), as class and split."""
    if given_splits(layout) or reading.options & {"outer", "inner", "nested"}:
        return layout
    inner = {item.labels[1] if len(item.labels) > 1 else "" for item in layout.items}
    named = splits_of(inner)
    if len(named) != len(inner) or "train" not in named.values() or len(set(named.values())) < 2:
        return layout
    items = tuple(replace(i, labels=(i.labels[0], *i.labels[2:]), split=named[i.labels[1]]) for i in layout.items)
    return replace(layout, items=items).noting(
        Problem("reading", next(iter(named)), f"read as splits inside each class: {', '.join(sorted(named))}")
    )


def _parted_names(layout: Layout, reading: Reading) -> Layout:
    """Folders whose names hold split and class (`train_cat`, `test_cat`), as both."""
    if given_splits(layout) or reading.options & {"outer", "inner", "nested"}:
        return layout
    names = {item.labels[0] for item in layout.items}
    parts_of = {name: both for name in names if (both := split_and_class(name))}
    trained = {label for split, label in parts_of.values() if split == "train"}
    others = {label for split, label in parts_of.values() if split != "train"}
    if len(parts_of) < len(names) or len(trained) < 2 or not others or others - trained:
        return layout
    items = []
    for item in layout.items:
        split, label = parts_of[item.labels[0]]
        items.append(replace(item, labels=(label, *item.labels[1:]), split=split))
    listed = sorted(f"{name} as {split} of {label}" for name, (split, label) in parts_of.items())
    some = ", ".join(listed[:4]) + (", …" if len(listed) > 4 else "")
    note = f"read as split and class in one name: {some}; the reading `outer` takes each folder as a class"
    return replace(layout, items=tuple(items)).noting(Problem("reading", min(names), note))


def _ask_levels(layout: Layout, root: Folder, reading: Reading, *, alone: bool) -> None:
    """Raises AmbiguousData where class folders hold several folders of pictures, and nothing says what these are."""
    if reading.options & {"outer", "inner", "nested"}:
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
        choices += [choice_of_folder(folder) for folder in root.folders if folder.name in divided]
    which = ", ".join(sorted(divided)[:3]) + (", …" if len(divided) > 3 else "")
    raise AmbiguousData(f"{root.path} has folders inside its class folders ({which})", choices)


def given_splits(layout: Layout) -> bool:
    """Whether the folders say which split each picture is in."""
    return bool(layout.items) and layout.items[0].split is not None


def refuse_empty(layout: Layout) -> None:
    if not layout.items:
        raise InputError(
            f"{layout.root} holds no pictures in class folders: "
            "put JPEG, PNG, WebP, AVIF, HEIC, BMP, GIF or TIFF files in one folder each"
        )
