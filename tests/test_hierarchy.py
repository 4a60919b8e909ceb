"""Answers of a hierarchy: real paths by brute force, parents by summing, and where a path stops."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clfcore.errors import InputError
from clfcore.evaluation.metrics import consistent
from clfcore.hierarchy import decoded, path_of, redecoded
from clfcore.predictions import Predictions, probabilities
from clfcore.task import Level, Task, hierarchical, single_label

LEVELS = (Level("kind", ("a", "b")), Level("sort", ("c", "d", "e")), Level("item", ("w", "x", "y", "z")))
PATHS = ((0, 0, 0), (0, 0, 1), (0, 1, 2), (1, 2, 3))
TASK = hierarchical(LEVELS, PATHS)


def predictions_of(logits: np.ndarray) -> Predictions:
    return Predictions(TASK, "test", tuple(map(str, range(len(logits)))), np.zeros((len(logits), 3), np.int64), logits)


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.5, 5.0, 60.0]))
def test_path_decoding_is_the_likeliest_real_path(seed: int, scale: float) -> None:
    logits = (np.random.default_rng(seed).normal(size=(8, 9)) * scale).astype(np.float32)
    found = redecoded(predictions_of(logits), "path")
    assert consistent(found).all()
    p = probabilities(logits, TASK)
    for row, answer in zip(p, found.logits, strict=True):
        products = [row[a] * row[2 + b] * row[5 + c] for a, b, c in PATHS]
        chosen = tuple(int(answer[part].argmax()) for part in TASK.slices)
        assert products[PATHS.index(chosen)] == pytest.approx(max(products), rel=1e-4)


@given(st.integers(0, 10_000))
def test_summing_gives_a_parent_what_its_children_have(seed: int) -> None:
    logits = np.random.default_rng(seed).normal(size=(5, 9)).astype(np.float32) * 3
    p = probabilities(decoded(logits, TASK, "sum"), TASK)
    kinds, sorts, items = (p[:, part] for part in TASK.slices)
    assert items == pytest.approx(probabilities(logits, TASK)[:, 5:], abs=1e-5)
    assert sorts == pytest.approx(np.stack([items[:, 0] + items[:, 1], items[:, 2], items[:, 3]], axis=1), abs=1e-5)
    assert kinds == pytest.approx(np.stack([sorts[:, 0] + sorts[:, 1], sorts[:, 2]], axis=1), abs=1e-5)


def test_equal_paths_still_give_one_real_path() -> None:
    """Of equal scores each level by itself would take its first class: here b with c, which is no path."""
    task = hierarchical((Level("k", ("a", "b")), Level("s", ("c", "d"))), [(0, 1), (1, 0)])
    answer = decoded(np.zeros((1, 4), np.float32), task, "path")[0]
    assert (answer[:2].argmax(), answer[2:].argmax()) in {(0, 1), (1, 0)}


def test_a_path_stops_where_it_is_not_sure() -> None:
    logits = np.log(np.array([0.9, 0.1, 0.6, 0.3, 0.1, 0.3, 0.3, 0.3, 0.1], np.float32))
    whole = path_of(logits, TASK)
    assert [place.level for place in whole] == ["kind", "sort", "item"]
    assert [p.label for p in whole][:2] == ["a", "c"]
    products = {
        path: np.exp(sum(logits[part.start + i] for i, part in zip(path, TASK.slices, strict=True))) for path in PATHS
    }
    total = sum(products.values())
    assert whole[0].probability == pytest.approx((total - products[1, 2, 3]) / total, rel=1e-5)
    assert whole[2].probability == pytest.approx(max(products.values()) / total, rel=1e-5)
    falling = [place.probability for place in whole]
    assert all(above >= below for above, below in itertools.pairwise(falling))
    assert len(path_of(logits, TASK, sure=0.7)) == 2
    assert path_of(logits, TASK, sure=1.0) == ()


def test_what_has_no_paths_is_refused() -> None:
    with pytest.raises(InputError, match="no levels"):
        decoded(np.zeros((1, 2), np.float32), single_label(["a", "b"]), "path")
    with pytest.raises(InputError, match="train it again"):
        decoded(np.zeros((1, 9), np.float32), Task("hierarchical", LEVELS), "sum")
