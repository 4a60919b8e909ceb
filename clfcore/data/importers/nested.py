"""Nested class folders: a hierarchy, where `animal/cat/01.jpg` is a cat, which is an animal."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from clfcore.data.dataset import ImageDataset, Problem, Split
from clfcore.data.importers.class_names import by_case
from clfcore.data.importers.find_manifests import manifests_in
from clfcore.data.importers.folders import folder_layout, import_folder, unique
from clfcore.data.importers.layout import given_splits
from clfcore.data.importers.manifests import import_csv, manifest_choice
from clfcore.data.importers.readings import AmbiguousData, Reading
from clfcore.data.importers.split_folders import OFFERED
from clfcore.data.importers.split_names import SPLIT_NAMES
from clfcore.data.importers.taxonomy import taxonomy
from clfcore.data.importers.walk import as_text, relative, shortened
from clfcore.data.splits import draw_splits, strata
from clfcore.errors import InputError


def import_tree(folder: Path, *, split_seed: int = 0, reading: Reading | None = None) -> ImageDataset:
    """The dataset of a folder, hierarchical where the reading `nested` is asked for; where its folders hold no classes
    and it has one manifest, the manifest's. Raises InputError; AmbiguousData with each manifest as one of the choices.
    """
    reading = reading or Reading()
    opener = import_nested if "nested" in reading else import_folder
    try:
        return opener(folder, split_seed=split_seed, reading=reading)
    except AmbiguousData as question:
        manifests = [manifest_choice(path, reading) for path in manifests_in(folder, documented=False)[:OFFERED]]
        raise AmbiguousData(question.question, [*filter(None, manifests), *question.choices]) from None
    except InputError:
        paths = manifests_in(folder, documented=False)
        if len(paths) != 1:
            raise
        dataset = import_csv(paths[0], split_seed=split_seed, reading=reading)
        note = Problem("reading", paths[0].name, f"{paths[0].name} is read as the manifest")
        return replace(dataset, problems=(note, *dataset.problems))


def import_nested(folder: Path, *, split_seed: int = 0, reading: Reading | None = None) -> ImageDataset:
    """The hierarchy of a folder of folders: `level 1` is the outermost folder, the finest the one with the pictures.

    Pictures at another depth than most are left out and named. Raises InputError where there is only one level.
    """
    reading = (reading or Reading()).adding(Reading(frozenset({"nested"})))
    name, layout, problems = folder_layout(folder, reading)
    depth = Counter(len(item.labels) for item in layout.items).most_common(1)[0][0]
    if depth < 2:
        raise InputError(f"{folder} has one level of folders: leave `nested:` out, or put class folders into folders")
    elsewhere = []
    for item in layout.items:
        if len(item.labels) != depth:
            place = relative(item.path, layout.root)
            what = f"stands {len(item.labels)} folders deep, not {depth}: it is left out"
            elsewhere.append(Problem("no-class", place, f"{place} {what}"))
    items = [item for item in layout.items if len(item.labels) == depth]
    rows = [[as_text(label) for label in item.labels] for item in items]
    cased: list[Problem] = []
    for i in range(depth):
        usual, notes = by_case([row[i] for row in rows], reading, layout.root)
        cased += notes
        rows = [[*row[:i], usual.get(row[i], row[i]), *row[i + 1 :]] for row in rows] if usual else rows
    task, targets, twins = taxonomy([f"level {i + 1}" for i in range(depth)], rows)
    if len(task.classes) < 2 and not reading.evaluation_only:
        raise InputError(f"{folder} has one class, {task.classes[0]!r}: a classifier needs at least two folders")
    given: dict[Split, np.ndarray] = {}
    if given_splits(layout):
        given = {split: np.flatnonzero([item.split == split for item in items]) for split in SPLIT_NAMES.values()}
    start = len(layout.root) + (not layout.root.endswith(os.sep))
    ids = unique([as_text(item.path[start:].replace(os.sep, "/")) for item in items])
    paths = tuple(Path(item.path) for item in items)
    layers = strata(task, targets)
    splits, drawn = draw_splits(layers, split_seed, paths, given=given, evaluation_only=reading.evaluation_only)
    listed = (*problems, *shortened(elsewhere), *shortened(cased), *shortened(twins))
    return ImageDataset(name, task, ids, targets, splits, paths=paths, drawn=drawn, problems=listed)
