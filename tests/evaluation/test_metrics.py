import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from sklearn import metrics as sk
from sklearn.exceptions import UndefinedMetricWarning

from clfcore.evaluation.metrics import consistent, evaluate, score
from clfcore.evaluation.outcomes import outcomes
from clfcore.predictions import Predictions
from tests.evaluation.made import PATHS, hierarchical, predictions, quick, seeded, seeded_labels, several, single

SINGLE = [
    "accuracy",
    "balanced_accuracy",
    "top5_accuracy",
    "macro_precision",
    "macro_recall",
    "macro_f1",
    "macro_auc",
    "nll",
    "ece",
]
MULTI = ["mean_average_precision", "micro_f1", "macro_f1", "subset_accuracy", "hamming_loss", "macro_auc"]


def by_sklearn(predictions: Predictions) -> dict[str, float | None]:
    """The same names by scikit-learn, class by class where it would refuse an absent class."""
    truth, p, c = predictions.targets, predictions.probabilities(), len(predictions.classes)
    predicted = predictions.logits.argmax(axis=1)
    averaged = {"average": "macro", "zero_division": 0}
    wanted = range(1, 2) if c == 2 else range(c)
    areas = [sk.roc_auc_score(truth == k, p[:, k]) for k in wanted if 0 < (truth == k).sum() < len(truth)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # predictions of a class that truth lacks
        balanced = sk.balanced_accuracy_score(truth, predicted)
    return {
        "accuracy": sk.accuracy_score(truth, predicted),
        "balanced_accuracy": balanced,
        "macro_precision": sk.precision_score(truth, predicted, **averaged),
        "macro_recall": sk.recall_score(truth, predicted, **averaged),
        "macro_f1": sk.f1_score(truth, predicted, **averaged),
        "macro_auc": np.mean(areas) if areas else None,
        "nll": sk.log_loss(truth, p, labels=range(c)),
    }


@quick
@given(single())
def test_single_label_metrics_equal_scikit_learn_with_ties_and_absent_classes(predictions: Predictions) -> None:
    ours = evaluate(predictions).as_dict()
    for name, value in by_sklearn(predictions).items():
        assert ours[name] == (None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)), name


@quick
@given(single(most_classes=3))
def test_calibration_error_equals_a_loop_over_the_bins(predictions: Predictions) -> None:
    p = predictions.probabilities()
    confidence, right = p.max(axis=1), p.argmax(axis=1) == predictions.targets
    expected = 0.0
    for low in range(15):
        inside = (confidence > low / 15) & (confidence <= (low + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert evaluate(predictions).ece == pytest.approx(expected, abs=1e-12)


def test_top5_equals_scikit_learn_without_ties_and_the_order_of_argmax_with_them() -> None:
    stored = seeded(c=12)
    expected = sk.top_k_accuracy_score(stored.targets, stored.logits, k=5, labels=range(12))
    assert evaluate(stored).top5_accuracy == pytest.approx(expected)
    constant = predictions(np.zeros((12, 12)), np.arange(12))
    assert evaluate(constant).top5_accuracy == 5 / 12
    assert outcomes(constant).rank.tolist() == list(range(12))


@quick
@given(single())
def test_rank_zero_is_a_right_answer(predictions: Predictions) -> None:
    done = outcomes(predictions)
    assert ((done.rank == 0) == done.right).all()


def test_names_are_those_of_the_design() -> None:
    assert list(evaluate(seeded(c=6)).as_dict()) == SINGLE
    assert list(evaluate(seeded(c=5)).as_dict()) == [name for name in SINGLE if name != "top5_accuracy"]
    assert list(evaluate(seeded_labels()).as_dict()) == MULTI
    levels = evaluate(hierarchical([(0, 0)], [(0, 0)])).as_dict()
    assert list(levels) == ["kingdom", "kind", "consistency"]
    assert list(levels["kind"]) == [name for name in SINGLE if name != "top5_accuracy"]


def test_no_items_give_null_and_one_item_gives_no_auc() -> None:
    nothing = predictions(np.zeros((0, 6)), np.zeros(0, np.int64))
    assert set(evaluate(nothing).as_dict().values()) == {None}
    assert score(nothing) == 0.0
    one = evaluate(predictions([[2.0, 0.0]], [0])).as_dict()
    assert one["accuracy"] == 1.0
    assert one["macro_auc"] is None
    no_labels = predictions(np.zeros((0, 3)), np.zeros((0, 3), np.uint8), kind="multi-label")
    assert set(evaluate(no_labels).as_dict().values()) == {None}


@quick
@given(several())
def test_multi_label_metrics_equal_scikit_learn(predictions: Predictions) -> None:
    truth, p = predictions.targets, predictions.probabilities()
    predicted = (p >= 0.5).astype(int)
    columns = range(truth.shape[1])
    precisions = [sk.average_precision_score(truth[:, k], p[:, k]) for k in columns if truth[:, k].any()]
    areas = [sk.roc_auc_score(truth[:, k], p[:, k]) for k in columns if 0 < truth[:, k].sum() < len(truth)]
    pooled = sk.f1_score(truth.ravel(), predicted.ravel(), zero_division=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        each = [sk.f1_score(truth[:, k], predicted[:, k], zero_division=0) for k in columns]
    assert evaluate(predictions).as_dict() == {
        "mean_average_precision": pytest.approx(np.mean(precisions)) if precisions else None,
        "micro_f1": pytest.approx(pooled),
        "macro_f1": pytest.approx(np.mean(each)),
        "subset_accuracy": pytest.approx((truth == predicted).all(axis=1).mean()),
        "hamming_loss": pytest.approx((truth != predicted).mean()),
        "macro_auc": pytest.approx(np.mean(areas)) if areas else None,
    }


def test_thresholds_replace_the_half() -> None:
    answer = predictions([[1.0, -1.0], [-1.0, 1.0]], [[0, 1], [0, 1]], kind="multi-label")
    assert evaluate(answer).subset_accuracy == 0.5
    assert evaluate(answer, thresholds=[0.9, 0.1]).subset_accuracy == 1.0


def test_hierarchical_metrics_are_those_of_each_level_and_consistency_counts_real_paths() -> None:
    predictions = hierarchical([(0, 0), (0, 2), (1, 3), (1, 4)], [(0, 0), (1, 2), (1, 3), (1, 2)])
    found = evaluate(predictions, paths=PATHS).as_dict()
    assert found["kingdom"]["accuracy"] == 0.75
    assert found["kind"] == evaluate(predictions.level("kind")).as_dict()
    assert found["consistency"] == 0.75  # animal / oak is none
    assert consistent(predictions, paths=PATHS).tolist() == [True, False, True, True]
    assert (
        evaluate(predictions).as_dict()["consistency"] == 0.5
    )  # the task knows no paths, the targets do not show plant / moss
    assert (
        evaluate(replace(predictions, task=replace(predictions.task, paths=tuple(map(tuple, PATHS))))).consistency
        == 0.75
    )
    assert score(predictions) == 0.75


@quick
@given(single())
def test_score_is_what_the_best_epoch_is_chosen_by(predictions: Predictions) -> None:
    assert score(predictions) == evaluate(predictions).accuracy


def test_scores_of_several_labels_is_mean_average_precision() -> None:
    answer = seeded_labels()
    assert score(answer) == evaluate(answer).mean_average_precision


def test_extreme_logits_stay_finite() -> None:
    answer = predictions([[3e4, -3e4], [-3e4, 3e4]], [0, 0])
    found = evaluate(answer)
    assert found.nll == 3e4
    assert found.ece == 0.5


def test_large_input_in_blocks_and_threads_equals_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = seeded(n=3000, c=40)
    whole = outcomes(answer)
    monkeypatch.setattr("clfcore.evaluation.outcomes.WORTH_THREADS", 1)
    monkeypatch.setattr("clfcore.evaluation.outcomes.BLOCK", 40 * 7)
    parts = outcomes(answer)
    for name in ("predicted", "rank", "confidence", "p_truth", "loss", "squares"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name)), name


def test_one_class_only_has_nothing_to_rank() -> None:
    found = evaluate(predictions([[1.0], [2.0]], [0, 0])).as_dict()
    assert found == {
        "accuracy": 1.0,
        "balanced_accuracy": 1.0,
        "macro_precision": 1.0,
        "macro_recall": 1.0,
        "macro_f1": 1.0,
        "macro_auc": None,
        "nll": 0.0,
        "ece": 0.0,
    }
