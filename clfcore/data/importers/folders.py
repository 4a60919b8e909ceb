"""A folder of class folders, with or without train, validation and test above them -> ImageDataset."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from clfcore.data.dataset import ImageDataset, Problem, Split
from clfcore.data.splits import draw_splits
from clfcore.errors import InputError
from clfcore.task import single_label

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}
    | {".heic", ".heif", ".dcm"}  # with an extra; without it each is refused by name
)
SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "test": "test",
}
CLUTTER = frozenset({"__macosx", "thumbs.db", "desktop.ini"})  # what systems leave behind, besides dot files
KEPT = ".unpacked.json"  # beside an unpacked folder: its archive's name, and what was found while unpacking
LISTED = 50  # problems of one kind that are listed one by one; the rest as a number


def import_folder(folder: Path, *, split_seed: int = 0) -> ImageDataset:
    """A single-label dataset of a folder; its ids are paths relative to it, its classes sorted folder names.

    Pictures deeper inside a class folder belong to it. What is left out is among the problems. Raises InputError where
    the folder cannot be read or holds fewer than two classes.
    """
    name, unpacking = kept_beside(folder)
    root = _unwrapped(folder)
    found = _Found(root)
    by_split = _split_folders(root)
    items: list[tuple[str, str, Split | None]] = []  # relative path, class, split
    if by_split:
        for entry in _entries(root):
            if not entry.is_dir():
                found.stray(entry, "outside train, validation and test")
            elif entry.name.lower() not in SPLIT_NAMES:
                found.say("ignored-folder", entry.name, f"{entry.name} stands beside train and is left out")
        for split, path in by_split:
            items += [(path, label, split) for path, label in _classes(path, found)]
    else:
        items = [(path, label, None) for path, label in _classes(root, found)]
    return _dataset(name, root, items, split_seed, (*(unpacking or ()), *found.problems()))


@dataclass
class _Found:
    """What is found besides pictures in class folders, by kind; long lists are cut when told."""

    root: Path
    said: dict[str, list[Problem]] = field(default_factory=dict)

    def say(self, kind: str, item: str, message: str) -> None:
        self.said.setdefault(kind, []).append(Problem(kind, item, message))

    def stray(self, entry: os.DirEntry, where: str) -> None:
        """A file, or a hidden folder, that no class has."""
        item = self.relative(entry.path)
        if is_clutter(entry.name):
            self.say("hidden", item, f"{item} is hidden or left by a system: it is left out")
        elif Path(entry.name).suffix.lower() in IMAGE_SUFFIXES:
            self.say("loose-image", item, f"{item} stands {where}: it is left out")
        else:
            self.say("not-an-image", item, f"{item} is no picture by its name: it is left out")

    def relative(self, path: str) -> str:
        return plain(os.path.relpath(path, self.root).replace(os.sep, "/"))

    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for listed in self.said.values() for problem in shortened(listed))


def is_clutter(name: str) -> bool:
    return name.startswith(".") or name.lower() in CLUTTER


def plain(name: str) -> str:
    """A file name as text that can be printed and stored: bytes that are no UTF-8 become a sign of their own."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def shortened(problems: list[Problem]) -> list[Problem]:
    """At most LISTED problems, and one more that counts the rest."""
    if len(problems) <= LISTED:
        return problems
    rest = len(problems) - LISTED
    return [*problems[:LISTED], Problem(problems[0].kind, "", f"{rest} more of this kind are not listed")]


def _entries(folder: str | Path) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{folder} cannot be read ({error.strerror}): name a readable folder") from None


def _subfolders(folder: str | Path) -> list[os.DirEntry]:
    return [entry for entry in _entries(folder) if not is_clutter(entry.name) and entry.is_dir()]


def _has_images(folder: str | Path) -> bool:
    return any(Path(entry.name).suffix.lower() in IMAGE_SUFFIXES for entry in _entries(folder) if not entry.is_dir())


def _unwrapped(folder: Path) -> Path:
    """The folder that has the classes or splits: archives often wrap them in one folder more."""
    while True:
        inner = _subfolders(folder)
        if len(inner) != 1 or inner[0].name.lower() in SPLIT_NAMES or _has_images(folder):
            return folder
        if _has_images(inner[0]) or not _subfolders(inner[0]):
            return folder
        folder = Path(inner[0].path)


def _split_folders(root: Path) -> list[tuple[Split, str]]:
    """The folders that are splits, in the order of the splits; none where the folders are classes.

    A folder `train` among others is a split where it holds folders, and a class (cars, planes, trains) where pictures.
    """
    folders = _subfolders(root)
    named = [(SPLIT_NAMES[entry.name.lower()], entry.path) for entry in folders if entry.name.lower() in SPLIT_NAMES]
    if not named:
        return []
    train = next((path for split, path in named if split == "train"), None)
    holds_classes = train is not None and bool(_subfolders(train)) and not _has_images(train)
    if len(named) != len(folders) and not holds_classes:
        return []
    if len(named) == len(folders) > 1 and not any(_subfolders(path) for _, path in named):
        return []  # all hold pictures alone: classes of these very names
    order = list(dict.fromkeys(SPLIT_NAMES.values()))
    return sorted(named, key=lambda pair: (order.index(pair[0]), pair[1]))


def _classes(folder: str | Path, found: _Found) -> Iterator[tuple[str, str]]:
    """(path, class) of each picture below the class folders of a folder, sorted."""
    for entry in _entries(folder):
        if is_clutter(entry.name) or not entry.is_dir():
            found.stray(entry, "outside the class folders")
            continue
        paths = list(_pictures(entry.path, found))
        if not paths:
            item = found.relative(entry.path)
            found.say("empty-class", item, f"{item} holds no pictures")
        for path in paths:
            yield path, entry.name


def _pictures(folder: str, found: _Found) -> Iterator[str]:
    for entry in _entries(folder):
        if is_clutter(entry.name):
            found.stray(entry, "")
        elif entry.is_dir(follow_symlinks=False):
            yield from _pictures(entry.path, found)
        elif Path(entry.name).suffix.lower() in IMAGE_SUFFIXES:
            yield entry.path
        elif entry.is_dir():
            item = found.relative(entry.path)
            found.say("link", item, f"{item} is a link to a folder: it is not followed")
        else:
            found.stray(entry, "")


def _dataset(
    name: str,
    root: Path,
    items: list[tuple[str, str, Split | None]],
    split_seed: int,
    problems: tuple[Problem, ...],
) -> ImageDataset:
    if not items:
        raise InputError(
            f"{root} holds no pictures in class folders: put JPEG, PNG, WebP, BMP, GIF or TIFF files in one folder each"
        )
    classes = sorted({label for _, label, _ in items})
    if len(classes) == 1:
        raise InputError(
            f"{root} has one class, {plain(classes[0])!r}: a classifier needs at least two, one folder each"
        )
    index = {label: i for i, label in enumerate(classes)}
    targets = np.array([index[label] for _, label, _ in items], np.int64)
    given: dict[Split, np.ndarray] = {}
    if items[0][2] is not None:
        given = {split: np.flatnonzero([s == split for _, _, s in items]) for split in SPLIT_NAMES.values()}
    paths = tuple(Path(path) for path, _, _ in items)
    splits, drawn = draw_splits(targets, split_seed, paths, given=given)
    start = len(str(root)) + (not str(root).endswith(os.sep))
    ids = unique([plain(path[start:].replace(os.sep, "/")) for path, _, _ in items])
    task = single_label(unique([plain(label) for label in classes]))
    return ImageDataset(name, task, ids, targets, splits, paths=paths, drawn=drawn, problems=problems)


def unique(names: list[str]) -> tuple[str, ...]:
    """The names, those that stand for several files (their bytes are no UTF-8) told apart by a number."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(out)


def kept_beside(folder: Path) -> tuple[str, tuple[Problem, ...] | None]:
    """The name and problems that `archives` keeps beside what it unpacked; else the folder's own name, and None."""
    for unpacked in (folder, folder.parent):  # a manifest may stand in the one folder of its zip
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # it only describes; the pictures count
            kept = json.loads(unpacked.with_name(f"{unpacked.name}{KEPT}").read_text(encoding="utf-8"))
            return kept["name"], tuple(Problem(**problem) for problem in kept["problems"])
    return plain(folder.resolve().name) or str(folder), None
