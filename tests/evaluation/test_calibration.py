import numpy as np
import pytest
from hypothesis import given
from scipy.optimize import minimize
from sklearn import metrics as sk

from clfcore.errors import InputError
from clfcore.evaluation.calibration import errors_if_calibrated, fit_temperature, reliability, rescaled
from clfcore.evaluation.metrics import evaluate
from clfcore.predictions import Predictions
from tests.evaluation.made import hierarchical, predictions, quick, seeded, seeded_labels, single


def calibrated(n: int = 4000, c: int = 5, *, seed: int = 0, factor: float = 1.0) -> Predictions:
    """Targets drawn from the probabilities themselves; then the logits are multiplied."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.normal(size=(n, c))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(max=c - 1)
    return predictions(factor * logits, targets)


@quick
@given(single())
def test_brier_and_loss_equal_scikit_learn(predictions: Predictions) -> None:
    found, labels = reliability(predictions), range(len(predictions.classes))
    p = predictions.probabilities()
    theirs = (
        sk.brier_score_loss(predictions.targets, p[:, 1], pos_label=1, labels=[0, 1])
        if len(labels) == 2
        else sk.brier_score_loss(predictions.targets, p, labels=labels)
    )
    assert found.brier == pytest.approx(theirs)
    assert found.nll == pytest.approx(sk.log_loss(predictions.targets, p, labels=labels))
    assert found.ece == pytest.approx(evaluate(predictions).ece)
    assert found.items.sum() == len(predictions)
    gaps = np.abs(found.confidence - found.right)
    assert found.ece == pytest.approx(np.nansum(gaps * found.items) / len(predictions), abs=1e-12)
    assert found.worst == pytest.approx(np.nanmax(gaps), abs=1e-12)


def test_a_calibrated_classifier_is_within_chance_and_an_overconfident_one_is_not() -> None:
    honest, loud = reliability(calibrated()), reliability(calibrated(factor=2.0))
    assert honest.ece <= honest.by_chance
    assert "no more than expected by chance" in honest.describe()
    assert loud.ece > 2 * loud.by_chance
    assert "overconfident" in loud.describe()
    assert "underconfident" in reliability(calibrated(factor=0.5)).describe()


def test_errors_by_chance_are_those_of_a_loop() -> None:
    confidence = np.random.default_rng(0).random(50)
    drawn = np.random.default_rng(7).random((4, 50))
    order = np.argsort(np.ceil(confidence * 15).astype(int), kind="stable")
    for found, row in zip(errors_if_calibrated(confidence, draws=4, seed=7), drawn, strict=True):
        sure = confidence[order]
        expected = evaluate_bins(sure, row < sure)
        assert found == pytest.approx(expected)


def evaluate_bins(confidence: np.ndarray, right: np.ndarray) -> float:
    place = np.ceil(confidence * 15).astype(int)
    return sum(abs((right[place == b] - confidence[place == b]).sum()) for b in np.unique(place)) / len(confidence)


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
def test_the_temperature_undoes_a_planted_factor(factor: float) -> None:
    predictions = calibrated(factor=factor)
    found = fit_temperature(predictions)
    assert found.value == pytest.approx(factor, rel=0.08)
    assert not found.at_limit
    assert evaluate(rescaled(predictions, found.value)).nll == pytest.approx(found.nll_after)
    assert found.nll_after <= found.nll_before
    assert (rescaled(predictions, found.value).logits.argmax(axis=1) == predictions.logits.argmax(axis=1)).all()


def test_the_temperature_is_the_minimum_that_another_optimiser_finds() -> None:
    predictions = seeded(n=200)

    def loss(t: np.ndarray) -> float:
        return sk.log_loss(predictions.targets, rescaled(predictions, float(t[0])).probabilities())

    theirs = minimize(loss, [1.0], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10})
    assert fit_temperature(predictions).value == pytest.approx(theirs.x[0], rel=1e-3)


def test_a_temperature_at_its_limit_says_so_and_equal_logits_need_none() -> None:
    perfect = predictions(np.eye(3)[[0, 1, 2]], [0, 1, 2])
    assert fit_temperature(perfect).at_limit
    flat = fit_temperature(predictions(np.zeros((4, 3)), [0, 1, 2, 0]))
    assert (flat.value, flat.at_limit) == (1.0, False)


def test_labels_and_levels_have_a_temperature_too() -> None:
    labels = seeded_labels()
    found = fit_temperature(labels)
    assert found.nll_before == pytest.approx(sk.log_loss(labels.targets.ravel(), labels.probabilities().ravel()))
    assert found.nll_after < found.nll_before
    assert reliability(labels).per_label
    assert reliability(labels).brier == pytest.approx(
        sk.brier_score_loss(labels.targets.ravel(), labels.probabilities().ravel())
    )
    levels = fit_temperature(hierarchical([(0, 0), (1, 2), (1, 3)], [(0, 0), (0, 1), (1, 2)]))
    assert levels.value > 1


def test_refusals() -> None:
    nothing = predictions(np.zeros((0, 3)), np.zeros(0, np.int64))
    assert reliability(nothing).ece is None
    with pytest.raises(InputError, match="the test split has no items"):
        fit_temperature(nothing)
    with pytest.raises(InputError, match=r"^temperature is 0: it must be a finite number above 0"):
        rescaled(seeded(), 0)
    with pytest.raises(InputError, match=r"^bins is 0: it must be at least 1"):
        reliability(seeded(), bins=0)
