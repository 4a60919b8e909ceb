"""Export of any dataset as a manifest that opens again: a row a picture, with its split, group and classes."""

import io
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from clfcore.data.dataset import ImageDataset
from clfcore.data.smaller import smaller_picture
from clfcore.data.tar_member import open_file, tar_member
from clfcore.data.thread_pool import as_completed
from clfcore.errors import InputError
from clfcore.files import cannot_write, write_text
from clfcore.outputs import output_path
from clfcore.progress import Progress
from clfcore.spreadsheet import csv_text, escaped


@dataclass(frozen=True)
class _Picture:
    """Where a picture of the manifest stands, relative to it, and whether it must be written there first."""

    path: PurePosixPath
    to_write: bool


def write_manifest(
    dataset: ImageDataset,
    out: Path,
    *,
    inputs: Iterable[str | Path] = (),
    overwrite: bool = False,
    side: int | None = None,
    progress: Progress | None = None,
) -> int:
    """Write `out`, a .csv, and return how many pictures it names. side: of smaller copies of all, see `picture_bytes`.

    Pictures that stand below its folder are named where they are; others, and those that are drawn or read from
    archives, are written beside it into a folder of its name. Raises InputError where names would not come back, and
    where a file would be lost: one of `inputs`, or another file of that name that `overwrite` does not give up.
    """
    if out.suffix.lower() != ".csv":
        raise InputError(f"out is {str(out)!r}: a manifest's name ends with .csv")
    out = out.expanduser().absolute()
    header, rows = label_columns(dataset)
    pictures = _pictures(dataset, out, smaller=side is not None)
    groups = dataset.groups
    split_of = {int(i): split for split, chosen in dataset.splits.items() for i in chosen}
    lines: list[list[str]] = [["path", "split", *(["group"] if groups else []), *header]]
    for i, (picture, classes) in enumerate(zip(pictures, rows, strict=True)):
        lines.append([_written(picture.path), split_of.get(i, ""), *([groups[i]] if groups else []), *classes])
    text = csv_text(lines)
    output_path(out, inputs=inputs, marks=(), content=text.encode("utf-8", "backslashreplace"), overwrite=overwrite)
    _write_pictures(dataset, pictures, out.parent, overwrite=overwrite, side=side, progress=progress)
    write_text(out, text)
    return len(pictures)


def _written(path: PurePosixPath) -> str:
    """The path as a cell that no spreadsheet takes for a formula: `./-1.png`, which every reader understands."""
    return str(path) if escaped(str(path)) == str(path) else f"./{path}"


def label_columns(dataset: ImageDataset) -> tuple[list[str], list[list[str]]]:
    """The names of the columns that hold the labels, and an item's cells in them, an item a row.

    Raises InputError where a label would not come back.
    """
    task = dataset.task
    if task.kind == "multi-label":
        odd = next((name for name in task.classes if ";" in name), None)
        if odd:
            raise InputError(f"label {odd!r} holds a semicolon, which parts labels in a manifest: rename it")
        labels = [[task.classes[i] for i in np.flatnonzero(row)] for row in dataset.targets]
        return ["labels"], [[";".join(names)] for names in labels]
    targets = dataset.targets.reshape(len(dataset), -1)  # N x L
    names = ["label"] if task.kind == "single-label" else [level.name for level in task.levels]
    return names, [[lv.classes[i] for lv, i in zip(task.levels, row, strict=True)] for row in targets]


def _pictures(dataset: ImageDataset, out: Path, *, smaller: bool) -> list[_Picture]:
    """Each picture below the manifest's folder as it is; any other in a folder beside it, under a plain name."""
    folder, pictures = out.parent, []
    for i, name in enumerate(dataset.ids):
        path = None if dataset.paths is None else dataset.paths[i].absolute()
        below = path is not None and not smaller and path.is_relative_to(folder) and tar_member(path) is None
        if path is not None and below and _comes_back(path.relative_to(folder).as_posix()):
            pictures.append(_Picture(PurePosixPath(path.relative_to(folder)), to_write=False))
            continue
        inside = re.sub(r"[^\w./ ()+-]+", "-", name, flags=re.ASCII).strip("./ ").replace("../", "")
        copy = PurePosixPath(f"{out.stem}-images", inside if path is not None else f"{inside}.png")
        pictures.append(_Picture(copy, to_write=True))
    if len({picture.path for picture in pictures}) != len(pictures):
        raise InputError(f"two pictures of {dataset.name} have one name: rename one, or export from another folder")
    return pictures


def _comes_back(path: str) -> bool:
    """Whether a manifest can name this path: it is UTF-8, without backslashes and without spaces at its ends."""
    return path == path.strip() and "\\" not in path and path.isprintable()


def _write_pictures(
    dataset: ImageDataset,
    pictures: Sequence[_Picture],
    folder: Path,
    *,
    overwrite: bool,
    side: int | None,
    progress: Progress | None,
) -> None:
    """Raises InputError where another file stands in a picture's place, before the first is written."""
    targets = [(i, folder / picture.path) for i, picture in enumerate(pictures) if picture.to_write]
    for i, target in targets if not overwrite else ():
        if target.exists() and target.read_bytes() != picture_bytes(dataset, i, side=side):
            raise InputError(
                f"{target} is another picture that is there already: export to another folder, or give --overwrite"
            )

    def write(n: int) -> None:
        i, target = targets[n]
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if dataset.paths is not None and side is None and tar_member(dataset.paths[i]) is None:
                shutil.copyfile(dataset.paths[i], target)
            else:
                target.write_bytes(picture_bytes(dataset, i, side=side))
        except shutil.SameFileError:
            pass  # reached by a link: it is there
        except OSError as error:
            raise cannot_write(target, error) from error

    for n, _ in enumerate(as_completed(write, range(len(targets))), start=1):
        if progress:
            progress(n, len(targets))


def picture_bytes(dataset: ImageDataset, i: int, *, side: int | None = None) -> bytes:
    """The bytes of a picture's file; with its shorter side reduced to `side` pixels where it is a larger photo's."""
    if dataset.paths is not None:
        with open_file(dataset.paths[i]) as file:
            data = file.read()
        return data if side is None else smaller_picture(data, side)
    out = io.BytesIO()
    Image.fromarray(np.squeeze(dataset.image(i))).save(out, "png")
    return out.getvalue()
