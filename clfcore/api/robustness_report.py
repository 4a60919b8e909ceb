"""Robustness of runs: their accuracy on test images under corruption, on the same draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clfcore.errors import InputError
from clfcore.heavy_imports import load
from clfcore.progress import Progress
from clfcore.quality.corruptions import CORRUPTIONS, STRENGTHS
from clfcore.results import Result
from clfcore.runs import folder

ITEMS = 200


@dataclass(frozen=True)
class CorruptedAccuracy(Result):
    """How many images are right at one strength; interval: Wilson's of the accuracy, 95%."""

    strength: int
    right: int
    accuracy: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class RobustnessOfRun(Result):
    """A run's accuracy on clean images, its mean over all corrupted ones, and each kind's curve, weak to strong."""

    run: str
    clean: float
    corrupted: float
    corruptions: Mapping[str, tuple[CorruptedAccuracy, ...]]


@dataclass(frozen=True)
class RobustnessPair(Result):
    """How much more often b is right than a under corruption; interval: bootstrap over images, 95%."""

    a: str
    b: str
    difference: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class RobustnessReport(Result):
    """Robustness of runs on the same `items` test images, each corrupted by the same draws."""

    items: int
    runs: tuple[RobustnessOfRun, ...]
    pairs: tuple[RobustnessPair, ...]


def robustness(
    names: Sequence[str], *, items: int = ITEMS, runs: Path | None = None, progress: Progress | None = None
) -> RobustnessReport:
    """Accuracy of runs under twelve corruptions of three strengths (Hendrycks and Dietterich 2019).

    items: how many of the test images that all runs have. What a run's folder keeps is not computed again. Raises
    InputError where the runs share too few test images, or data or weights are gone.
    """
    load("torch")
    from clfcore.quality.robustness import measure_robustness, paired

    opened = [folder.open_run(name, runs) for name in names]
    if len({run.path for run in opened}) < len(opened):
        raise InputError("a run is named twice: name each run once")
    measured = measure_robustness(opened, items=items, progress=progress)
    reports = []
    for one in measured:
        curves = {
            kind: tuple(
                CorruptedAccuracy(s, one.right(kind, s), one.right(kind, s) / one.items, one.interval(kind, s))
                for s in STRENGTHS
            )
            for kind in CORRUPTIONS
        }
        clean = one.right("", 0) / one.items
        reports.append(RobustnessOfRun(one.run.id, clean, float(one.per_item.mean()), curves))
    pairs = tuple(RobustnessPair(p.a, p.b, p.difference, p.interval) for p in paired(measured))
    return RobustnessReport(measured[0].items, tuple(reports), pairs)
