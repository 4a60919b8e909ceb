"""What to label next: each strategy against what it says it takes."""

import numpy as np
import pytest

from clfcore.errors import InputError
from clfcore.quality.next_to_label import Strategy, check_strategy, choose_next
from clfcore.task import Level, Task, hierarchical, multi_label, single_label

LOGITS = np.log(np.array([[0.9, 0.05, 0.05], [0.48, 0.47, 0.05], [0.36, 0.32, 0.32]], np.float32))
POOL = np.array([[1, 0.3], [0, 1], [0.1, 1]], np.float32)
LABELED = np.array([[1, 0.1]], np.float32)


def rows(strategy: Strategy, *, count: int = 3, task: Task | None = None, logits: np.ndarray = LOGITS) -> list[int]:
    chosen, scores = choose_next(
        strategy, logits=logits, task=task or single_label("abc"), pool=POOL, labeled=LABELED, count=count
    )
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    return chosen.tolist()


def test_margin_takes_what_is_between_two_classes() -> None:
    assert rows("margin") == [1, 2, 0]


def test_entropy_takes_what_is_between_all() -> None:
    assert rows("entropy") == [2, 1, 0]


def test_core_set_takes_the_farthest_and_then_what_that_does_not_cover() -> None:
    assert rows("core-set") == [1, 0, 2]


def test_random_is_seeded_and_takes_each_once() -> None:
    assert sorted(rows("random")) == [0, 1, 2]
    assert rows("random") == rows("random")


def test_of_labels_the_least_certain_counts_and_of_levels_the_worst() -> None:
    labels = np.array([[4.0, -4, 0.1], [1, -1, 1], [5, 5, 5]], np.float32)
    assert rows("margin", task=multi_label("abc"), logits=labels) == [0, 1, 2]
    task = hierarchical((Level("kind", ("k", "l")), Level("class", ("a", "b"))), [(0, 0), (1, 1)])
    levels = np.array([[5, -5, 5, -5], [0, 0.1, 5, -5], [5, -5, 1, -1]], np.float32)
    assert rows("margin", task=task, logits=levels) == [1, 2, 0]


def test_no_strategy_and_no_count_are_refused() -> None:
    with pytest.raises(InputError, match="did you mean margin"):
        check_strategy("margn")
    with pytest.raises(InputError, match="count is 0"):
        rows("random", count=0)
