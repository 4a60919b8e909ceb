"""Classes without a curve: those that a split has no image of, or that all of its images are of."""

from dataclasses import dataclass

import numpy as np

from clfcore.evaluation.outcomes import one_label
from clfcore.predictions import Predictions

NAMED = 8  # classes that a sentence names


@dataclass(frozen=True)
class MissingClasses:
    """Classes that are left out of curves and of their averages. absent: no image has them; universal: every one."""

    split: str
    absent: tuple[str, ...]
    universal: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.absent, *self.universal)

    def describe(self) -> str:
        """One sentence; empty where no class is left out.

        >>> MissingClasses("test", ("cat", "dog"), ()).describe()
        'Left out of the curves and averages: cat, dog (no test image has them).'
        """
        parts = []
        if self.absent:
            parts.append(f"{_listed(self.absent)} (no {self.split} image has {_them(self.absent)})")
        if self.universal:
            parts.append(f"{_listed(self.universal)} (every {self.split} image has {_them(self.universal)})")
        return f"Left out of the curves and averages: {'; '.join(parts)}." if parts else ""


def missing_classes(predictions: Predictions) -> MissingClasses:
    """The classes of the finest level, or labels, whose curve does not exist on this split."""
    if predictions.task.kind == "multi-label":
        counts = (predictions.targets > 0).sum(axis=0)
    else:
        predictions = one_label(predictions)
        counts = np.bincount(predictions.targets, minlength=len(predictions.classes))
    items = len(predictions)
    absent = tuple(name for name, n in zip(predictions.classes, counts.tolist(), strict=True) if n == 0)
    universal = tuple(name for name, n in zip(predictions.classes, counts.tolist(), strict=True) if n == items > 0)
    return MissingClasses(predictions.split, absent, universal)


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED:,} more"


def _them(names: tuple[str, ...]) -> str:
    return "it" if len(names) == 1 else "them"
