from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics as sk

from clfcore.errors import InputError
from clfcore.evaluation.auc import areas_under_curves
from clfcore.evaluation.curves import class_scores, precision_recall, roc
from clfcore.evaluation.operating_point import operating_point, threshold_for
from clfcore.predictions import Predictions
from tests.evaluation.made import predictions, quick, seeded, seeded_labels, single


@quick
@given(single(), st.sampled_from([0, 3, 512]))
def test_areas_of_each_class_equal_scikit_learn(predictions: Predictions, few: int) -> None:
    with patch("clfcore.evaluation.auc.FEW", few):  # both ways of counting
        found, p = areas_under_curves(predictions), predictions.probabilities()
    for c in range(p.shape[1]):
        truth = predictions.targets == c
        if not truth.any():
            assert np.isnan(found.auc[c])
            assert np.isnan(found.average_precision[c])
            continue
        assert found.average_precision[c] == pytest.approx(sk.average_precision_score(truth, p[:, c]), rel=1e-12)
        if truth.all():
            assert np.isnan(found.auc[c])
        else:
            assert found.auc[c] == pytest.approx(sk.roc_auc_score(truth, p[:, c]), rel=1e-12)


@quick
@given(single())
def test_roc_has_the_corners_of_scikit_learn_and_its_area(predictions: Predictions) -> None:
    truth = predictions.targets == 1
    assume(0 < truth.sum() < len(truth))
    curve = roc(predictions, classes=["c1"], pooled=False).curves[0]
    scores = class_scores(predictions, [1])[0][:, 0]  # to the last digit, which decides what is a tie
    np.testing.assert_allclose(scores, predictions.probabilities()[:, 1], rtol=1e-12)
    x, y, thresholds = sk.roc_curve(truth, scores, drop_intermediate=False)
    theirs = dict(zip(thresholds[1:], zip(x[1:], y[1:], strict=True), strict=True))
    for a, b, threshold in zip(curve.x[1:], curve.y[1:], curve.thresholds[1:], strict=True):
        assert theirs[threshold] == pytest.approx((a, b))
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(curve.area)
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)


@quick
@given(single())
def test_steps_of_precision_recall_add_up_to_average_precision(predictions: Predictions) -> None:
    assume((predictions.targets == 0).any())
    curve = precision_recall(predictions, classes=["c0"], pooled=False).curves[0]
    assert (np.diff(curve.x) * curve.y[1:]).sum() == pytest.approx(curve.area)


def test_micro_pools_all_decisions_and_macro_averages_classes() -> None:
    predictions = seeded()
    p, truth = predictions.probabilities(), np.eye(6)[predictions.targets]
    found = roc(predictions)
    assert found.micro.area == pytest.approx(sk.roc_auc_score(truth, p, average="micro"))
    assert found.macro.area == pytest.approx(sk.roc_auc_score(truth, p, average="macro"))
    assert np.trapezoid(found.macro.y, found.macro.x) == pytest.approx(found.macro.area, abs=2e-3)
    found = precision_recall(seeded_labels())
    labels, p = seeded_labels().targets, seeded_labels().probabilities()
    assert found.micro.area == pytest.approx(sk.average_precision_score(labels, p, average="micro"))
    assert found.macro.area == pytest.approx(sk.average_precision_score(labels, p, average="macro"))
    assert np.trapezoid(found.macro.y, found.macro.x) == pytest.approx(found.macro.area, abs=2e-2)


def test_two_classes_draw_the_second_and_many_are_limited() -> None:
    assert [curve.name for curve in roc(seeded(c=2)).curves] == ["c1"]
    many = roc(seeded(n=300, c=30))
    assert (len(many.curves), many.hidden) == (8, 22)


def test_thinned_curves_keep_their_ends_and_their_exact_area() -> None:
    answer = seeded(n=3000, c=2, gap=0.3)
    whole, thin = roc(answer, points=10**6).curves[0], roc(answer, points=50).curves[0]
    assert len(thin.x) <= 50 < len(whole.x)
    assert thin.area == whole.area
    assert thin.x[-1] == thin.y[-1] == 1


def test_a_class_without_items_is_named_and_an_unknown_one_refused() -> None:
    answer = predictions(np.eye(3)[[0, 1, 1]], [0, 1, 1])
    found = roc(answer, classes=["c0", "c2"])
    assert found.undefined == ("c2",)
    assert "c0" in found.describe()
    with pytest.raises(InputError, match=r"^class is 'c9': it must be one of c0, c1, c2"):
        roc(answer, classes=["c9"])


def test_an_operating_point_counts_the_four_cases() -> None:
    answer = predictions([[0, 2.0], [0, -1.0], [0, 1.0], [0, -2.0]], [1, 1, 0, 0])
    point = operating_point(answer, "c1", threshold=0.5)
    assert (point.true_positives, point.false_negatives, point.false_positives, point.true_negatives) == (1, 1, 1, 1)
    assert (point.sensitivity, point.specificity, point.precision, point.f1) == (0.5, 0.5, 0.5, 0.5)
    assert operating_point(answer, "c1", threshold=1.0).precision is None
    assert point.describe() == (
        "At a threshold of 0.5, 1 of 2 items of c1 are found, and 1 of 2 others are false positives."
    )


@quick
@given(single(most_classes=3), st.floats(0.01, 1))
def test_the_threshold_for_a_sensitivity_is_the_highest_that_reaches_it(
    predictions: Predictions, wanted: float
) -> None:
    assume((predictions.targets == 0).any())
    threshold = threshold_for(predictions, "c0", sensitivity=wanted)
    assert operating_point(predictions, "c0", threshold=threshold).sensitivity >= wanted - 1e-9
    above = np.nextafter(threshold, 2)
    assert operating_point(predictions, "c0", threshold=above).sensitivity < wanted


def test_the_threshold_for_a_precision_finds_the_most_and_refuses_the_unreachable() -> None:
    answer = predictions([[0, 3.0], [0, 2.0], [0, 1.0], [0, 0.0]], [1, 0, 1, 0])
    threshold = threshold_for(answer, "c1", precision=0.6)
    assert operating_point(answer, "c1", threshold=threshold).true_positives == 2
    flipped = predictions([[0, 3.0], [0, 2.0]], [0, 1])
    with pytest.raises(InputError, match=r"^precision is 0\.9: for class 'c1' no threshold reaches more than 0\.500"):
        threshold_for(flipped, "c1", precision=0.9)
    with pytest.raises(InputError, match="no item of this split is of class 'c1'"):
        threshold_for(predictions([[0, 3.0]], [0]), "c1", sensitivity=0.9)
    with pytest.raises(InputError, match="give one of the two"):
        threshold_for(answer, "c1")
