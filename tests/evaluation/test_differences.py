import numpy as np
import pytest

from clfcore.evaluation.differences import class_differences, confusion_difference, cost_efficiency
from clfcore.evaluation.errors import confusion
from clfcore.evaluation.intervals import wilson
from tests.evaluation.made import predictions, seeded


def test_recall_by_class_in_two_runs_by_hand() -> None:
    targets = [0, 0, 1, 1]
    a, b = predictions(np.eye(3)[[0, 1, 1, 0]], targets), predictions(np.eye(3)[[0, 0, 1, 0]], targets)
    rows = class_differences(("a", a), ("b", b))
    assert [(row.recall_a, row.recall_b, row.difference) for row in rows] == [
        (0.5, 1.0, 0.5),
        (0.5, 0.5, 0.0),
        (None, None, None),
    ]


def test_what_moved_is_the_difference_of_the_matrices() -> None:
    a, b = seeded(gap=1), seeded(gap=3)
    found = confusion_difference(("a", a), ("b", b))
    assert (found.counts == confusion(b).counts - confusion(a).counts).all()
    assert found.counts.sum(axis=1).tolist() == [0] * 6
    gained = int(np.trace(found.counts))
    assert found.describe() == f"b gets {gained} more items right than a, over 6 classes."


def test_the_front_holds_what_nothing_beats() -> None:
    rows = cost_efficiency(
        [("dear", 90, 100, 9.0), ("cheap", 70, 100, 1.0), ("beaten", 69, 100, 2.0), ("twin", 90, 100, 9.0)]
    )
    assert [(row.run, row.on_front) for row in rows] == [
        ("cheap", True),
        ("beaten", False),
        ("dear", True),
        ("twin", True),
    ]
    assert rows[0].interval == wilson(70, 100)
    assert rows[2].accuracy == pytest.approx(0.9)
