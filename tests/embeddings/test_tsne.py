"""t-SNE: neighbors stay neighbors, what was computed is kept, and a missing library is one line."""

import sys

import numpy as np
import pytest

from clfcore.embeddings import tsne as module
from clfcore.embeddings.tsne import sampled_rows, tsne
from clfcore.errors import InputError


def test_clusters_stay_apart_and_the_map_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    of = np.arange(60) % 3
    x = (rng.normal(size=(3, 64))[of] + 0.05 * rng.normal(size=(60, 64))).astype(np.float32)
    counted: list[int] = []
    first = tsne(x, progress=lambda done, of: counted.append(done))
    distances = np.linalg.norm(first[:, None] - first[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert np.array_equal(of[distances.argmin(axis=1)], of)
    assert counted[-1] == module.EARLY + module.LATER
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    assert np.array_equal(tsne(x), first)
    with pytest.raises(InputError, match=r"needs openTSNE.*pip install 'clflab\[map\]'"):
        tsne(x + 1)


def test_a_large_map_is_a_sample() -> None:
    assert sampled_rows(5).tolist() == [0, 1, 2, 3, 4]
    rows = sampled_rows(50, most=10)
    assert len(set(rows.tolist())) == 10
    assert rows.tolist() == sorted(rows.tolist())


def test_few_items_make_no_map() -> None:
    with pytest.raises(InputError, match="3 images are too few"):
        tsne(np.eye(3, dtype=np.float32))
