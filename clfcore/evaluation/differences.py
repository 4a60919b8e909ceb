"""Where two runs differ class by class, and which runs are worth their cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clfcore.evaluation.classification_report import per_class
from clfcore.evaluation.compare import Named, aligned
from clfcore.evaluation.confusion import confusion
from clfcore.evaluation.intervals import Interval, wilson


@dataclass(frozen=True)
class ClassDifference:
    """F1 and recall of one class in two runs; None where undefined. difference: of recall, b - a."""

    name: str
    support: int
    recall_a: float | None
    recall_b: float | None
    f1_a: float | None
    f1_b: float | None
    difference: float | None


def class_differences(a: Named, b: Named) -> tuple[ClassDifference, ...]:
    """A row a class, in the task's order. Raises InputError where the runs are not of the same items."""
    rows = zip(*(per_class(predictions, ranked=False) for _, predictions in aligned([a, b])), strict=True)
    return tuple(
        ClassDifference(
            one.name,
            one.support,
            one.recall,
            two.recall,
            one.f1,
            two.f1,
            None if one.recall is None or two.recall is None else two.recall - one.recall,
        )
        for one, two in rows
    )


def most_moved(rows: Sequence[ClassDifference], n: int) -> tuple[ClassDifference, ...]:
    """The n classes whose recall moved most, either way, in the task's order; those without recall are left out."""
    changes = {i: abs(row.difference) for i, row in enumerate(rows) if row.difference is not None}
    largest = sorted(changes, key=lambda i: -changes[i])[:n]
    return tuple(rows[i] for i in sorted(largest))


@dataclass(frozen=True, eq=False)
class ConfusionDifference:
    """Items of each true class (row) by predicted class (column) in run b less those in run a: C x C int64."""

    a: str
    b: str
    classes: tuple[str, ...]
    counts: np.ndarray

    def part(self, n: int) -> "ConfusionDifference":
        """The n classes whose rows and columns moved most, in their order."""
        change = np.abs(self.counts)
        chosen = np.sort(np.argsort(-(change.sum(axis=0) + change.sum(axis=1)), kind="stable")[:n])
        names = tuple(self.classes[i] for i in chosen)
        return ConfusionDifference(self.a, self.b, names, self.counts[np.ix_(chosen, chosen)])

    def describe(self) -> str:
        """One sentence, for those who cannot see the picture."""
        gained = int(np.trace(self.counts))
        way = "more" if gained >= 0 else "fewer"
        return f"{self.b} gets {abs(gained):,} {way} items right than {self.a}, over {len(self.classes)} classes."


def confusion_difference(a: Named, b: Named) -> ConfusionDifference:
    """What moved between the confusion matrices of two runs. Raises InputError as `class_differences`."""
    (name_a, one), (name_b, two) = aligned([a, b])
    before, after = confusion(one), confusion(two)
    return ConfusionDifference(name_a, name_b, before.classes, after.counts - before.counts)


@dataclass(frozen=True)
class CostEfficiency:
    """A run's accuracy and what it costs (parameters, multiply-adds, seconds …: any one of them, less is better)."""

    run: str
    accuracy: float
    interval: Interval
    cost: float
    on_front: bool


def cost_efficiency(runs: Sequence[tuple[str, int, int, float]]) -> tuple[CostEfficiency, ...]:
    """Accuracy against cost, the cheapest first. runs: (name, right items, items, cost).

    on_front: no other run is as cheap and more accurate, or as accurate and cheaper (the Pareto front).
    """
    known = [
        (name, right / items, interval, cost)
        for name, right, items, cost in runs
        if (interval := wilson(right, items)) is not None
    ]
    out = []
    for name, accuracy, interval, cost in sorted(known, key=lambda row: (row[3], -row[1], row[0])):
        beaten = any(
            other_accuracy >= accuracy and other_cost <= cost and (other_accuracy, -other_cost) != (accuracy, -cost)
            for _, other_accuracy, _, other_cost in known
        )
        out.append(CostEfficiency(name, accuracy, interval, cost, not beaten))
    return tuple(out)
