"""Class folders inside class folders -> a hierarchy: `animal/cat/01.jpg` is a cat, which is an animal."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from clfcore.data.dataset import SPLITS, ImageDataset, Problem, Split
from clfcore.data.importers.folders import SPLIT_NAMES, import_folder, shortened
from clfcore.data.importers.taxonomy import taxonomy
from clfcore.data.splits import draw_splits, strata
from clfcore.errors import InputError


def import_nested(folder: Path, *, split_seed: int = 0) -> ImageDataset:
    """The hierarchy of a folder of folders: `level 1` is the outermost folder, the finest the one with the pictures.

    Pictures at another depth than most are left out and named. Raises InputError where there is only one level.
    """
    flat = import_folder(folder, split_seed=split_seed)
    given = flat.drawn != SPLITS
    parts = [name.split("/")[:-1] for name in flat.ids]
    if given:
        parts = [p[1:] if p and p[0].lower() in SPLIT_NAMES else p for p in parts]
    depth = Counter(map(len, parts)).most_common(1)[0][0]
    if depth < 2:
        raise InputError(f"{folder} has one level of folders: leave `nested:` out, or put class folders into folders")
    other = [i for i, p in enumerate(parts) if len(p) != depth]
    what = f"folders deep, not {depth}: it is left out"
    said = [Problem("no-class", flat.ids[i], f"{flat.ids[i]} stands {len(parts[i])} {what}") for i in other]
    kept = flat.without(other, tuple(shortened(said)))
    rows = [p for p in parts if len(p) == depth]
    task, targets, twins = taxonomy([f"level {i + 1}" for i in range(depth)], rows)
    if len(task.classes) < 2:
        raise InputError(f"{folder} has one class, {task.classes[0]!r}: a classifier needs at least two folders")
    splits, drawn = draw_splits(strata(task, targets), split_seed, kept.paths, given=_given(kept) if given else None)
    problems = kept.problems + tuple(shortened(twins))
    return replace(kept, task=task, targets=targets, splits=splits, drawn=drawn, problems=problems)


def _given(dataset: ImageDataset) -> dict[Split, np.ndarray]:
    """The splits before the lab drew validation from train."""
    splits = dict(dataset.splits)
    if "validation" in dataset.drawn:
        splits["train"] = np.union1d(splits["train"], splits.pop("validation"))
    return splits
