"""What validation chooses and another split is judged by: thresholds of labels, the operating point of one class.

Test never chooses: a function here takes the validation predictions by name, and refuses those of any other split.
"""

from dataclasses import dataclass
from typing import Literal

from clfcore.errors import InputError
from clfcore.evaluation.intervals import Interval, wilson
from clfcore.evaluation.multilabel import Thresholds, choose_thresholds
from clfcore.evaluation.operating_point import OperatingPoint, operating_point, threshold_for
from clfcore.predictions import Predictions
from clfcore.results import JsonObject

Goal = Literal["half", "f1", "precision", "recall"]


@dataclass(frozen=True)
class OperatingReport:
    """One class at one threshold on one split, with 95% Wilson intervals (None where there is no item)."""

    split: str
    point: OperatingPoint
    sensitivity: Interval | None
    specificity: Interval | None

    def as_dict(self) -> JsonObject:
        p = self.point
        return {
            "true_positives": p.true_positives,
            "false_positives": p.false_positives,
            "false_negatives": p.false_negatives,
            "true_negatives": p.true_negatives,
            "sensitivity": p.sensitivity,
            "sensitivity_interval": _listed(self.sensitivity),
            "specificity": p.specificity,
            "specificity_interval": _listed(self.specificity),
            "precision": p.precision,
            "f1": p.f1,
        }


def choose_label_thresholds(validation: Predictions, goal: Goal, *, wanted: float = 0.9) -> Thresholds | None:
    """A threshold a label, chosen on validation; None for `half`, 0.5 each."""
    if goal == "half":
        return None
    return choose_thresholds(_only_validation(validation), goal, wanted=wanted)


def choose_operating_point(
    validation: Predictions,
    name: str,
    *,
    sensitivity: float | None = None,
    precision: float | None = None,
    threshold: float | None = None,
) -> float:
    """The threshold of class `name`: given, or chosen on validation for a sensitivity or a precision.

    Raises InputError unless exactly one of the three is given, and where it cannot be reached.
    """
    if sum(value is not None for value in (sensitivity, precision, threshold)) != 1:
        raise InputError("an operating point needs one of sensitivity, precision or threshold: give one")
    if threshold is not None:
        if not 0 <= threshold <= 1:
            raise InputError(f"threshold is {threshold:g}: it must be from 0 to 1")
        return threshold
    return threshold_for(_only_validation(validation), name, sensitivity=sensitivity, precision=precision)


def report_operating_point(predictions: Predictions, name: str, threshold: float) -> OperatingReport:
    """What a threshold means on a split: counts, sensitivity and specificity, and how sure both are."""
    p = operating_point(predictions, name, threshold=threshold)
    recall = wilson(p.true_positives, p.true_positives + p.false_negatives)
    passed = wilson(p.true_negatives, p.true_negatives + p.false_positives)
    return OperatingReport(predictions.split, p, recall, passed)


def _only_validation(predictions: Predictions) -> Predictions:
    if predictions.split != "validation":
        raise InputError(f"the split is {predictions.split}: thresholds are chosen on validation alone")
    return predictions


def _listed(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]
