import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap
from sklearn import metrics as sk

from clfcore.evaluation.bootstrap_auc import weighted_areas
from clfcore.evaluation.intervals import (
    calibration_errors,
    headline,
    resampled,
    single_label_scores,
    wilson,
)
from clfcore.evaluation.metrics import evaluate
from clfcore.evaluation.outcomes import outcomes
from tests.evaluation.made import hierarchical, predictions, seeded, seeded_labels


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (0, 200), (17, 40), (348, 373), (373, 373)])
def test_wilson_equals_scipy(successes: int, n: int) -> None:
    theirs = binomtest(successes, n).proportion_ci(method="wilson")
    assert wilson(successes, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize("n", [200, 373, 1000])
@pytest.mark.parametrize("p", [0.5, 0.8, 0.9, 0.934])
def test_wilson_covers_the_truth_as_often_as_it_says(n: int, p: float) -> None:
    drawn = np.random.default_rng(n).binomial(n, p, size=4000)
    covered = {int(k): wilson(int(k), n) for k in np.unique(drawn)}
    assert 0.93 <= np.mean([covered[int(k)].low <= p <= covered[int(k)].high for k in drawn]) <= 0.97


def test_each_resample_is_scored_as_if_its_items_stood_there() -> None:
    stored = seeded(n=60, c=4)
    done = outcomes(stored)
    weights = next(resampled(60, 5, seed=3))
    assert (weights.sum(axis=1) == 60).all()
    found = {**single_label_scores(done, weights), "ece": calibration_errors(done, weights)}
    p, truth = stored.probabilities(), np.eye(4, dtype=bool)[stored.targets]
    area = weighted_areas(p, truth, weights)
    for i, row in enumerate(weights.astype(int)):
        items = np.repeat(np.arange(60), row)
        alone = evaluate(predictions(stored.logits[items], stored.targets[items]))
        for name, values in found.items():
            assert values[i] == pytest.approx(getattr(alone, name)), name
        assert area.macro_auc[i] == pytest.approx(alone.macro_auc)
        precisions = [sk.average_precision_score(truth[items, c], p[items, c]) for c in range(4)]
        assert area.mean_average_precision[i] == pytest.approx(np.mean(precisions))


def test_weighted_areas_treat_ties_and_absent_classes_as_unweighted_ones() -> None:
    rng = np.random.default_rng(0)
    scores, truth = rng.integers(4, size=(40, 3)) / 4, rng.random((40, 3)) < 0.3
    truth[:, 2] = False
    area = weighted_areas(scores, truth, np.ones((1, 40)))
    assert area.macro_auc[0] == pytest.approx(np.mean([sk.roc_auc_score(truth[:, c], scores[:, c]) for c in (0, 1)]))
    assert np.isnan(weighted_areas(scores, np.zeros_like(truth), np.ones((1, 40))).macro_auc[0])


def test_bootstrap_intervals_are_near_those_of_scipy() -> None:
    predictions = seeded(n=300, c=3)
    ours = headline(predictions, resamples=4000)
    predicted = predictions.logits.argmax(axis=1)
    theirs = bootstrap(
        (predictions.targets, predicted),
        lambda a, b: sk.f1_score(a, b, average="macro"),
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=800,
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert ours["macro_f1"] == pytest.approx((theirs.low, theirs.high), abs=0.01)


@pytest.mark.parametrize("answer", [seeded(c=7), seeded(c=2), seeded_labels()], ids=["seven", "two", "labels"])
def test_every_headline_metric_has_an_interval_around_it(answer) -> None:
    found, values = headline(answer, resamples=300), evaluate(answer).as_dict()
    assert list(found) == list(values)
    for name, interval in found.items():
        assert 0 <= interval.low < interval.high, name
        if name != "ece":
            assert interval.low <= values[name] <= interval.high, name
    assert found == headline(answer, resamples=300)


def test_the_interval_of_the_calibration_error_holds_the_truth_of_a_calibrated_classifier() -> None:
    """Resampling inflates the error: plain percentiles would leave out the truth, which is 0."""
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(300, 4)) * 2
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    held = 0
    for _ in range(40):
        targets = (rng.random((300, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(max=3)
        held += headline(predictions(logits, targets), resamples=200)["ece"].low == 0
    assert held >= 36
    doubled = headline(predictions(2 * logits, targets), resamples=200)["ece"]
    assert doubled.low > 0.01


def test_no_items_and_levels() -> None:
    assert set(headline(predictions(np.zeros((0, 3)), np.zeros(0, np.int64))).values()) == {None}
    tree = hierarchical([(0, 0), (0, 2)], [(0, 0), (1, 2)])
    assert headline(tree.level("kingdom"), resamples=50)["accuracy"] == wilson(1, 2)


def test_a_sample_without_spread_has_no_interval_but_for_shares() -> None:
    """Four images, all right and sure: resampling them shows nothing, and no width would claim certainty."""
    logits = np.where(np.eye(2, dtype=bool)[[0, 0, 1, 1]], 40.0, -40.0).astype(np.float32)
    found = headline(predictions(logits, np.array([0, 0, 1, 1])))
    assert found["accuracy"] == wilson(4, 4)
    assert [found[name] for name in ("balanced_accuracy", "macro_f1", "nll", "ece")] == [None] * 4


def test_the_calibration_error_of_few_items_stays_a_share() -> None:
    logits = np.array([[4.0, -4.0], [4.0, -4.0], [3.0, -3.0], [-1.0, 1.0]], np.float32)
    ece = headline(predictions(logits, np.array([1, 1, 1, 1])))["ece"]
    assert ece is not None
    assert 0 <= ece.low <= ece.high <= 1
