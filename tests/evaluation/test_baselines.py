import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.dummy import DummyClassifier

from clfcore.evaluation.baselines import baselines
from tests.evaluation.made import predictions, seeded_labels


def test_the_majority_scores_as_scikit_learns_dummy() -> None:
    targets = np.array([0, 0, 0, 1, 1, 2])
    stored = predictions(np.zeros((6, 4)), targets)
    dummy = DummyClassifier(strategy="most_frequent").fit(targets, targets).predict(targets)
    found = baselines(stored)
    assert found.majority_answer == "c0"
    assert found.majority["accuracy"] == pytest.approx(sk.accuracy_score(targets, dummy))
    assert found.majority["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(targets, dummy))
    assert found.majority["macro_f1"] == pytest.approx(sk.f1_score(targets, dummy, average="macro", zero_division=0))
    assert found.chance["accuracy"] == 0.25
    assert found.chance["nll"] == pytest.approx(sk.log_loss(targets, stored.probabilities(), labels=range(4)))


def test_the_majority_is_that_of_training_even_where_the_split_lacks_it() -> None:
    answer = predictions(np.zeros((2, 3)), np.array([0, 1]))
    found = baselines(answer, train_counts=np.array([1, 1, 5]))
    assert (found.majority_answer, found.majority["accuracy"], found.majority["macro_f1"]) == ("c2", 0.0, 0.0)


def test_labels_that_most_items_have_are_the_majority() -> None:
    predictions = seeded_labels()
    often = predictions.targets.mean(axis=0) > 0.5
    dummy = np.broadcast_to(often, predictions.targets.shape)
    found = baselines(predictions)
    assert found.majority["hamming_loss"] == pytest.approx(sk.hamming_loss(predictions.targets, dummy))
    assert found.majority["micro_f1"] == pytest.approx(
        sk.f1_score(predictions.targets, dummy, average="micro", zero_division=0)
    )
    assert found.chance["mean_average_precision"] == pytest.approx(predictions.targets.mean())


def test_no_items_have_no_baseline() -> None:
    assert baselines(predictions(np.zeros((0, 3)), np.zeros(0, np.int64))) is None
