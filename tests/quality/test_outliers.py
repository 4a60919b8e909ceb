"""Outliers: what is far from all others comes first, by a distance that scikit-learn computes too."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from clfcore.quality.outliers import find_outliers


def test_scores_are_the_cosine_distance_to_the_fifth_nearest() -> None:
    x = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    ids = tuple(map(str, range(40)))
    found = find_outliers(ids, x, np.arange(40))
    distances, _ = NearestNeighbors(n_neighbors=6, metric="cosine").fit(x).kneighbors(x)
    expected = dict(zip(ids, distances[:, 5], strict=True))
    assert [o.item for o in found] == sorted(ids, key=lambda name: -expected[name])
    assert [o.score for o in found] == pytest.approx([expected[o.item] for o in found], abs=1e-5)


def test_copies_do_not_make_a_stranger_known() -> None:
    x = np.random.default_rng(0).normal(1, 0.1, size=(20, 4)).astype(np.float32)
    x[:6] = [1, -5, 3, -2]
    clusters = np.r_[np.zeros(6, np.int64), np.arange(1, 15)]
    found = find_outliers(tuple(map(str, range(20))), x, clusters)
    assert {o.item for o in found[:6]} == set("012345")
    assert find_outliers(("a", "b"), x[:2], np.zeros(2, np.int64)) == ()
