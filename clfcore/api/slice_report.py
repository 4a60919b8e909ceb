"""Slices of a run: groups of images on which it is right significantly less often."""

from dataclasses import dataclass
from pathlib import Path

from clfcore.heavy_imports import load
from clfcore.progress import Progress
from clfcore.results import Result
from clfcore.runs import folder

SHOWN = 24  # items of a slice that are named


@dataclass(frozen=True)
class SliceRow(Result):
    """A group of images and how often the run is right in it, against all others.

    by, name: by what, and which; interval: Wilson's of the accuracy, 95%; adjusted: the p-value, corrected for all
    groups that were tested; ids: its images, those that the run gets wrong first, at most 24.
    """

    by: str
    name: str
    items: int
    right: int
    accuracy: float
    rest_accuracy: float
    interval: tuple[float, float] | None
    p_value: float
    adjusted: float
    significant: bool
    ids: tuple[str, ...]


@dataclass(frozen=True)
class SliceReport(Result):
    """A run's slices on a split: all groups that were tested, the most significant first."""

    run: str
    split: str
    items: int
    right: int
    accuracy: float
    significant: int
    slices: tuple[SliceRow, ...]


def slices(
    run: str,
    *,
    split: str | None = None,
    level: str | None = None,
    runs: Path | None = None,
    progress: Progress | None = None,
) -> SliceReport:
    """Where a run is right significantly less often: by class, size, shape, brightness, contrast, sharpness, cluster.

    split: None is test, else validation. level: of a hierarchy, None is the finest. Raises InputError where the split
    is not there or too small, or the data or the weights are gone.
    """
    load("torch")
    from clfcore.quality.run_slices import slices_of_run

    opened = folder.open_run(run, runs)
    measured = slices_of_run(opened, split, level=level, progress=progress)
    rows = tuple(
        SliceRow(
            by=one.by,
            name=one.name,
            items=one.items,
            right=one.right,
            accuracy=one.accuracy,
            rest_accuracy=one.rest_accuracy,
            interval=one.interval,
            p_value=one.p_value,
            adjusted=one.adjusted,
            significant=one.significant,
            ids=one.ids[:SHOWN],
        )
        for one in measured.slices
    )
    return SliceReport(
        run=opened.id,
        split=measured.split,
        items=measured.items,
        right=measured.right,
        accuracy=measured.right / measured.items,
        significant=sum(row.significant for row in rows),
        slices=rows,
    )
