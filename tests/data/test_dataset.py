"""A dataset counts, names and leaves out its items."""

import numpy as np
import pytest

from clfcore.data.dataset import ImageDataset
from clfcore.errors import InputError
from clfcore.task import Level, Task, multi_label, single_label


def dataset(**more: object) -> ImageDataset:
    pixels = np.zeros((4, 6, 8, 1), np.uint8)
    splits = {"train": np.array([0, 1]), "validation": np.array([2]), "test": np.array([3])}
    return ImageDataset("d", single_label("ab"), tuple("wxyz"), np.array([0, 1, 0, 1]), splits, pixels=pixels, **more)


def test_without_renumbers_the_splits() -> None:
    left = dataset(digits_like=True).without([1, 2])
    assert left.ids == ("w", "z")
    assert {split: chosen.tolist() for split, chosen in left.splits.items()} == {
        "train": [0],
        "validation": [],
        "test": [1],
    }
    assert left.digits_like
    assert left.sizes() == {"train": 1, "validation": 0, "test": 1}


def test_side_is_the_shorter_one() -> None:
    assert dataset().side() == 6


def test_labels_in_words() -> None:
    assert dataset().label(1) == "b"
    many = ImageDataset("d", multi_label("ab"), ("x", "y"), np.array([[1, 1], [0, 0]], np.uint8), {})
    assert (many.label(0), many.label(1)) == ("a; b", "no label")
    levels = Task("hierarchical", (Level("kind", ("animal",)), Level("name", ("cat", "dog"))))
    assert ImageDataset("d", levels, ("x",), np.array([[0, 1]]), {}).label(0) == "animal / dog"


def test_a_split_that_is_not_is_refused() -> None:
    with pytest.raises(InputError, match="split is 'dev'"):
        ImageDataset("d", single_label("ab"), (), np.array([], int), {"dev": np.array([], int)})


def test_items_of_a_class_in_every_task() -> None:
    named = multi_label(["a / b", "b"])
    targets = {
        "labels": (named, np.array([[1, 0], [1, 1], [0, 0]], np.uint8), "a / b", [True, True, False]),
        "class": (single_label(["a / b", "b"]), np.array([0, 1, 1]), "b", [False, True, True]),
        "levels": (
            Task("hierarchical", (Level("k", ("b", "x")), Level("f", ("a", "b")))),
            np.array([[0, 1], [1, 0], [0, 0]]), "b", [True, False, False],
        ),
    }  # fmt: skip
    for task, values, name, expected in targets.values():
        ids = ("1", "2", "3")
        dataset = ImageDataset("d", task, ids, values, {}, pixels=np.zeros((3, 2, 2, 3), np.uint8))
        assert dataset.having(name).tolist() == expected
