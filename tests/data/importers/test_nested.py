"""Folders in folders as levels, with and without splits."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.data.catalogue import open_dataset
from clfcore.errors import InputError

TREE = {"animal/cat": 6, "animal/dog": 6, "plant/oak": 6, "plant/other": 6, "animal/other": 6}


def lay(root: Path, tree: dict[str, int]) -> Path:
    for folder, n in tree.items():
        (root / folder).mkdir(parents=True)
        for i in range(n):
            Image.fromarray(np.full((8, 8, 3), i * 9, np.uint8)).save(root / folder / f"{i}.png")
    return root


def test_folders_in_folders_are_levels(tmp_path: Path) -> None:
    dataset = open_dataset(f"nested:{lay(tmp_path, TREE)}")
    task = dataset.task
    assert task.kind == "hierarchical"
    assert [level.name for level in task.levels] == ["level 1", "level 2"]
    assert task.levels[0].classes == ("animal", "plant")
    assert task.classes == ("animal / other", "cat", "dog", "oak", "plant / other")  # two others, kept apart
    assert {(problem.kind, problem.item) for problem in dataset.problems} == {("two-parents", "other")}
    where = dataset.ids.index("plant/oak/3.png")
    assert dataset.label(where) == "plant / oak"
    for chosen in dataset.splits.values():
        assert np.bincount(dataset.targets[chosen, 1], minlength=5).min() >= 1  # stratified by the finest


def test_given_splits_stay(tmp_path: Path) -> None:
    root = lay(tmp_path, {f"{split}/{name}": n for split in ("train", "test") for name, n in TREE.items()})
    dataset = open_dataset(f"nested:{root}")
    assert dataset.drawn == ("validation",)
    assert all(dataset.ids[i].startswith("test/") for i in dataset.splits["test"])
    assert dataset.task.levels[0].classes == ("animal", "plant")


def test_pictures_at_another_depth_are_named(tmp_path: Path) -> None:
    lay(tmp_path, {**TREE, "animal/cat/persian": 2})
    dataset = open_dataset(f"nested:{tmp_path}")
    assert [p.item for p in dataset.problems if p.kind == "no-class"] == [f"animal/cat/persian/{i}.png" for i in (0, 1)]


def test_one_level_is_refused(tmp_path: Path) -> None:
    lay(tmp_path, {"cat": 3, "dog": 3})
    with pytest.raises(InputError, match="one level of folders"):
        open_dataset(f"nested:{tmp_path}")
