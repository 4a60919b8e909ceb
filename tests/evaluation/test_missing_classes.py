"""Classes without a curve are named, for all three tasks."""

import numpy as np

from clfcore.evaluation.curves import roc
from clfcore.evaluation.missing_classes import missing_classes
from clfcore.predictions import Predictions
from clfcore.task import Level, Task, hierarchical, multi_label, single_label


def made(task: Task, targets: np.ndarray) -> Predictions:
    logits = np.random.default_rng(0).normal(0, 1, (len(targets), task.columns)).astype(np.float32)
    return Predictions(task, "test", tuple(f"item {i}" for i in range(len(targets))), targets, logits)


def test_a_class_that_no_image_has_is_left_out_and_named() -> None:
    predictions = made(single_label(["cat", "dog", "owl"]), np.array([0, 0, 1]))
    missing = missing_classes(predictions)
    assert missing.names == roc(predictions, classes=["cat", "dog", "owl"]).undefined == ("owl",)
    assert missing.describe() == "Left out of the curves and averages: owl (no test image has it)."


def test_labels_that_all_or_none_have_are_told_apart() -> None:
    targets = np.array([[1, 0, 1], [1, 0, 0]], np.uint8)
    missing = missing_classes(made(multi_label(["sky", "sea", "sun"]), targets))
    assert (missing.absent, missing.universal) == (("sea",), ("sky",))
    assert "sea (no test image has it); sky (every test image has it)" in missing.describe()


def test_of_a_hierarchy_the_finest_level_counts() -> None:
    task = hierarchical((Level("kind", ("pet", "wild")), Level("name", ("cat", "fox"))), [(0, 0), (1, 1)])
    assert missing_classes(made(task, np.array([[0, 0], [0, 0]]))).names == ("fox", "cat")


def test_nothing_is_said_where_nothing_is_left_out_and_many_are_counted() -> None:
    assert missing_classes(made(single_label(["a", "b"]), np.array([0, 1]))).describe() == ""
    many = missing_classes(made(single_label([f"c{i}" for i in range(20)]), np.array([0, 1])))
    assert "c9 and 10 more (no test image has them)" in many.describe()
