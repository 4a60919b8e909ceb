"""Predictions: probabilities against scipy, round trip, and the refusal of what does not fit."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, softmax

from clfcore.errors import InputError
from clfcore.predictions import Predictions
from clfcore.task import Level, Task, hierarchical, multi_label, single_label

LEVELS = (Level("kind", ("a", "b")), Level("item", ("c", "d", "e")))
TASKS = {
    "single-label": (single_label(["x", "<b>", "ü"]), np.array([0, 2])),
    "multi-label": (multi_label(["x", "y"]), np.array([[0, 0], [1, 1]], np.uint8)),
    "hierarchical": (hierarchical(LEVELS, [(0, 0), (0, 1), (1, 2)]), np.array([[0, 1], [1, 2]])),
}


def made(kind: str, scale: float = 1.0) -> Predictions:
    task, targets = TASKS[kind]
    logits = (np.random.default_rng(0).normal(size=(2, task.columns)) * scale).astype(np.float32)
    return Predictions(task, "validation", ("one", "zwei/ü"), targets, logits)


@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_probabilities_are_scipys(scale: float) -> None:
    single, multi, tree = (made(kind, scale) for kind in TASKS)
    np.testing.assert_allclose(single.probabilities(), softmax(single.logits.astype(float), axis=1), atol=1e-12)
    np.testing.assert_allclose(multi.probabilities(), expit(multi.logits.astype(float)), atol=1e-12)
    np.testing.assert_allclose(
        tree.probabilities()[:, 2:], softmax(tree.logits[:, 2:].astype(float), axis=1), atol=1e-12
    )
    np.testing.assert_allclose(tree.probabilities()[:, :2].sum(axis=1), 1)


@pytest.mark.parametrize("kind", TASKS)
def test_what_is_saved_is_what_is_loaded(kind: str, tmp_path: Path) -> None:
    before = made(kind)
    before.save(tmp_path / "p.npz")
    after = Predictions.load(tmp_path / "p.npz")
    assert (after.task, after.split, after.ids) == (before.task, before.split, before.ids)
    np.testing.assert_array_equal(after.logits, before.logits)
    np.testing.assert_array_equal(after.targets, before.targets)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"text"])
def test_a_damaged_file_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "p.npz").write_bytes(content)
    with pytest.raises(InputError, match="is damaged and cannot be read: evaluate the run again"):
        Predictions.load(tmp_path / "p.npz")


def test_what_does_not_fit_is_refused() -> None:
    task, targets = TASKS["single-label"]
    with pytest.raises(InputError, match="logits are 2 x 2: 2 items and 3 classes need 2 x 3"):
        Predictions(task, "test", ("a", "b"), targets, np.zeros((2, 2), np.float32))
    with pytest.raises(InputError, match="not finite"):
        Predictions(task, "test", ("a", "b"), targets, np.full((2, 3), np.nan, np.float32))
    with pytest.raises(InputError, match="targets are 2 x 1: a single-label task needs 2"):
        Predictions(task, "test", ("a", "b"), targets[:, None], np.zeros((2, 3), np.float32))


def test_a_level_stands_alone() -> None:
    level = made("hierarchical").level("item")
    assert level.task == Task("single-label", (LEVELS[1],))
    assert level.targets.tolist() == [1, 2]
    with pytest.raises(InputError, match="level is 'color': it must be one of kind, item"):
        made("hierarchical").level("color")


def test_a_class_named_twice_is_refused() -> None:
    with pytest.raises(InputError, match="class 'x' is named twice"):
        single_label(["x", "y", "x"])
