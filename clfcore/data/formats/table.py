"""The table of formats: what each is called, holds and loses, how it is written, and how a path is told to be of it."""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from clfcore.data.dataset import SPLITS, ImageDataset
from clfcore.data.export import picture_bytes
from clfcore.data.formats import coco, label_studio
from clfcore.data.formats.hugging_face import METADATA, metadata_files, metadata_text, read_metadata
from clfcore.data.formats.rows import Rows, dataset_of, rows_of
from clfcore.data.formats.webdataset import is_pattern, read_shards, shards_in, shards_of_pattern, write_shards
from clfcore.data.importers.readings import Reading
from clfcore.data.thread_pool import as_completed
from clfcore.errors import InputError, unknown
from clfcore.files import cannot_write, typed_path
from clfcore.progress import Progress
from clfcore.task import TaskKind

EVERY: tuple[TaskKind, ...] = ("single-label", "multi-label", "hierarchical")


@dataclass(frozen=True)
class DatasetFormat:
    """A format. title: what it is called; tasks: those that it can hold; loses: what of a dataset it cannot hold;
    pictures: the folder of the pictures, with {split} and {classes}, relative to the whole; empty: none stay.
    """

    title: str
    tasks: tuple[TaskKind, ...]
    loses: tuple[str, ...]
    pictures: str
    write: Callable[[Rows, Path], object]


def _write_labels(text_of: Callable[[Rows], str], name: str, rows: Rows, folder: Path) -> None:
    (folder / name).write_text(text_of(rows), encoding="utf-8")


def _write_metadata(rows: Rows, folder: Path) -> None:
    for split in SPLITS:
        if any(row.split == split for row in rows.rows):
            (folder / split / METADATA[0]).write_text(metadata_text(rows, split), encoding="utf-8")


def _write_tars(rows: Rows, folder: Path) -> None:
    pictures = folder / "pictures"
    write_shards(rows, [pictures / row.path for row in rows.rows], folder)
    shutil.rmtree(pictures)


def _check_folders(rows: Rows, folder: Path) -> None:
    """A tree needs no file of labels. (That its classes can be folders was checked before.)"""


FORMATS: Mapping[str, DatasetFormat] = {
    "coco": DatasetFormat(
        "COCO", EVERY, (), "data", partial(_write_labels, coco.coco_text, coco.LABELS)
    ),
    "class-tree": DatasetFormat(
        "class folders (FiftyOne's image-classification directory tree)",
        ("single-label", "hierarchical"),
        ("groups", "names of levels"),
        "{split}/{classes}",
        _check_folders,
    ),
    "label-studio": DatasetFormat(
        "Label Studio JSON", EVERY, (), "data",
        partial(_write_labels, label_studio.label_studio_text, label_studio.LABELS),
    ),
    "huggingface": DatasetFormat("Hugging Face imagefolder", EVERY, (), "{split}", _write_metadata),
    "webdataset": DatasetFormat("WebDataset tars", EVERY, ("names of files",), "pictures", _write_tars),
}  # fmt: skip


@dataclass(frozen=True)
class WrittenDataset:
    """items: how many were written; left_out: how many are in no split, which a format of splits cannot hold."""

    items: int
    left_out: int
    lost: tuple[str, ...]


def write_dataset(
    dataset: ImageDataset, name: str, out: Path, *, side: int | None = None, progress: Progress | None = None
) -> WrittenDataset:
    """Write a dataset into a new folder, whole or not at all, with copies of its pictures. side: see `picture_bytes`.

    Raises InputError where there is no such format, it cannot hold the task or a class, or something stands at `out`.
    """
    form = check_format(name)
    if dataset.task.kind not in form.tasks:
        others = ", ".join(key for key, one in FORMATS.items() if dataset.task.kind in one.tasks)
        raise InputError(f"format is {name!r}, which holds no {dataset.task.kind} data: choose {others}")
    out = typed_path(out, "out").expanduser().absolute()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"out is {str(out)!r}, which is there already: name a new folder; nothing is written over")
    rows = rows_of(dataset)
    needs_split = "{split}" in form.pictures or name == "webdataset"
    chosen = [i for i, row in enumerate(rows.rows) if row.split or not needs_split]
    places = [_place(form, rows, i) for i in chosen]
    partial_folder = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial_folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        targets = [partial_folder / place for place in places]

        def copy(n: int) -> None:
            targets[n].parent.mkdir(parents=True, exist_ok=True)
            targets[n].write_bytes(picture_bytes(dataset, chosen[n], side=side))

        for done, _ in enumerate(as_completed(copy, range(len(chosen))), start=1):
            if progress is not None:
                progress(done, len(chosen))
        form.write(Rows(rows.kind, tuple(rows.rows[i] for i in chosen), rows.levels, rows.classes), partial_folder)
        partial_folder.chmod(0o755)
        if out.is_dir():
            out.rmdir()
        partial_folder.rename(out)
    except OSError as error:
        raise cannot_write(out, error) from error
    finally:
        if partial_folder is not None:
            shutil.rmtree(partial_folder, ignore_errors=True)
    lost = tuple(what for what in form.loses if what != "groups" or dataset.groups)
    lost = tuple(what for what in lost if what != "names of levels" or rows.levels)
    return WrittenDataset(len(chosen), len(rows.rows) - len(chosen), lost)


def check_format(name: str) -> DatasetFormat:
    """Raises InputError where there is none of that name."""
    if name not in FORMATS:
        raise unknown("format", name, list(FORMATS))
    return FORMATS[name]


def _place(form: DatasetFormat, rows: Rows, i: int) -> str:
    """Where a picture stands in the folder."""
    row = rows.rows[i]
    classes = "/".join(_folder_name(label) for label in row.labels) if "{classes}" in form.pictures else ""
    folder = form.pictures.format(split=row.split or "", classes=classes)
    inside = row.path.replace("/", "-") if classes else row.path  # a folder below a class would be a level
    return f"{folder}/{inside}"


def _folder_name(label: str) -> str:
    """A class as a folder. Raises InputError where it cannot be one and come back."""
    odd = set(label) & set('/\\:*?"<>|\0')
    if odd or label in (".", "..") or label != label.strip(" .") or label.startswith((".", "_")) or len(label) > 120:
        raise InputError(f"class {label!r} cannot be the name of a folder: choose coco, huggingface or label-studio")
    return label


def read_other_format(path: Path, *, split_seed: int = 0, reading: Reading | None = None) -> ImageDataset | None:
    """The dataset of a path that is of one of these formats; None where it is of none. Raises InputError."""
    if is_pattern(path.name) and not path.exists():
        return _of_tars(shards_of_pattern(path), path.stem, split_seed=split_seed, reading=reading)
    if path.suffix.lower() == ".tar" and path.is_file():
        return _of_tars([path], path.stem, split_seed=split_seed, reading=reading)
    if path.suffix.lower() == ".jsonl" and path.is_file():
        return dataset_of(
            read_metadata([path], path.parent), path, name=path.parent.name, split_seed=split_seed, reading=reading
        )
    if path.suffix.lower() == ".json" and path.is_file():
        return _of_json(path, path.parent.name, must=True, split_seed=split_seed, reading=reading)
    if not path.is_dir():
        return None
    shards = shards_in(path)
    if shards:
        return _of_tars(shards, path.name, split_seed=split_seed, reading=reading)
    for name in (coco.LABELS, label_studio.LABELS):
        if (path / name).is_file():
            return _of_json(path / name, path.name, must=False, split_seed=split_seed, reading=reading)
    files = metadata_files(path)
    if files:
        return dataset_of(
            read_metadata(files, path), path / METADATA[0], name=path.name, split_seed=split_seed, reading=reading
        )
    return None


def _of_tars(shards: Sequence[Path], name: str, *, split_seed: int, reading: Reading | None) -> ImageDataset:
    rows = read_shards(shards, name)
    return dataset_of(rows, shards[0], name=name, split_seed=split_seed, reading=reading)


def _of_json(path: Path, name: str, *, must: bool, split_seed: int, reading: Reading | None) -> ImageDataset | None:
    """Of a file that is none of these None, unless it must be one."""
    try:
        values = coco.read_json(path)
    except InputError:
        if must:
            raise
        return None
    if coco.is_coco(values):
        rows = coco.read_coco(path, values)
    elif label_studio.is_label_studio(values):
        rows = label_studio.read_label_studio(path, values)
    elif must:
        raise InputError(f"data is {str(path)!r}: it is neither COCO nor an export of Label Studio")
    else:
        return None
    return dataset_of(rows, path, name=name, split_seed=split_seed, reading=reading)
