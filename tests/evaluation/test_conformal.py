"""Prediction sets: a hand-worked case, their coverage on new items of every task, and where they are refused."""

import numpy as np
import pytest

from clfcore.errors import InputError
from clfcore.evaluation.conformal import least_items, set_quality, set_rule
from clfcore.predictions import Predictions
from clfcore.task import Level, Task, hierarchical, multi_label, single_label


def by_probabilities(p: np.ndarray, targets: list[int]) -> Predictions:
    logits = np.log(np.asarray(p)).astype(np.float32)
    ids = tuple(map(str, range(len(logits))))
    return Predictions(single_label(list("abc")[: logits.shape[1]]), "validation", ids, np.array(targets), logits)


def test_the_threshold_of_a_case_worked_by_hand() -> None:
    true = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5, 0.3]
    validation = by_probabilities(np.array([[t, 1 - t] for t in true]), [0] * 9)
    assert set_rule(validation, 0.9).threshold == pytest.approx(0.3)  # the 9th of ceil(10 x 0.9)
    assert set_rule(validation, 0.8).threshold == pytest.approx(0.5)  # the 8th
    rule = set_rule(validation, 0.5)
    assert rule.threshold == pytest.approx(0.75)  # the 5th of ceil(10 x 0.5)
    test = by_probabilities(np.array([[0.76, 0.24], [0.74, 0.26], [0.2, 0.8]]), [0, 0, 0])
    assert rule.members(test.logits, test.task).tolist() == [[True, False], [False, False], [False, True]]
    quality = set_quality(rule, test)
    assert quality is not None
    assert (quality.covered, dict(quality.sizes), quality.mean_size) == (1, {0: 1, 1: 2}, pytest.approx(2 / 3))


LEVELS = (Level("kind", ("x", "y")), Level("class", ("a", "b", "c", "d")))
TASKS = (single_label(list("abcd")), multi_label(list("abcd")), hierarchical(LEVELS, [(0, 0), (0, 1), (1, 2), (1, 3)]))


def drawn(task: Task, n: int, rng: np.random.Generator) -> Predictions:
    """A mediocre classifier of any task."""
    finest = rng.integers(0, 4, n)
    if task.kind == "multi-label":
        targets = (rng.random((n, 4)) < 0.4).astype(np.uint8)
        logits = 2.0 * targets - 1 + rng.normal(0, 1.5, (n, 4))
    else:
        logits = 1.5 * np.eye(4)[finest] + rng.normal(0, 1, (n, 4))
        targets = finest
    if task.kind == "hierarchical":
        targets = np.stack([finest // 2, finest], axis=1)
        logits = np.hstack([1.5 * np.eye(2)[finest // 2] + rng.normal(0, 1, (n, 2)), logits])
    return Predictions(task, "test", tuple(map(str, range(n))), targets, logits.astype(np.float32))


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_new_items_are_covered_as_often_as_was_asked(task: Task, coverage: float) -> None:
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(100):
        rule = set_rule(drawn(task, 60, rng), coverage)
        quality = set_quality(rule, drawn(task, 200, rng))
        assert quality is not None
        shares.append(quality.share)
    assert coverage - 0.01 <= np.mean(shares) <= coverage + 0.03  # at most 1 / (n + 1) above


def test_too_few_items_are_refused_with_how_many_it_takes() -> None:
    assert [least_items(c) for c in (0.5, 0.9, 0.95, 0.99)] == [1, 9, 19, 99]
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="8 validation images: sets with 90% coverage need at least 9"):
        set_rule(drawn(TASKS[0], 8, rng), 0.9)
    assert set_rule(drawn(TASKS[0], 9, rng), 0.9).items == 9
    for coverage in (0.0, 1.0, float("nan")):
        with pytest.raises(InputError, match="above 0 and below 1"):
            set_rule(drawn(TASKS[0], 50, rng), coverage)


def test_mapie_finds_the_same_threshold() -> None:
    from mapie.classification import SplitConformalClassifier
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    y = np.arange(300) % 3
    x = np.eye(3)[y] + rng.normal(0, 0.8, (300, 3))
    head = LogisticRegression().fit(x[:100], y[:100])
    oracle = SplitConformalClassifier(head, confidence_level=0.9, conformity_score="lac", prefit=True)
    _, theirs = oracle.conformalize(x[100:200], y[100:200]).predict_set(x[200:])
    rule = set_rule(by_probabilities(head.predict_proba(x[100:200]), y[100:200].tolist()), 0.9)
    mine = rule.members(np.log(head.predict_proba(x[200:])), single_label(list("abc")))
    np.testing.assert_array_equal(mine, theirs[..., 0])
