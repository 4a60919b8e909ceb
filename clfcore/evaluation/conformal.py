"""Prediction sets by split conformal prediction: the classes of a set include the true one as often as was asked.

A class is in the set where its probability reaches a threshold (LAC: Sadinle, Lei and Wasserman 2019), which gives the
smallest sets on average; adaptive sets (Romano, Sesia and Candes 2020) are larger and were left out. The threshold is a
quantile, corrected for few items, of the probability that the true class has on validation (Angelopoulos and Bates
2021). Of several labels, the set includes all of an item's labels as often as was asked. The promise holds for pictures
like those of validation: on others, and where validation also chose epoch or temperature, only as far as test shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from clfcore.errors import InputError
from clfcore.evaluation.intervals import Interval, wilson
from clfcore.predictions import Predictions, probabilities
from clfcore.task import Task

COVERAGE = 0.9
CAUTION = (
    "The promise holds for pictures like those of validation, on average over pictures, not for each class. Validation "
    "also chose the best epoch, so that coverage can fall slightly short: test shows it."
)
SLACK = 1e-6  # the class on the threshold itself, computed again in another batch, stays in the set


@dataclass(frozen=True)
class SetRule:
    """From which probability a class is in the set, and on how many validation items of what level that was chosen."""

    coverage: float
    threshold: float
    items: int
    level: str

    def members(self, logits: np.ndarray, task: Task) -> np.ndarray:
        """Which classes of the rule's level are in each item's set: N x columns -> N x K bool."""
        names = [level.name for level in task.levels]
        part = task.slices[names.index(self.level)]
        return probabilities(logits, task)[:, part] >= self.threshold - SLACK

    def classes(self, logits: np.ndarray, task: Task) -> tuple[str, ...]:
        """The classes of one item's set, the likeliest first: logits 1 x columns."""
        at = [level.name for level in task.levels].index(self.level)
        likely = probabilities(logits, task)[0, task.slices[at]]
        members = self.members(logits, task)[0]
        return tuple(task.levels[at].classes[int(i)] for i in np.argsort(-likely, kind="stable") if members[i])


@dataclass(frozen=True)
class SetQuality:
    """What sets of a rule do on a split.

    covered: items whose set includes the true class, or all labels; sizes: how many sets have so many classes;
    interval: Wilson's of the coverage, 95%.
    """

    split: str
    items: int
    covered: int
    sizes: Mapping[int, int]

    @property
    def share(self) -> float:
        return self.covered / self.items

    @property
    def interval(self) -> Interval | None:
        return wilson(self.covered, self.items)

    @property
    def mean_size(self) -> float:
        return sum(size * count for size, count in self.sizes.items()) / self.items


def least_items(coverage: float) -> int:
    """How many validation items it takes: below, only the set of all classes could be promised.

    >>> least_items(0.9), least_items(0.95), least_items(0.99)
    (9, 19, 99)
    """
    return int(np.ceil(coverage / (1 - coverage) - 1e-9))


def set_rule(validation: Predictions, coverage: float = COVERAGE) -> SetRule:
    """The rule of a coverage, by validation predictions; of a hierarchy for its finest level.

    Raises InputError for a coverage that is not between 0 and 1, or that the items are too few for.
    """
    if not 0 < coverage < 1:
        raise InputError(f"coverage is {coverage:g}: it must be above 0 and below 1, such as 0.9")
    n = len(validation)
    if n < least_items(coverage):
        raise InputError(
            f"there are {n:,} validation images: sets with {100 * coverage:g}% coverage need at least "
            f"{least_items(coverage):,}; ask for less coverage, or train with more images"
        )
    return SetRule(coverage, _quantile(_true_probability(validation), coverage), n, validation.task.levels[-1].name)


def set_quality(rule: SetRule, predictions: Predictions) -> SetQuality | None:
    """What the rule's sets do on a split; None of no items."""
    if not len(predictions):
        return None
    members = rule.members(predictions.logits, predictions.task)
    covered = (members | ~_truth(predictions)).all(axis=1)
    sizes, counts = np.unique(members.sum(axis=1), return_counts=True)
    return SetQuality(
        predictions.split,
        len(predictions),
        int(covered.sum()),
        {int(size): int(count) for size, count in zip(sizes, counts, strict=True)},
    )


def _quantile(true: np.ndarray, coverage: float) -> float:
    """The floor((n + 1) (1 - coverage))-th smallest: as a score 1 - p, its ceil((n + 1) coverage)-th."""
    place = int(np.ceil((len(true) + 1) * coverage - 1e-9))
    return float(np.sort(true)[::-1][place - 1])


def _true_probability(predictions: Predictions) -> np.ndarray:
    """Of each item the probability of its true class, of several labels of the least likely one; 1 without labels."""
    p = predictions.probabilities()[:, predictions.task.slices[-1]]
    return np.where(_truth(predictions), p, 1.0).min(axis=1)


def _truth(predictions: Predictions) -> np.ndarray:
    """N x K bool, at the finest level."""
    targets = predictions.targets
    if predictions.task.kind == "multi-label":
        return targets > 0
    finest = targets if targets.ndim == 1 else targets[:, -1]
    return finest[:, None] == np.arange(len(predictions.classes))
