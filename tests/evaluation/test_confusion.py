import numpy as np
import pytest
from hypothesis import given
from sklearn import metrics as sk

from clfcore.errors import InputError
from clfcore.evaluation.confusion import Confusion, around, blocks, by_similarity, confusion, most_confused, top_pairs
from clfcore.predictions import Predictions
from tests.evaluation.made import hierarchical, predictions, quick, seeded, seeded_labels, single


@quick
@given(single())
def test_counts_and_shares_equal_scikit_learn(predictions: Predictions) -> None:
    matrix, labels = confusion(predictions), range(len(predictions.classes))
    predicted = predictions.logits.argmax(axis=1)
    assert (matrix.counts == sk.confusion_matrix(predictions.targets, predicted, labels=labels)).all()
    for norm, name in (("by-truth", "true"), ("by-prediction", "pred")):
        theirs = sk.confusion_matrix(predictions.targets, predicted, labels=labels, normalize=name)
        assert matrix.values(norm) == pytest.approx(theirs)


def made() -> Predictions:
    """Two of c0 are predicted as c2, one of c1 as c0; c2 is right twice and once predicted as c1."""
    return predictions(np.eye(3)[[0, 2, 2, 0, 1, 2, 2, 1]], [0, 0, 0, 1, 1, 2, 2, 2])


def test_top_pairs_come_by_items_then_by_share() -> None:
    pairs = top_pairs(confusion(made()))
    assert [(p.truth, p.predicted, p.items, p.of) for p in pairs] == [
        ("c0", "c2", 2, 3),
        ("c1", "c0", 1, 2),
        ("c2", "c1", 1, 3),
    ]
    assert (pairs[0].truth_index, pairs[0].predicted_index, pairs[0].share) == (0, 2, 2 / 3)
    assert confusion(made()).describe() == (
        "Confusion matrix of 3 classes: 4 of 8 items are right; most often c0 is predicted as c2 (2 of 3)."
    )


def test_orders_move_rows_and_columns_together_and_keep_the_index_of_each_class() -> None:
    matrix = confusion(made())
    by_support = matrix.ordered("support")
    assert by_support.classes == ("c0", "c2", "c1")
    assert by_support.indices.tolist() == [0, 2, 1]
    assert by_support.counts.tolist() == [[1, 2, 0], [0, 2, 1], [1, 0, 1]]
    assert (by_support.ordered("data").counts == matrix.counts).all()
    assert top_pairs(by_support)[0].predicted_index == 2
    assert matrix.values(errors_only=True).trace() == 0


def test_similar_classes_stand_together() -> None:
    counts = np.diag([10] * 6)
    for a, b in ((0, 3), (1, 4), (2, 5)):
        counts[a, b] = counts[b, a] = 8
    order = by_similarity(counts).tolist()
    assert sorted(order) == list(range(6))
    for a, b in ((0, 3), (1, 4), (2, 5)):
        assert abs(order.index(a) - order.index(b)) == 1
    assert by_similarity(np.eye(2, dtype=int)).tolist() == [0, 1]


def test_a_hierarchical_task_shows_its_finest_level_and_labels_are_refused() -> None:
    assert confusion(hierarchical([(0, 0)], [(0, 1)])).classes == ("cat", "dog", "oak", "rose", "moss")
    with pytest.raises(InputError, match="needs one true class an item, and the task is multi-label"):
        confusion(seeded_labels())
    with pytest.raises(InputError, match=r"order is 'nam': it must be one of name, data, support, similarity"):
        confusion(seeded()).ordered("nam")


def test_a_part_keeps_the_shares_and_totals_of_all_classes() -> None:
    whole = confusion(made())
    part = whole.part([2, 0])
    assert part.counts.tolist() == [[2, 0], [2, 1]]
    assert (part.support.tolist(), part.predicted_counts.tolist()) == ([3, 3], [4, 2])
    assert part.values("by-truth") == pytest.approx(whole.values("by-truth")[np.ix_([2, 0], [2, 0])])
    assert part.values("by-prediction") == pytest.approx(whole.values("by-prediction")[np.ix_([2, 0], [2, 0])])
    assert part.part([1]).support.tolist() == [3]


def test_blocks_add_up_neighbors_and_open_into_their_classes() -> None:
    counts = np.arange(25).reshape(5, 5)
    matrix = Confusion(tuple("abcde"), counts, np.arange(5))
    found = blocks(matrix, 2)
    by_hand = [[counts[i : i + 2, j : j + 2].sum() for j in (0, 2, 4)] for i in (0, 2, 4)]
    assert found.counts.tolist() == by_hand
    assert [found.name(i) for i in range(3)] == ["a … b", "c … d", "e"]
    assert blocks(matrix, 2, errors_only=True).counts.sum() == counts.sum() - np.trace(counts)
    assert found.opened(2, 0).classes == ("a", "b", "e")
    assert found.opened(1, 1).classes == ("c", "d")
    with pytest.raises(InputError, match="size is 0"):
        blocks(matrix, 0)


def test_the_most_confused_and_those_around_a_class() -> None:
    counts = np.diag([9] * 6)
    counts[0, 5], counts[3, 2], counts[1, 4], counts[4, 0] = 7, 5, 2, 1
    matrix = Confusion(tuple("abcdef"), counts, np.arange(6)).part([5, 4, 3, 2, 1, 0])
    assert [matrix.classes[i] for i in most_confused(matrix, 4)] == ["f", "d", "c", "a"]
    assert [matrix.classes[i] for i in most_confused(matrix, 5)] == ["f", "d", "c", "a"]  # a pair stays together
    assert [matrix.classes[i] for i in around(matrix, 5)] == ["f", "e", "a"]
    assert [matrix.classes[i] for i in around(matrix, 5, 2)] == ["f", "a"]
    assert most_confused(confusion(predictions(np.eye(2), [0, 1]))).tolist() == []
