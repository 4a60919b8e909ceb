"""Operating point of one class against the rest: true and false positives and negatives at one threshold."""

from dataclasses import dataclass

import numpy as np

from clfcore.errors import InputError
from clfcore.evaluation.curves import scores_of_class, sweep
from clfcore.predictions import Predictions


@dataclass(frozen=True)
class OperatingPoint:
    """One class against the rest at one threshold: counts, and shares that are None where undefined."""

    name: str
    threshold: float
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def sensitivity(self) -> float | None:
        """Share of the positive items that are found; also recall."""
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def specificity(self) -> float | None:
        """Share of the negative items that are let pass."""
        return _share(self.true_negatives, self.true_negatives + self.false_positives)

    @property
    def precision(self) -> float | None:
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def f1(self) -> float | None:
        both = self.false_positives + self.false_negatives
        return _share(2 * self.true_positives, 2 * self.true_positives + both)

    def describe(self) -> str:
        hits, of = self.true_positives, self.true_positives + self.false_negatives
        return (
            f"At a threshold of {self.threshold:.3g}, {hits:,} of {of:,} items of {self.name} are found, "
            f"and {self.false_positives:,} of {self.false_positives + self.true_negatives:,} others are false "
            "positives."
        )


def operating_point(predictions: Predictions, name: str, *, threshold: float) -> OperatingPoint:
    """What happens when a probability of `threshold` or more counts as class `name`."""
    scores, truth = scores_of_class(predictions, name)
    positive = scores >= threshold
    return OperatingPoint(
        name,
        float(threshold),
        true_positives=int((positive & truth).sum()),
        false_positives=int((positive & ~truth).sum()),
        false_negatives=int((~positive & truth).sum()),
        true_negatives=int((~positive & ~truth).sum()),
    )


def threshold_for(
    predictions: Predictions, name: str, *, sensitivity: float | None = None, precision: float | None = None
) -> float:
    """The threshold that reaches a sensitivity with the fewest false alarms, or a precision with the most found.

    Choose it on validation data. Give one of the two; raises InputError where it cannot be reached.
    """
    if (sensitivity is None) == (precision is None):
        raise InputError("a threshold is chosen for a sensitivity or for a precision: give one of the two")
    scores, truth = scores_of_class(predictions, name)
    if not truth.any():
        raise InputError(f"no item of this split is of class {name!r}: a threshold for it cannot be chosen here")
    thresholds, hits, taken = sweep(scores, truth)
    if sensitivity is not None:
        if not 0 < sensitivity <= 1:
            raise InputError(f"sensitivity is {sensitivity:g}: it must be above 0 and at most 1")
        return float(thresholds[np.argmax(hits / truth.sum() >= sensitivity - 1e-12)])
    assert precision is not None, "the one of the two that was given"
    reached = np.flatnonzero(hits / taken >= precision - 1e-12)
    if not len(reached):
        best = (hits / taken).max()
        raise InputError(f"precision is {precision:g}: for class {name!r} no threshold reaches more than {best:.3f}")
    return float(thresholds[reached[-1]])


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
