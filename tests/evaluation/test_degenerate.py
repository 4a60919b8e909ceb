"""What every view does with one class, one item, no item, or scores that are all equal: an answer, never a fault."""

import numpy as np
import pytest

from clfcore.evaluation import (
    baselines,
    calibration,
    classification_report,
    compare,
    curves,
    ensembles,
    errors,
    intervals,
)
from clfcore.figures.calibration import reliability_figure
from clfcore.figures.confusion import confusion_figure
from clfcore.figures.curves import precision_recall_figure, roc_figure
from clfcore.figures.matrices import agreement_figure
from clfcore.figures.paired_comparison import differences_figure
from clfcore.figures.theme import alternative
from clfcore.predictions import Predictions
from tests.evaluation.made import predictions

CASES = {
    "one class": predictions([[1.0], [2.0]], [0, 0]),
    "one item": predictions([[1.0, 2.0]], [0]),
    "no item": predictions(np.zeros((0, 3)), np.zeros(0, np.int64)),
    "equal scores": predictions(np.zeros((5, 3)), [1, 1, 1, 1, 1]),
}


@pytest.mark.parametrize("answer", CASES.values(), ids=CASES)
def test_every_view_answers(answer: Predictions) -> None:
    intervals.headline(answer, resamples=20)
    baselines.baselines(answer)
    assert len(classification_report.per_class(answer)) == len(answer.classes)
    assert len(classification_report.table_csv(answer).splitlines()) == len(answer) + 1
    for view in (errors.most_confident, errors.least_confident_correct, errors.closest_calls):
        assert len(view(answer)) <= len(answer)
    assert len(errors.highest_loss(answer)) == len(answer)
    matrix = errors.confusion(answer)
    for order in ("name", "data", "support", "similarity"):
        assert matrix.ordered(order).items == len(answer)
    for norm in ("counts", "by-truth", "by-prediction"):
        confusion_figure(matrix, norm=norm, errors_only=True)
    drawn = (
        roc_figure(curves.roc(answer)),
        precision_recall_figure(curves.precision_recall(answer)),
        reliability_figure(calibration.reliability(answer)),
        agreement_figure(ensembles.agreement([("a", answer), ("b", answer)])),
    )
    assert not any("nan" in alternative(figure) for figure in drawn)


@pytest.mark.parametrize("predictions", [predictions for predictions in CASES.values() if len(predictions)])
def test_equal_runs_are_not_told_apart(predictions: Predictions) -> None:
    found = compare.compare([("a", predictions), ("b", predictions)], resamples=20)
    assert {pair.better for pair in found.pairs} == {None}
    differences_figure(found.pairs[:1])
