"""Retraining on another version of the data, and the verdict: is the new run better, on the items that both have?

The configuration stays the same but for its data, so that what differs is the labels that were learned from. Both runs
are compared on their common test items under the corrected labels, and scored under the labels before and after:
correcting only what a model dislikes flatters it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from clfcore.config import RunConfig
from clfcore.data.library.specs import display_name, path_spec
from clfcore.data.library.versioned import split_version
from clfcore.errors import InputError
from clfcore.evaluation.common_items import CommonItems, common_items
from clfcore.evaluation.compare import Comparison, Difference, Named, compare, hits
from clfcore.evaluation.intervals import Interval, wilson
from clfcore.results import JsonObject, Result
from clfcore.runs.folder import Run

C = TypeVar("C", bound=RunConfig)
FLATTERS = (
    "Correcting only what the model dislikes flatters it: a wrong label that the model agrees with is never looked at, "
    "so the accuracy on corrected labels is optimistic."
)


@dataclass(frozen=True)
class LabelsAccuracy(Result):
    """Accuracy of both runs on the common items under one set of labels; of several labels subset accuracy.

    before, after: of the run before and of the retrained one, with 95% intervals (Wilson).
    """

    before: float
    before_interval: Interval
    after: float
    after_interval: Interval


@dataclass(frozen=True)
class RetrainVerdict(Result):
    """What retraining on corrected data gained.

    data_before, data_after: what the runs were trained on. items: that both were scored on; left_out: those that one
    alone was. test_relabeled: of the common items those whose label was corrected. difference: after - before under the
    corrected labels. words: the verdict in sentences, in which the runs are called by their data.
    """

    before: str
    after: str
    data_before: str
    data_after: str
    split: str
    items: int
    left_out: int
    test_relabeled: int
    old_labels: LabelsAccuracy
    new_labels: LabelsAccuracy
    difference: Difference
    comparison: Comparison
    words: tuple[str, ...]

    def as_json(self) -> JsonObject:
        """The comparison is its pairs alone, as `compare --json` has them."""
        values = super().as_json()
        del values["difference"], values["comparison"]
        return {**values, "pairs": self.comparison.as_dict()["pairs"]}


def retrain_config(config: C, data: str) -> C:
    """The same configuration on other data. Raises InputError where that is the data that it has."""
    spec = path_spec(data)
    if spec == path_spec(config.data):
        raise InputError(f"data is {display_name(spec)}: the run was trained on that; name a version of it")
    return config.changed(data=spec)


def is_version_of(spec: str, other: str) -> bool:
    """Whether two SPECs are the same data, or versions of the same data."""
    return split_version(path_spec(spec)).base == split_version(path_spec(other)).base


def retrain_verdict(before: Run, after: Run) -> RetrainVerdict:
    """What the retrained run gained over the one before, on test where both have it, else on validation.

    Raises InputError where one has no predictions, or they have no item in common.
    """
    for run in (before, after):
        if not run.splits:
            raise InputError(f"run {run.id} is {run.state} and has no predictions: let it finish, or resume it")
    split = "test" if "test" in before.splits and "test" in after.splits else "validation"
    common = common_items([(run.id, run.predictions(split)) for run in (before, after)])
    comparison = compare(common.runs)
    difference = comparison.pairs[0]
    names = display_name(before.config.data), display_name(after.config.data)
    named = replace(difference, a=names[0], b=names[1]) if names[0] != names[1] else difference
    old, new = _accuracy(common.under_labels_before()), _accuracy(common.runs)
    return RetrainVerdict(
        before=before.id,
        after=after.id,
        data_before=names[0],
        data_after=names[1],
        split=split,
        items=comparison.items,
        left_out=common.left_out,
        test_relabeled=len(common.relabeled),
        old_labels=old,
        new_labels=new,
        difference=difference,
        comparison=comparison,
        words=_words(named, common, split=split, old=old, new=new),
    )


def _accuracy(runs: Sequence[Named]) -> LabelsAccuracy:
    scores = []
    for _, predictions in runs:
        right = hits(predictions)
        scores.append((float(right.mean()), wilson(int(right.sum()), len(right)) or Interval(0.0, 1.0)))
    (before, before_interval), (after, after_interval) = scores
    return LabelsAccuracy(before, before_interval, after, after_interval)


def _words(
    difference: Difference, common: CommonItems, *, split: str, old: LabelsAccuracy, new: LabelsAccuracy
) -> tuple[str, ...]:
    changed, items = len(common.relabeled), len(common.before)
    words = [difference.describe()]
    if changed:
        labels = "label was" if changed == 1 else "labels were"
        words.append(
            f"{changed:,} of {items:,} {split} {labels} corrected. Under the original labels, accuracy went from "
            f"{old.before:.1%} to {old.after:.1%}; under the corrected ones from {new.before:.1%} to {new.after:.1%}."
        )
        words.append(FLATTERS)
    else:
        words.append(
            f"No {split} label was corrected: accuracy went from {new.before:.1%} to {new.after:.1%} on the same "
            f"{items:,} items."
        )
    if common.left_out:
        are = "item is" if common.left_out == 1 else "items are"
        words.append(f"{common.left_out:,} {split} {are} in one version alone, and count for neither run.")
    return tuple(words)
