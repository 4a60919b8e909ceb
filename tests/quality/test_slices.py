"""Slices: what is planted is found, chance is not, and the statistics agree with scipy's."""

import numpy as np
import pytest
from scipy import stats

from clfcore.quality.slices import (
    Group,
    benjamini_hochberg,
    class_groups,
    cluster_groups,
    find_slices,
    quarter_groups,
    shape_groups,
    worse_than_rest,
)


def groups_of(rng: np.random.Generator, n: int) -> list[Group]:
    """Groups as a dataset has them: classes, quarters of related measures, shapes, clusters."""
    brightness = rng.random(n)
    measures = {"brightness": brightness, "contrast": brightness + rng.random(n), "size": rng.integers(20, 90, n) * 1.0}
    sizes = np.stack([rng.integers(50, 100, n), rng.integers(50, 100, n)], axis=1)
    classes = rng.integers(0, 6, n)[:, None] == np.arange(6)
    embeddings = rng.normal(size=(n, 8))
    return [
        *class_groups(list("abcdef"), classes),
        *quarter_groups(measures),
        *shape_groups(sizes),
        *cluster_groups(embeddings),
    ]


def test_chance_is_reported_in_at_most_one_draw_of_twenty() -> None:
    rng, n = np.random.default_rng(0), 300
    groups, ids = groups_of(rng, n), [str(i) for i in range(n)]
    right = rng.random(n) < 0.85
    drawn = [any(one.significant for one in find_slices(ids, rng.permutation(right), groups)) for _ in range(200)]
    assert sum(drawn) <= 10
    assert sum(drawn) >= 1  # a test that never reports anything would be of no use


def test_a_planted_slice_is_the_first() -> None:
    rng, n = np.random.default_rng(1), 400
    groups, ids = groups_of(rng, n), [str(i) for i in range(n)]
    dark = next(g for g in groups if (g.by, g.name) == ("brightness", "lowest quarter"))
    right = rng.random(n) < np.where(dark.members, 0.5, 0.92)
    first, *_ = find_slices(ids, right, groups)
    assert (first.by, first.name, first.items, first.significant) == ("brightness", "lowest quarter", 100, True)
    assert first.accuracy < first.rest_accuracy
    assert first.interval is not None
    assert first.interval.low <= first.accuracy <= first.interval.high
    wrong = first.items - first.right
    assert not right[[int(i) for i in first.ids[:wrong]]].any()
    assert right[[int(i) for i in first.ids[wrong:]]].all()


def test_the_statistics_are_those_of_scipy() -> None:
    rng = np.random.default_rng(2)
    right, members = rng.random(120) < 0.8, rng.random(120) < 0.3
    table = [[(right & members).sum(), (~right & members).sum()], [(right & ~members).sum(), (~right & ~members).sum()]]
    assert worse_than_rest(right, members) == pytest.approx(stats.fisher_exact(table, alternative="less").pvalue)
    p = rng.random(30) ** 3
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))
    assert len(benjamini_hochberg(np.empty(0))) == 0


def test_small_and_unknown_groups_are_left_out() -> None:
    right = np.ones(40, bool)
    few = Group("class", "few", np.arange(40) < 9)
    almost_all = Group("class", "almost all", np.arange(40) < 31)
    assert find_slices([""] * 40, right, [few, almost_all]) == ()
    values = np.array([np.nan] * 4 + [1.0, 2.0, 3.0, 4.0])
    assert [int(g.members.sum()) for g in quarter_groups({"size": values})] == [1, 1, 1, 1]
    assert list(quarter_groups({"size": np.ones(9), "none": np.full(9, np.nan)})) == []
    assert [int(g.members.sum()) for g in shape_groups(np.array([[0, 0], [10, 20], [20, 20], [30, 20]]))] == [1, 1, 1]
    assert list(cluster_groups(np.zeros((20, 3)))) == []
