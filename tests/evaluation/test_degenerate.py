"""What every view does with one class, one item, no item, or scores that are all equal: an answer, never a fault."""

import numpy as np
import pytest

from clfcore import figures
from clfcore.evaluation import baselines, calibration, compare, curves, ensembles, intervals, mistakes, report
from clfcore.predictions import Predictions
from tests.evaluation.made import predictions

CASES = {
    "one class": predictions([[1.0], [2.0]], [0, 0]),
    "one item": predictions([[1.0, 2.0]], [0]),
    "no item": predictions(np.zeros((0, 3)), np.zeros(0, np.int64)),
    "equal scores": predictions(np.zeros((5, 3)), [1, 1, 1, 1, 1]),
}


@pytest.mark.parametrize("said", CASES.values(), ids=CASES)
def test_every_view_answers(said: Predictions) -> None:
    intervals.headline(said, resamples=20)
    baselines.baselines(said)
    assert len(report.per_class(said)) == len(said.classes)
    assert len(report.table_csv(said).splitlines()) == len(said) + 1
    for view in (mistakes.most_confident, mistakes.least_confident_correct, mistakes.closest_calls):
        assert len(view(said)) <= len(said)
    assert len(mistakes.highest_loss(said)) == len(said)
    matrix = mistakes.confusion(said)
    for order in ("name", "data", "support", "similarity"):
        assert matrix.ordered(order).items == len(said)
    for norm in ("counts", "by-truth", "by-prediction"):
        figures.confusion(matrix, norm=norm, errors_only=True)
    drawn = (
        figures.roc(curves.roc(said)),
        figures.precision_recall(curves.precision_recall(said)),
        figures.reliability(calibration.reliability(said)),
        figures.agreement(ensembles.agreement([("a", said), ("b", said)])),
    )
    assert not any("nan" in figures.alternative(figure) for figure in drawn)


@pytest.mark.parametrize("said", [said for said in CASES.values() if len(said)])
def test_equal_runs_are_not_told_apart(said: Predictions) -> None:
    found = compare.compare([("a", said), ("b", said)], resamples=20)
    assert {pair.better for pair in found.pairs} == {None}
    figures.differences(found.pairs[:1])
