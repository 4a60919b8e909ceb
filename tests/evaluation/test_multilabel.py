from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from sklearn import metrics as sk

from clfcore.errors import InputError
from clfcore.evaluation.calibration import rescaled
from clfcore.evaluation.classification_report import per_class, table_csv
from clfcore.evaluation.compare import aligned, hits
from clfcore.evaluation.ensembles import ensemble
from clfcore.evaluation.intervals import headline
from clfcore.evaluation.metrics import decide, evaluate
from clfcore.evaluation.multilabel import choose_thresholds, co_occurrence, mistaken_labels, panels
from clfcore.predictions import Predictions
from tests.evaluation.made import predictions, quick, seeded, seeded_labels, several


@quick
@given(several())
def test_no_threshold_reaches_a_higher_f1(predictions: Predictions) -> None:
    chosen = choose_thresholds(predictions)
    p, decided = predictions.probabilities(), decide(predictions, chosen.values)
    for c, name in enumerate(predictions.classes):
        truth = predictions.targets[:, c]
        if not truth.any():
            assert (chosen.values[c], name in chosen.left) == (0.5, True)
            continue
        best = max(sk.f1_score(truth, p[:, c] >= t, zero_division=0) for t in np.unique(p[:, c]))
        assert sk.f1_score(truth, decided[:, c], zero_division=0) == pytest.approx(best)


@quick
@given(several())
def test_a_wanted_recall_is_reached_with_the_fewest_false_alarms(predictions: Predictions) -> None:
    decided = decide(predictions, choose_thresholds(predictions, "recall", wanted=0.8).values)
    p = predictions.probabilities()
    for c in range(len(predictions.classes)):
        truth = predictions.targets[:, c] > 0
        if truth.any():
            assert decided[truth, c].mean() >= 0.8
            fewer = p[:, c] > p[decided[:, c], c].min()  # one step stricter
            assert fewer[truth].mean() < 0.8


def test_a_wanted_precision_finds_the_most_or_keeps_the_half() -> None:
    answer = predictions(
        [[3.0, 3.0], [2.0, 2.0], [1.0, 1.0], [0.0, 0.0]], [[1, 0], [0, 0], [1, 0], [0, 1]], kind="multi-label"
    )
    chosen = choose_thresholds(answer, "precision", wanted=0.6)
    assert decide(answer, chosen.values)[:, 0].tolist() == [True, True, True, False]
    assert chosen.left == ("c1",)


def test_thresholds_lie_between_the_probabilities_seen() -> None:
    stored = predictions([[3.0], [-1.0]], [[1], [0]], kind="multi-label")
    assert choose_thresholds(stored).values[0] == pytest.approx(stored.probabilities().mean())


def test_panels_equal_scikit_learn() -> None:
    predictions = seeded_labels()
    theirs = sk.multilabel_confusion_matrix(predictions.targets, decide(predictions))
    for panel, ((tn, fp), (fn, tp)) in zip(panels(predictions), theirs, strict=True):
        ours = (panel.true_negatives, panel.false_positives, panel.false_negatives, panel.true_positives)
        assert ours == (tn, fp, fn, tp)
    assert panels(predictions, thresholds=[0.3] * 5)[0].threshold == 0.3


def test_co_occurrence_by_hand() -> None:
    answer = predictions([[1, 1, -1], [1, -1, 1.0]], [[1, 1, 0], [1, 1, 1]], kind="multi-label")
    found = co_occurrence(answer)
    assert found.truth.tolist() == [[2, 2, 1], [2, 2, 1], [1, 1, 1]]
    assert found.predicted.tolist() == [[2, 1, 1], [1, 1, 0], [1, 0, 1]]
    assert found.describe() == "Most often together: c0 and c1, on 2 items."


def test_the_surest_wrong_decisions_come_first() -> None:
    answer = predictions([[2.0, -3.0], [-1.0, 0.5]], [[0, 1], [0, 1]], kind="multi-label")
    first, second = mistaken_labels(answer)
    assert (first.label, first.truth, first.said, first.labels) == ("c1", True, False, ("c1",))
    assert (second.label, second.truth, second.said) == ("c0", False, True)
    assert first.probability == pytest.approx(1 / (1 + np.exp(3)))


def test_refusals() -> None:
    predictions = seeded_labels()
    with pytest.raises(InputError, match="the task is single-label: this view is for tasks with several labels"):
        choose_thresholds(seeded())
    with pytest.raises(InputError, match=r"^goal is 'f2': it must be one of f1, precision, recall"):
        choose_thresholds(predictions, "f2")
    with pytest.raises(InputError, match=r"^wanted is 0: it must be above 0"):
        choose_thresholds(predictions, "recall", wanted=0)
    empty = replace(predictions, ids=(), targets=predictions.targets[:0], logits=predictions.logits[:0])
    assert choose_thresholds(empty).left == predictions.classes


def test_every_view_decides_by_the_predictions_own_thresholds() -> None:
    """What a run keeps holds for metrics, intervals, comparisons, ensembles and tables; a temperature changes none."""
    predictions = seeded_labels()
    at = (0.3, *(0.6,) * (len(predictions.classes) - 1))
    own = replace(predictions, thresholds=at)
    decisions = predictions.probabilities() >= at
    assert not np.array_equal(decisions, predictions.probabilities() >= 0.5)
    expected = evaluate(predictions, thresholds=at)
    assert evaluate(own) == expected
    right = (decisions == (predictions.targets > 0)).all(axis=1)
    assert np.array_equal(hits(own), right)
    assert np.array_equal(hits(aligned([("a", predictions), ("b", own)])[1][1]), right)
    low, high = headline(own, resamples=50)["micro_f1"]
    assert low <= expected.micro_f1 <= high
    assert [row.predicted for row in per_class(own)] == decisions.sum(axis=0).tolist()
    assert table_csv(own) != table_csv(predictions)
    assert ensemble([("a", predictions), ("b", own)]).thresholds == pytest.approx((0.4, *(0.55,) * (len(at) - 1)))
    for temperature in (0.4, 3.0):
        assert np.array_equal(decide(rescaled(own, temperature)), decisions)
    with pytest.raises(InputError, match="one a label"):
        replace(predictions, thresholds=at[1:])
