"""Any dataset as a manifest that opens again: a row a picture, with its split, group and classes."""

import csv
import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from clfcore.data.dataset import ImageDataset
from clfcore.errors import InputError
from clfcore.files import cannot_write, write_text

Progress = Callable[[int, int], None]


def write_manifest(dataset: ImageDataset, out: Path, *, progress: Progress | None = None) -> int:
    """Write `out`, a .csv, and return how many pictures it names.

    Pictures that stand below its folder are named where they are; others, and those that are drawn or read from
    archives, are written beside it into a folder of its name. Raises InputError where names would not come back.
    """
    if out.suffix.lower() != ".csv":
        raise InputError(f"out is {str(out)!r}: a manifest's name ends with .csv")
    out = out.expanduser().absolute()
    header, rows = _classes(dataset)
    paths = _pictures(dataset, out, progress)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    groups = dataset.groups
    table.writerow(["path", "split", *(["group"] if groups else []), *header])
    split_of = {int(i): split for split, chosen in dataset.splits.items() for i in chosen}
    for i, (path, classes) in enumerate(zip(paths, rows, strict=True)):
        table.writerow([path, split_of.get(i, ""), *([groups[i]] if groups else []), *classes])
    write_text(out, text.getvalue())
    return len(paths)


def _classes(dataset: ImageDataset) -> tuple[list[str], list[list[str]]]:
    task = dataset.task
    if task.kind == "multi-label":
        odd = next((name for name in task.classes if ";" in name), None)
        if odd:
            raise InputError(f"label {odd!r} holds a semicolon, which parts labels in a manifest: rename it")
        there = [[name for name, yes in zip(task.classes, row, strict=True) if yes] for row in dataset.targets]
        return ["labels"], [[";".join(names)] for names in there]
    targets = dataset.targets.reshape(len(dataset), -1)  # N x L
    names = ["label"] if task.kind == "single-label" else [level.name for level in task.levels]
    return names, [[lv.classes[i] for lv, i in zip(task.levels, row, strict=True)] for row in targets]


def _pictures(dataset: ImageDataset, out: Path, progress: Progress | None) -> list[str]:
    """The path of each picture relative to the manifest; written or copied where it does not stand below it."""
    from PIL import Image

    folder, found = out.parent, []
    beside = folder / f"{out.stem}-images"
    for i, name in enumerate(dataset.ids):
        if dataset.paths is not None and dataset.paths[i].absolute().is_relative_to(folder):
            found.append(dataset.paths[i].absolute().relative_to(folder).as_posix())
            continue
        inside = re.sub(r"[^\w./ ()+-]+", "-", name, flags=re.ASCII).strip("./ ").replace("../", "")
        target = beside / (inside if dataset.paths is not None else f"{inside}.png")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if dataset.paths is not None:
                shutil.copyfile(dataset.paths[i], target)
            else:
                Image.fromarray(np.squeeze(dataset.pixels[i])).save(target)
        except OSError as error:
            raise cannot_write(target, error) from error
        found.append(target.relative_to(folder).as_posix())
        if progress:
            progress(i + 1, len(dataset))
    if len(set(found)) != len(found):
        raise InputError(f"two pictures of {dataset.name} have one name: rename one, or export from another folder")
    return found
