"""What validation chooses: never by test, and judged with its uncertainty."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from clfcore.errors import InputError
from clfcore.evaluation import thresholds
from clfcore.evaluation.metrics import evaluate
from clfcore.predictions import Predictions
from clfcore.task import multi_label, single_label

BINARY = single_label(["healthy", "ill"])


def binary(seed: int, split: str = "validation", n: int = 200) -> Predictions:
    generator = np.random.default_rng(seed)
    truth = (generator.random(n) < 0.2).astype(np.int64)
    logits = np.stack([np.zeros(n), truth * 1.5 - 1 + generator.normal(size=n)], axis=1).astype(np.float32)
    return Predictions(BINARY, split, tuple(map(str, range(n))), truth, logits)


@given(st.integers(0, 1000), st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_the_wanted_sensitivity_is_reached_on_validation_with_the_fewest_false_alarms(seed: int, wanted: float) -> None:
    validation = binary(seed)
    at = thresholds.choose_operating_point(validation, "ill", sensitivity=wanted)
    found = thresholds.report_operating_point(validation, "ill", at)
    assert found.point.sensitivity >= wanted
    scores = validation.probabilities()[:, 1]
    higher = scores[scores > at]
    if len(higher):
        stricter = thresholds.report_operating_point(validation, "ill", float(higher.min()))
        assert stricter.point.sensitivity < wanted


def test_intervals_are_wilsons() -> None:
    found = thresholds.report_operating_point(binary(3, "test"), "ill", 0.4)
    p = found.point
    oracle = binomtest(p.true_positives, p.true_positives + p.false_negatives).proportion_ci(method="wilson")
    assert found.as_dict()["sensitivity_interval"] == pytest.approx(list(oracle))
    oracle = binomtest(p.true_negatives, p.true_negatives + p.false_positives).proportion_ci(method="wilson")
    assert found.as_dict()["specificity_interval"] == pytest.approx(list(oracle))


def test_test_never_chooses() -> None:
    with pytest.raises(InputError, match="validation alone"):
        thresholds.choose_operating_point(binary(1, "test"), "ill", sensitivity=0.9)
    task = multi_label(["a", "b"])
    test = Predictions(task, "test", ("x",), np.ones((1, 2), np.uint8), np.zeros((1, 2), np.float32))
    with pytest.raises(InputError, match="validation alone"):
        thresholds.choose_label_thresholds(test, "f1")


def test_what_is_asked_wrongly_is_refused() -> None:
    with pytest.raises(InputError, match="give one"):
        thresholds.choose_operating_point(binary(1), "ill")
    with pytest.raises(InputError, match="from 0 to 1"):
        thresholds.choose_operating_point(binary(1), "ill", threshold=1.5)
    with pytest.raises(InputError, match="did you mean ill"):
        thresholds.choose_operating_point(binary(1), "il", sensitivity=0.9)


def test_columns_of_one_kind_are_left_out_of_the_mean() -> None:
    """All-positive and all-negative labels have no area; the mean is that of the rest (scikit-learn)."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    generator = np.random.default_rng(0)
    targets = np.stack([np.ones(50), np.zeros(50), generator.random(50) < 0.5], axis=1).astype(np.uint8)
    logits = generator.normal(size=(50, 3)).astype(np.float32)
    predictions = Predictions(multi_label(["all", "none", "some"]), "test", tuple(map(str, range(50))), targets, logits)
    found = evaluate(predictions)
    assert found.macro_auc == pytest.approx(roc_auc_score(targets[:, 2], logits[:, 2]))
    oracle = average_precision_score(targets[:, [0, 2]], logits[:, [0, 2]])
    assert found.mean_average_precision == pytest.approx(oracle)
    assert thresholds.choose_label_thresholds(
        Predictions(predictions.task, "validation", predictions.ids, targets, logits), "f1"
    ).left == ("none",)
