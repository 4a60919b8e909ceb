"""Splits are stratified, seeded, grouped and drawn by content, and what is given is never redrawn."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clfcore.data.dataset import SPLITS, ImageDataset
from clfcore.data.positional_splits import splits_by_position
from clfcore.data.splits import draw_splits, keep_splits, strata
from clfcore.errors import InputError
from clfcore.task import Level, Task, multi_label, single_label

POSITIONAL = {  # drawn by the lab as it was
    "plain": {"validation": [2, 3], "test": [9, 12, 15, 18]},
    "groups": {"validation": [3, 4, 5], "test": [15, 16, 17]},
    "given": [10, 13],
}


def sides(targets: np.ndarray, pictures: np.ndarray, seed: int = 0, **more: Sequence[str]) -> list[str]:
    """Each item's split."""
    found = [""] * len(targets)
    for split, chosen in draw_splits(targets, seed, pictures, **more)[0].items():
        for i in chosen.tolist():
            found[i] = split
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=20, max_size=300), st.integers(0, 1000))
def test_splits_are_disjoint_whole_and_seeded(classes: list[int], seed: int) -> None:
    targets = np.array(classes)
    splits, drawn = draw_splits(targets, seed, np.arange(len(targets)))
    assert drawn == ("train", "validation", "test")
    assert np.array_equal(np.sort(np.concatenate(list(splits.values()))), np.arange(len(targets)))
    again, _ = draw_splits(targets, seed, np.arange(len(targets)))
    assert all(np.array_equal(splits[name], again[name]) for name in splits)
    for name in np.unique(targets):  # each class is learned from, and judged where there are enough
        counts = [int((targets[splits[s]] == name).sum()) for s in ("train", "validation", "test")]
        total = sum(counts)
        assert counts[0] >= 1
        if total >= 10:
            assert all(abs(n - share * total) <= 1.5 for n, share in zip(counts, (0.7, 0.15, 0.15), strict=True))


def test_another_seed_draws_another_split() -> None:
    targets = np.arange(200) % 4
    assert not np.array_equal(*(draw_splits(targets, seed, np.arange(200))[0]["test"] for seed in (0, 1)))


def test_given_splits_are_never_redrawn() -> None:
    targets = np.arange(100) % 2
    given_ = {"train": np.arange(80), "test": np.arange(80, 100)}
    splits, drawn = draw_splits(targets, 3, np.arange(100), given=given_)
    assert drawn == ("validation",)
    assert np.array_equal(splits["test"], given_["test"])
    assert np.array_equal(np.sort(np.concatenate([splits["train"], splits["validation"]])), np.arange(80))
    both, drawn = draw_splits(
        targets, 3, np.arange(100), given={"train": np.arange(80), "validation": np.arange(80, 100)}
    )
    assert drawn == ()
    assert "test" not in both
    assert np.array_equal(both["train"], np.arange(80))


def test_train_alone_is_completed_by_validation_only() -> None:
    splits, drawn = draw_splits(np.arange(100) % 2, 0, np.arange(100), given={"train": np.arange(100)})
    assert drawn == ("validation",)
    assert "test" not in splits


def test_a_test_without_train_is_refused() -> None:
    with pytest.raises(InputError, match="the data has test but no train split"):
        draw_splits(np.zeros(4, int), 0, np.arange(4), given={"test": np.arange(4)})


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 15)), min_size=10, max_size=120), st.integers(0, 99))
def test_groups_stay_whole(items: list[tuple[int, int]], seed: int) -> None:
    targets, groups = np.array([c for c, _ in items]), tuple(f"g{g}" for _, g in items)
    splits, _ = draw_splits(targets, seed, np.arange(len(targets)), groups=groups)
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
        splits, drawn = draw_splits(targets, seed, np.arange(len(targets)), groups=groups, given=known)
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
    splits, _ = draw_splits(strata(multi_label("abcdefghijkl"), targets), 0, np.arange(120))
    assert all(abs(len(splits[s]) - n) <= 6 for s, n in (("train", 84), ("validation", 18), ("test", 18)))


@pytest.mark.parametrize("labels", [1, 3, 8, 9, 21])
def test_strata_of_many_labels_are_those_of_sorted_rows(labels: int) -> None:
    """Old runs find their split again by their order."""
    targets = (np.random.default_rng(labels).random((300, labels)) < 0.15).astype(np.uint8)
    _, combination, counts = np.unique(targets, axis=0, return_inverse=True, return_counts=True)
    combination = combination.reshape(-1)
    rarest = np.where(targets > 0, targets.sum(axis=0), len(targets) + 1).argmin(axis=1)
    wanted = np.where(counts[combination] >= 7, combination, len(counts) + rarest)
    names = [str(i) for i in range(labels)]
    np.testing.assert_array_equal(strata(multi_label(names), targets), wanted)


def test_strata_of_the_other_tasks_are_the_finest_class() -> None:
    two = Task("hierarchical", (Level("a", ("x",)), Level("b", ("y", "z"))))
    assert strata(two, np.array([[0, 1], [0, 0]])).tolist() == [1, 0]
    assert strata(single_label("ab"), np.array([1, 0])).tolist() == [1, 0]


CLASSES = st.lists(st.integers(0, 3), min_size=12, max_size=150)


@settings(max_examples=60, deadline=None)
@given(CLASSES, st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(0, 99))
def test_a_few_pictures_more_move_others_only_at_the_edges_of_the_quotas(
    classes: list[int], added: list[int], seed: int
) -> None:
    targets = np.array([*classes, *added])
    old = len(classes)
    before, after = sides(targets[:old], np.arange(old), seed), sides(targets, np.arange(len(targets)), seed)
    moved = [(a, b) for a, b in zip(before, after[:old], strict=True) if a != b]
    # each picture more pushes at most one across each of the two edges; a quota that grows takes one in
    assert len(moved) <= 2 * (len(added) + len(set(added)))
    for name in set(added):  # from train to test, one would have to pass the whole of validation
        own = [i for i in range(old) if targets[i] == name]
        if sum(before[i] == "validation" for i in own) >= added.count(name) + 1:
            assert not any(before[i] == "train" and after[i] == "test" for i in own)


@settings(max_examples=60, deadline=None)
@given(CLASSES, st.integers(0, 99), st.randoms(use_true_random=False))
def test_order_and_names_do_not_matter(classes: list[int], seed: int, random: object) -> None:
    targets, pictures = np.array(classes), np.arange(len(classes)) // 2  # some twice, also under two classes
    groups = [f"g{i // 3}" if i % 5 else f"alone {i}" for i in range(len(classes))]
    order = list(range(len(classes)))
    random.shuffle(order)
    for more in ({}, {"groups": groups}):
        plain = sides(targets, pictures, seed, **more)
        shuffled = {name: [values[i] for i in order] for name, values in more.items()}
        assert sides(targets[order], pictures[order], seed, **shuffled) == [plain[i] for i in order]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 25), st.integers(0, 25)), min_size=4, max_size=100))
def test_equal_pictures_and_groups_stand_together_also_by_way_of_others(items: list[tuple[int, int, int]]) -> None:
    targets, pictures = (np.array([item[i] for item in items]) for i in (0, 1))
    groups = [f"g{item[2]}" for item in items]
    found = sides(targets, pictures, groups=groups)
    for key in (pictures.tolist(), groups):
        for value in set(key):
            assert len({side for side, own in zip(found, key, strict=True) if own == value}) == 1
    alone = sides(targets, pictures)
    assert all(len({s for s, p in zip(alone, pictures, strict=True) if p == value}) == 1 for value in set(pictures))
    assert all("train" in {s for s, t in zip(alone, targets, strict=True) if t == name} for name in set(targets))


def test_a_class_in_few_groups_is_judged_where_one_can_be_spared() -> None:
    targets = np.array([0] * 40 + [1] * 20)
    groups = [f"a{i // 2}" for i in range(40)] + ["b0"] * 12 + ["b1"] * 8
    found = sides(targets, np.arange(60), groups=groups)
    assert found[40:] == ["train"] * 12 + ["test"] * 8
    assert sides(np.array([0] * 30 + [1] * 3), np.array([*range(30), 99, 99, 99]))[30:] == ["train"] * 3


def test_a_group_keeps_its_side_when_it_grows() -> None:
    targets, groups = np.zeros(200, int), [f"g{i // 4}" for i in range(200)]
    before = sides(targets, np.arange(200), groups=groups)
    after = sides(np.zeros(201, int), np.arange(201), groups=[*groups, "g7"])
    assert sum(a != b for a, b in zip(before, after, strict=False)) <= 8  # two groups, at the edges


def test_known_pictures_keep_their_split_and_only_new_ones_are_assigned() -> None:
    targets = np.arange(120) % 3
    splits, drawn = draw_splits(targets, 0, np.arange(120))
    everything = ImageDataset(
        "d", single_label("abc"), tuple(map(str, range(120))), targets, splits, pixels=np.arange(120), drawn=drawn
    )
    known = {everything.contents[i]: SPLITS[i % 3 and 1 + i % 2] for i in range(0, 120, 2)}
    kept = keep_splits(everything, known, seed=0)
    where = {int(i): split for split, chosen in kept.splits.items() for i in chosen}
    assert sorted(where) == list(range(120))
    assert all(where[i] == known[everything.contents[i]] for i in range(0, 120, 2))
    assert len({where[i] for i in range(1, 120, 2)}) > 1
    assert keep_splits(everything, {}, seed=0) is everything
    # a group goes where one of it was learned from, before where it was judged
    grouped = replace(everything, groups=tuple(f"g{i // 4}" for i in range(120)))
    where = {int(i): s for s, chosen in keep_splits(grouped, known, seed=0).splits.items() for i in chosen}
    assert all(len({where[i] for i in range(g, g + 4)}) == 1 for g in range(0, 120, 4))
    assert all(where[i] == "train" for i in range(0, 120, 2) if known[everything.contents[i]] == "train")


def test_what_the_data_gives_is_kept_against_what_is_known() -> None:
    targets, given_ = np.arange(100) % 2, {"train": np.arange(80), "test": np.arange(80, 100)}
    splits, drawn = draw_splits(targets, 0, np.arange(100), given=given_)
    data = ImageDataset(
        "d", single_label("ab"), tuple(map(str, range(100))), targets, splits, pixels=np.arange(100), drawn=drawn
    )
    known = dict.fromkeys(data.contents[85:], "train") | dict.fromkeys(data.contents[:3], "validation")
    kept = keep_splits(data, known | {data.contents[5]: "test"}, seed=0)
    assert kept.splits["test"].tolist() == list(range(80, 100))
    assert {0, 1, 2} <= set(kept.splits["validation"].tolist())


def test_runs_from_before_find_their_split_by_position() -> None:
    targets = np.arange(20) % 2
    splits, drawn = draw_splits(targets, 0, np.arange(20))
    data = ImageDataset(
        "d", single_label("ab"), tuple(map(str, range(20))), targets, splits, pixels=np.arange(20), drawn=drawn
    )
    assert {s: c.tolist() for s, c in splits_by_position(data, 3).items() if s != "train"} == POSITIONAL["plain"]
    grouped = replace(data, groups=tuple(f"g{i // 3}" for i in range(20)))
    assert {s: c.tolist() for s, c in splits_by_position(grouped, 3).items() if s != "train"} == POSITIONAL["groups"]
    given_ = draw_splits(targets, 0, np.arange(20), given={"train": np.arange(14), "test": np.arange(14, 20)})
    half = replace(data, splits=given_[0], drawn=given_[1])
    assert splits_by_position(half, 3)["validation"].tolist() == POSITIONAL["given"]
