"""Datasets: the catalogue, a check of any data, a download, a manifest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clfcore.data.catalogue import Entry, entries, open_dataset
from clfcore.data.checks import advice, check
from clfcore.data.dataset import Problem
from clfcore.data.download import download
from clfcore.data.export import write_manifest
from clfcore.data.importers.readings import parted, with_reading
from clfcore.progress import Progress
from clfcore.results import WHEN_KNOWN, Result
from clfcore.task import TaskKind


@dataclass(frozen=True)
class DatasetList(Result):
    """The catalogue's rows."""

    datasets: tuple[Entry, ...]


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
    """A manifest, and how many items it lists."""

    name: str
    out: Path
    items: int


def list_datasets() -> DatasetList:
    """The catalogue."""
    return DatasetList(tuple(entries()))


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
    reading: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ExportedDataset:
    """Write any dataset as a manifest that opens again. reading: how ambiguous data is read."""
    spec = with_reading(spec, reading)
    dataset = open_dataset(spec)
    items = write_manifest(dataset, out, inputs=[parted(spec)[1]], overwrite=overwrite, progress=progress)
    return ExportedDataset(dataset.name, out, items)
