"""Datasets: the library and the catalogue, a check of any data, a download, a manifest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clfcore.data.catalogue import entries, open_dataset
from clfcore.data.catalogue_rows import Entry
from clfcore.data.checks import advice, check
from clfcore.data.dataset import Problem
from clfcore.data.download import download
from clfcore.data.export import write_manifest
from clfcore.data.formats.table import FORMATS, write_dataset
from clfcore.data.importers.readings import parted, with_reading
from clfcore.data.library import edit
from clfcore.data.library.entries import LibraryEntry, library
from clfcore.data.library.specs import display_name, find_entry, path_spec
from clfcore.data.library.versioned import is_version
from clfcore.data.smaller import check_side
from clfcore.data.versions.versions import delete_version
from clfcore.errors import InputError, unknown
from clfcore.progress import Progress
from clfcore.results import WHEN_KNOWN, Result
from clfcore.task import TaskKind


@dataclass(frozen=True)
class OwnDataset(Result):
    """A dataset of the library, as the list of datasets has it beside the catalogue's.

    task, classes, items, bytes and digest are None until it was read once. folder: where its files are; unpacked:
    whether the lab put them there, so that deleting it deletes them. damaged: why its entry cannot be read, else empty.
    """

    name: str
    task: TaskKind | None
    classes: int | None
    items: int | None
    available: bool
    spec: str
    folder: Path
    bytes: int | None
    digest: str | None
    added: str
    unpacked: bool
    damaged: str


@dataclass(frozen=True)
class DatasetList(Result):
    """The library's datasets, the newest first, then the catalogue's."""

    datasets: tuple[OwnDataset | Entry, ...]


@dataclass(frozen=True)
class AddedDataset(Result):
    """A dataset that the library has now."""

    added: OwnDataset


@dataclass(frozen=True)
class RenamedDataset(Result):
    """A dataset under its new name, and the name that it had before."""

    renamed: OwnDataset
    before: str


@dataclass(frozen=True)
class DeletedDataset(Result):
    """A dataset that is gone from the library, or a version of one.

    files_deleted: False for a person's own files, which stay. version: True of a version, whose pictures stay.
    """

    deleted: str
    folder: Path
    files_deleted: bool
    version: bool | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class LabelLevel(Result):
    """A level of a hierarchy and its classes."""

    name: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class DatasetReport(Result):
    """What data holds, and every problem found. drawn: the splits that the lab drew itself; levels: of a hierarchy."""

    name: str
    task: TaskKind
    classes: tuple[str, ...]
    splits: Mapping[str, int]
    drawn: tuple[str, ...]
    problems: tuple[Problem, ...]
    advice: str
    levels: tuple[LabelLevel, ...] | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class DownloadedDataset(Result):
    """A published dataset and the folder it is in now."""

    name: str
    folder: Path


@dataclass(frozen=True)
class ExportedDataset(Result):
    """Where a dataset was written, and how many items of it. lost: what the format cannot hold; left_out: how many
    items are in no split, which a format of splits cannot hold."""

    name: str
    out: Path
    items: int
    format: str = "manifest"
    lost: tuple[str, ...] = ()
    left_out: int = 0


def list_datasets() -> DatasetList:
    """All datasets that have a name: the library's and the catalogue's."""
    return DatasetList((*(_own(entry) for entry in library()), *entries()))


def add_dataset(spec: str, *, reading: str | None = None, name: str = "") -> AddedDataset:
    """Read a folder, a zip or a manifest and give it a name in the library; no picture is decoded.

    reading: how ambiguous data is read. Raises InputError where it is no data, or the name is taken.
    """
    spec = with_reading(spec, reading)
    entry = edit.record(spec, open_dataset(spec))
    if entry is None:
        raise InputError(f"data is {spec!r}: that is the catalogue's; add a folder, a .zip or a .csv manifest")
    return AddedDataset(_own(edit.rename(entry.id, name) if name else entry))


def rename_dataset(name: str, new: str) -> RenamedDataset:
    """Give a dataset of the library another name. Raises InputError where the name is taken or cannot be one."""
    before = find_entry(name)
    return RenamedDataset(_own(edit.rename(before.id, new)), before.name)


def delete_dataset(name: str) -> DeletedDataset:
    """Delete what the lab unpacked; a person's own files are only forgotten, and stay. Runs stay, too.

    Of `DATA@VERSION` the version goes, and no picture and no decision. Raises InputError where another was made of it.
    """
    spec = path_spec(name)
    if is_version(spec):
        version = delete_version(spec)
        return DeletedDataset(display_name(spec), version.manifest.parent, files_deleted=False, version=True)
    entry = edit.delete(name)
    return DeletedDataset(entry.name, entry.folder, entry.unpacked)


def _own(entry: LibraryEntry) -> OwnDataset:
    return OwnDataset(
        name=entry.name,
        task=entry.task,
        classes=entry.classes,
        items=entry.items,
        available=entry.available,
        spec=entry.spec,
        folder=entry.folder,
        bytes=entry.bytes,
        digest=entry.digest,
        added=entry.added,
        unpacked=entry.unpacked,
        damaged=entry.damaged,
    )


def check_dataset(spec: str, *, reading: str | None = None, progress: Progress | None = None) -> DatasetReport:
    """Import a SPEC and decode every picture.

    reading: how ambiguous data is read, as `--reading` takes it. Raises InputError where it is no data at all.
    """
    dataset, problems = check(with_reading(spec, reading), progress=progress)
    levels = tuple(LabelLevel(level.name, tuple(level.classes)) for level in dataset.task.levels)
    return DatasetReport(
        name=dataset.name,
        task=dataset.task.kind,
        classes=tuple(dataset.classes),
        splits=dataset.sizes(),
        drawn=tuple(dataset.drawn),
        problems=tuple(problems),
        advice=advice(dataset),
        levels=levels if dataset.task.kind == "hierarchical" else None,
    )


def download_dataset(name: str, *, progress: Progress | None = None) -> DownloadedDataset:
    """Fetch a published dataset, because somebody asked for it."""
    return DownloadedDataset(name, Path(download(name, progress=progress)))


def export_dataset(
    spec: str,
    out: Path,
    *,
    format: str = "manifest",
    reading: str | None = None,
    side: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ExportedDataset:
    """Write any dataset as a manifest, or in another tool's format into a new folder; both open again.

    format: manifest, or a name of `clfcore.data.formats.table.FORMATS`. reading: how ambiguous data is read. side:
    photos (JPEG, PNG, WebP) whose shorter side is longer are written with one of so many pixels.
    """
    side = None if side is None else check_side(side)
    spec = path_spec(with_reading(spec, reading))
    if format != "manifest":
        if format not in FORMATS:
            raise unknown("format", format, ["manifest", *FORMATS])
        dataset = open_dataset(spec)
        written = write_dataset(dataset, format, out, side=side, progress=progress)
        return ExportedDataset(dataset.name, out, written.items, format, written.lost, written.left_out)
    dataset = open_dataset(spec)
    items = write_manifest(dataset, out, inputs=[parted(spec)[1]], overwrite=overwrite, side=side, progress=progress)
    return ExportedDataset(dataset.name, out, items)
