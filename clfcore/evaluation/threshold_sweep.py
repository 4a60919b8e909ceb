"""What a threshold would do to one label: precision, recall and F1 at each, to choose by eye."""

from dataclasses import dataclass

import numpy as np

from clfcore.evaluation.curves import scores_of_class, sweep
from clfcore.predictions import Predictions


@dataclass(frozen=True, eq=False)
class ThresholdCurve:
    """One label against the rest. thresholds rise; precision, recall and f1 at each, NaN where undefined."""

    name: str
    split: str
    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    positives: int
    items: int

    def describe(self) -> str:
        """One sentence, for those who cannot see the picture."""
        if not self.positives:
            return f"No item of {self.split} has the label {self.name}: precision and recall say nothing."
        best = int(np.nanargmax(self.f1))
        return (
            f"F1 of {self.name} on {self.split} is highest, {self.f1[best]:.3f}, at a threshold of "
            f"{self.thresholds[best]:.3g}."
        )


def threshold_curve(predictions: Predictions, name: str, *, points: int = 300) -> ThresholdCurve:
    """Precision, recall and F1 of a label (or of a class against the rest) at up to `points` thresholds that occur."""
    scores, truth = scores_of_class(predictions, name)
    thresholds, hits, taken = (values[::-1] for values in sweep(scores, truth))
    if len(thresholds) > points:
        few = np.unique(np.linspace(0, len(thresholds) - 1, points).round().astype(np.int64))
        thresholds, hits, taken = thresholds[few], hits[few], taken[few]
    positives = int(truth.sum())
    recall = hits / positives if positives else np.full(len(thresholds), np.nan)
    f1 = 2 * hits / (taken + positives) if positives else np.full(len(thresholds), np.nan)
    return ThresholdCurve(name, predictions.split, thresholds, hits / taken, recall, f1, positives, len(truth))
