"""Splits are stratified, seeded and grouped, and what is given is never redrawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clfcore.data.dataset import ImageDataset, draw_splits, strata
from clfcore.errors import InputError
from clfcore.task import Level, Task, multi_label, single_label


def dataset(**more: object) -> ImageDataset:
    pixels = np.zeros((4, 6, 8, 1), np.uint8)
    splits = {"train": np.array([0, 1]), "validation": np.array([2]), "test": np.array([3])}
    return ImageDataset("d", single_label("ab"), tuple("wxyz"), np.array([0, 1, 0, 1]), splits, pixels=pixels, **more)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=20, max_size=300), st.integers(0, 1000))
def test_splits_are_disjoint_whole_and_seeded(classes: list[int], seed: int) -> None:
    targets = np.array(classes)
    splits, drawn = draw_splits(targets, seed)
    assert drawn == ("train", "validation", "test")
    assert np.array_equal(np.sort(np.concatenate(list(splits.values()))), np.arange(len(targets)))
    again, _ = draw_splits(targets, seed)
    assert all(np.array_equal(splits[name], again[name]) for name in splits)
    for name in np.unique(targets):  # each class is learned from, and judged where there are enough
        counts = [int((targets[splits[s]] == name).sum()) for s in ("train", "validation", "test")]
        total = sum(counts)
        assert counts[0] >= 1
        if total >= 10:
            assert all(abs(n - share * total) <= 1.5 for n, share in zip(counts, (0.7, 0.15, 0.15), strict=True))


def test_another_seed_draws_another_split() -> None:
    targets = np.arange(200) % 4
    assert not np.array_equal(draw_splits(targets, 0)[0]["test"], draw_splits(targets, 1)[0]["test"])


def test_given_splits_are_never_redrawn() -> None:
    targets = np.arange(100) % 2
    given_ = {"train": np.arange(80), "test": np.arange(80, 100)}
    splits, drawn = draw_splits(targets, 3, given=given_)
    assert drawn == ("validation",)
    assert np.array_equal(splits["test"], given_["test"])
    assert np.array_equal(np.sort(np.concatenate([splits["train"], splits["validation"]])), np.arange(80))
    both, drawn = draw_splits(targets, 3, given={"train": np.arange(80), "validation": np.arange(80, 100)})
    assert drawn == ()
    assert "test" not in both
    assert np.array_equal(both["train"], np.arange(80))


def test_train_alone_is_completed_by_validation_only() -> None:
    splits, drawn = draw_splits(np.arange(100) % 2, 0, given={"train": np.arange(100)})
    assert drawn == ("validation",)
    assert "test" not in splits


def test_a_test_without_train_is_refused() -> None:
    with pytest.raises(InputError, match="the data has test but no train split"):
        draw_splits(np.zeros(4, int), 0, given={"test": np.arange(4)})


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 15)), min_size=10, max_size=120), st.integers(0, 99))
def test_groups_stay_whole(items: list[tuple[int, int]], seed: int) -> None:
    targets, groups = np.array([c for c, _ in items]), tuple(f"g{g}" for _, g in items)
    splits, _ = draw_splits(targets, seed, groups=groups)
    where = {split: {groups[i] for i in chosen} for split, chosen in splits.items()}
    assert not where["train"] & where["validation"]
    assert not where["train"] & where["test"]
    assert not where["validation"] & where["test"]
    assert sum(map(len, splits.values())) == len(items)
    assert len(splits["train"])
    # where test is given, the validation that the lab draws from train parts no group either
    known = {"train": np.flatnonzero([g not in ("g0", "g1") for g in groups])}
    known["test"] = np.setdiff1d(np.arange(len(items)), known["train"])
    if all(len(chosen) for chosen in known.values()):
        splits, drawn = draw_splits(targets, seed, groups=groups, given=known)
        where = {split: {groups[i] for i in chosen} for split, chosen in splits.items()}
        assert drawn == ("validation",)
        assert not where["train"] & where["validation"]
        assert not where["test"] & (where["train"] | where["validation"])


def test_multi_label_strata_are_combinations_and_rare_ones_go_with_their_rarest_label() -> None:
    targets = np.array([[1, 0, 0]] * 10 + [[1, 1, 0]] * 8 + [[1, 0, 1], [0, 1, 1]], np.uint8)
    found = strata(multi_label("abc"), targets)
    assert len(set(found[:10])) == len(set(found[10:18])) == 1
    assert found[18] == found[19]  # both have c, the rarest
    assert len(set(found)) == 3


def test_multi_label_items_that_are_all_different_still_reach_every_split() -> None:
    targets = np.random.default_rng(0).integers(0, 2, (120, 12)).astype(np.uint8)
    splits, _ = draw_splits(strata(multi_label("abcdefghijkl"), targets), 0)
    assert all(abs(len(splits[s]) - n) <= 6 for s, n in (("train", 84), ("validation", 18), ("test", 18)))


def test_strata_of_the_other_tasks_are_the_finest_class() -> None:
    two = Task("hierarchical", (Level("a", ("x",)), Level("b", ("y", "z"))))
    assert strata(two, np.array([[0, 1], [0, 0]])).tolist() == [1, 0]
    assert strata(single_label("ab"), np.array([1, 0])).tolist() == [1, 0]


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
