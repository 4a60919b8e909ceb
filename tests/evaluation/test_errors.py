import csv
import io

import numpy as np
import pytest
from hypothesis import given
from sklearn import metrics as sk

from clfcore.errors import InputError
from clfcore.evaluation import errors
from clfcore.evaluation.classification_report import per_class, table_csv
from clfcore.predictions import Predictions
from tests.evaluation.made import hierarchical, predictions, quick, seeded, seeded_labels, single


@quick
@given(single())
def test_lists_are_what_sorting_the_probabilities_gives(predictions: Predictions) -> None:
    p = predictions.probabilities()
    n, answer = np.arange(len(predictions)), p.argmax(axis=1)
    right, sure = answer == predictions.targets, p.max(axis=1)
    sure_errors = errors.most_confident(predictions, 5)
    assert [case.p_predicted for case in sure_errors] == pytest.approx(sorted(sure[~right], reverse=True)[:5])
    assert not any(case.right for case in sure_errors)
    unsure = errors.least_confident_correct(predictions, 5)
    assert [case.p_predicted for case in unsure] == pytest.approx(sorted(sure[right])[:5])
    assert all(case.right for case in unsure)
    losses = -np.log(p[n, predictions.targets])
    assert [case.loss for case in errors.highest_loss(predictions, 5)] == pytest.approx(
        sorted(losses, reverse=True)[:5]
    )
    ordered = np.sort(p, axis=1)
    gaps = sorted(ordered[:, -1] - ordered[:, -2])[:5]
    assert [case.margin for case in errors.closest_calls(predictions, 5)] == pytest.approx(gaps, abs=1e-12)


def test_a_case_says_truth_answer_probabilities_and_top_classes() -> None:
    answer = predictions([[2.0, 1.0, 0.0]], [1])
    (case,) = errors.most_confident(answer)
    e = np.exp([2.0, 1.0, 0.0])
    assert (case.index, case.id, case.truth, case.predicted) == (0, "item 0", "c1", "c0")
    assert (case.p_truth, case.p_predicted) == pytest.approx((e[1] / e.sum(), e[0] / e.sum()))
    assert [label for label, _ in case.top] == ["c0", "c1", "c2"]
    assert case.margin == pytest.approx((e[0] - e[1]) / e.sum())


def test_a_cell_holds_exactly_its_items_the_surest_first() -> None:
    predictions = seeded()
    matrix = errors.confusion(predictions)
    for row in range(6):
        for column in range(6):
            found = errors.cell(predictions, row, column)
            assert len(found) == matrix.counts[row, column]
            assert (predictions.targets[found] == row).all()
            assert (predictions.logits[found].argmax(axis=1) == column).all()
            assert (np.diff(predictions.probabilities()[found].max(axis=1)) <= 1e-12).all()
    assert len(errors.cell(predictions, "c2", None)) == (predictions.targets == 2).sum()
    assert len(errors.cell(predictions, None, None)) == len(predictions)
    with pytest.raises(InputError, match=r"^class is 'c7': it must be one of"):
        errors.cell(predictions, "c7", None)
    with pytest.raises(InputError, match=r"^class index is 6: it must be from 0 to 5"):
        errors.cell(predictions, 6, None)


@quick
@given(single())
def test_the_report_per_class_equals_scikit_learn(predictions: Predictions) -> None:
    labels, predicted = range(len(predictions.classes)), predictions.logits.argmax(axis=1)
    theirs = sk.precision_recall_fscore_support(predictions.targets, predicted, labels=labels, zero_division=np.nan)
    for row, precision, recall, f1, support in zip(per_class(predictions), *theirs, strict=True):
        assert (row.precision is None) == np.isnan(precision)
        assert (row.recall is None) == np.isnan(recall)
        assert row.support == support
        if row.precision is not None:
            assert row.precision == pytest.approx(precision)
        if row.recall is not None:
            assert row.recall == pytest.approx(recall)
        if row.f1 is not None:
            assert row.f1 == pytest.approx(f1)
        else:
            assert row.support == row.predicted == 0


def test_the_report_of_labels_follows_thresholds() -> None:
    answer = predictions([[1.0, -1.0], [-1.0, 1.0]], [[0, 1], [0, 1]], kind="multi-label")
    assert [row.recall for row in per_class(answer)] == [None, 0.5]
    assert [row.recall for row in per_class(answer, thresholds=[0.9, 0.1])] == [None, 1.0]


def test_the_table_can_be_read_back() -> None:
    stored = predictions([[2.0, 0.0], [0.0, 2.0]], [0, 0])
    rows = list(csv.DictReader(io.StringIO(table_csv(stored))))
    assert [(row["id"], row["truth"], row["predicted"], row["right"]) for row in rows] == [
        ("item 0", "c0", "c0", "yes"),
        ("item 1", "c0", "c1", "no"),
    ]
    assert [float(row["c1"]) for row in rows] == pytest.approx(stored.probabilities()[:, 1], rel=1e-5)
    levels = next(csv.DictReader(io.StringIO(table_csv(hierarchical([(0, 1)], [(0, 0)])))))
    assert (levels["truth"], levels["predicted"], levels["right"]) == ("animal / cat", "animal / dog", "no")
    assert "kingdom: plant" in levels
    assert table_csv(seeded_labels()).startswith("id,truth,predicted,right,c0,c1,c2,c3,c4\n")
