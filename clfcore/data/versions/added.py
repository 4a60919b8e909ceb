"""Photos added to a version: labeled one by one, copied beside it, and for training alone.

They were chosen because a model was unsure of them, so that a score on them would say nothing of other pictures.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from clfcore.data.dataset import ImageDataset
from clfcore.data.importers.walk import IMAGE_SUFFIXES
from clfcore.data.versions.decisions import Decision, target_of
from clfcore.errors import InputError
from clfcore.files import write_whole
from clfcore.results import Json, Result
from clfcore.task import Task

_FILE = re.compile(r"[0-9a-f]{32}\.[a-z0-9]{2,5}")


@dataclass(frozen=True)
class AddedPhoto(Result):
    """A photo of a version that its parent lacks. item: its id; file: its copy's name; label: as of a decision."""

    item: str
    file: str
    label: tuple[str, ...]


@dataclass(frozen=True)
class LabeledPhoto:
    """A photo with the label that a person gave it. content: its fingerprint."""

    item: str
    path: Path
    content: str
    label: tuple[str, ...]


def unlabeled_photos(name: str, files: Sequence[tuple[str, Path]], task: Task) -> ImageDataset:
    """Photos that have no label yet, as a dataset in no split. files: id and path of each."""
    shape = {"single-label": (len(files),), "multi-label": (len(files), len(task.classes))}
    targets = np.zeros(
        shape.get(task.kind, (len(files), len(task.levels))), np.uint8 if task.kind == "multi-label" else np.int64
    )
    ids, paths = tuple(item for item, _ in files), tuple(path for _, path in files)
    return ImageDataset(name, task, ids, targets, {}, paths=paths, labeled=False)


def labeled_photos(photos: ImageDataset, decisions: Iterable[Decision]) -> tuple[LabeledPhoto, ...]:
    """The unlabeled photos that were given a label of their task, each content once, in their order."""
    labels: dict[str, tuple[str, ...]] = {}
    for decision in decisions:
        if decision.action == "label" and _is_label(photos.task, decision.label):
            labels[decision.content] = decision.label
    return tuple(
        LabeledPhoto(item, path, content, labels.pop(content))
        for item, path, content in zip(photos.ids, photos.files, photos.contents, strict=True)
        if content in labels
    )


def as_dataset(photos: Sequence[LabeledPhoto], task: Task, *, name: str) -> ImageDataset:
    """Labeled photos as a dataset of their own, in no split."""
    blank = unlabeled_photos(name, [(photo.item, photo.path) for photo in photos], task)
    targets = np.array([target_of(task, photo.label) for photo in photos], blank.targets.dtype)
    return replace(blank, targets=targets.reshape(blank.targets.shape), labeled=True)


def copy_photos(photos: Sequence[LabeledPhoto], folder: Path, *, taken: Iterable[str]) -> tuple[AddedPhoto, ...]:
    """Copy photos into a version's folder, each under a name made of its bytes. taken: ids that the data has.

    Raises InputError where a photo is gone, Failure where a copy cannot be written.
    """
    ids, added = set(taken), list[AddedPhoto]()
    for photo in photos:
        item = f"added/{photo.item}"
        while item in ids:
            item = f"added/{item}"
        ids.add(item)
        suffix = photo.path.suffix.lower()
        try:
            data = photo.path.read_bytes()
        except OSError as error:
            raise InputError(
                f"{photo.item} cannot be read ({error.strerror}), so nothing was made: bring the file back, or drop it"
            ) from None
        digest = hashlib.sha256(data).hexdigest()[:32]
        copy = folder / f"{digest}{suffix if suffix in IMAGE_SUFFIXES else '.jpg'}"
        write_whole(copy, partial(Path.write_bytes, data=data))
        added.append(AddedPhoto(item, copy.name, photo.label))
    return tuple(added)


def with_added(dataset: ImageDataset, added: Sequence[AddedPhoto], folder: Path) -> ImageDataset:
    """The dataset with photos in its training split. Raises InputError where its pictures are an array, no files."""
    if not added:
        return dataset
    check_files(dataset)
    targets = np.array([target_of(dataset.task, photo.label) for photo in added], dataset.targets.dtype)
    splits = dict(dataset.splits)
    if "train" in splits:  # data that is only evaluated on may have no split
        splits["train"] = np.concatenate([splits["train"], np.arange(len(added)) + len(dataset)])
    ids = tuple(photo.item for photo in added)
    return replace(
        dataset,
        ids=(*dataset.ids, *ids),
        targets=np.concatenate([dataset.targets, targets]),
        splits=splits,
        paths=(*dataset.files, *(folder / photo.file for photo in added)),
        groups=None if dataset.groups is None else (*dataset.groups, *ids),
        added=dataset.added | frozenset(ids),
    )


def check_files(dataset: ImageDataset) -> None:
    """Raises InputError where the dataset's pictures are an array, to which no file can be added."""
    if dataset.paths is None:
        raise InputError(
            f"{dataset.name} has its pictures in one array, so that no photo can be added: `datasets export` it first, "
            "and add to what that writes"
        )


def added_from(values: Json) -> tuple[AddedPhoto, ...]:
    """Added photos as a version's file has them. Raises ValueError where they are none."""
    added = []
    for value in values:
        item, file, label = value["item"], value["file"], value["label"]
        if not (isinstance(item, str) and isinstance(file, str) and _FILE.fullmatch(file) and isinstance(label, list)):
            raise ValueError("an added photo is none")
        added.append(AddedPhoto(item, file, tuple(str(name) for name in label)))
    return tuple(added)


def _is_label(task: Task, names: Sequence[str]) -> bool:
    try:
        target_of(task, names)
    except InputError:  # of other classes
        return False
    return True
