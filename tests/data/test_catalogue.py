"""A SPEC opens what it names, and the catalogue tells the truth about its rows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clfcore.data.catalogue import entries, open_dataset
from clfcore.data.checks import check
from clfcore.errors import InputError
from clfcore.files import app_folder


def test_the_rows_are_what_opens() -> None:
    for row in entries():
        if row.available:
            dataset = open_dataset(row.name)
            assert (dataset.name, dataset.task.kind) == (row.name, row.task)
            assert (len(dataset.classes), len(dataset)) == (row.classes, row.items)
            assert dataset.digits_like == row.digits_like
        assert row.licence
        assert row.source
        assert row.note


def test_the_names_are_those_of_the_design() -> None:
    names = [row.name for row in entries()]
    assert names == [
        "digits",
        "clothing-small",
        "shapes",
        "shapes-multi-label",
        "shapes-hierarchical",
        "shapes-shortcut",
        "fashion-mnist",
        "mnist",
        "cifar10",
        "cifar100",
    ]


def test_the_photos_that_ship_are_free_of_problems_and_small() -> None:
    dataset = open_dataset("clothing-small")
    assert check(dataset)[0].problems == ()
    for split, count in {"train": 10, "validation": 4, "test": 6}.items():
        assert dataset.counts(split).tolist() == [count] * 10
    folder = app_folder() / "assets" / "clothing-small"
    assert sum(file.stat().st_size for file in folder.rglob("*.jpg")) < 4_000_000
    assert "CC0" in (folder / "LICENSE").read_text(encoding="utf-8")


def test_shapes_take_settings() -> None:
    dataset = open_dataset("shapes-multi-label:count=60,side=20,seed=3,difficulty=0.9")
    assert dataset.name == "shapes-multi-label:count=60,side=20,seed=3,difficulty=0.9"
    assert dataset.pixels.shape == (60, 20, 20, 3)
    assert not np.array_equal(dataset.pixels, open_dataset("shapes-multi-label:count=60,side=20,seed=4").pixels)


@pytest.mark.parametrize("spec", ["shapes:size=3", "shapes:count", "shapes:count=many", "shapes:side=3.5"])
def test_settings_that_are_none_are_refused(spec: str) -> None:
    with pytest.raises(InputError, match=r"is no setting; write count, side, seed or difficulty"):
        open_dataset(spec)


def test_the_split_seed_draws_and_never_changes_what_is_given() -> None:
    a, b = (open_dataset("shapes:count=60", split_seed=seed) for seed in (0, 1))
    assert np.array_equal(a.pixels, b.pixels)
    assert not np.array_equal(a.splits["train"], b.splits["train"])


def test_a_folder_a_zip_and_a_manifest_open(
    photos: Path, tmp_path: Path, make_zip: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = make_zip(tmp_path / "p.ZIP", {f"{f.parent.name}/{f.name}": f.read_bytes() for f in photos.glob("*/*.jpg")})
    (tmp_path / "m.csv").write_text(
        "path,label\n" + "".join(f"photos/{n}/0{i}.jpg,{n}\n" for n in ("cat", "dog") for i in range(5))
    )
    assert [len(open_dataset(str(p))) for p in (photos, packed, tmp_path / "m.csv")] == [40, 40, 10]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").symlink_to(photos)
    assert len(open_dataset("photos")) == 40
    assert len(open_dataset("digits")) == 1797  # the catalogue comes first
    assert len(open_dataset("./digits")) == 40


@pytest.mark.parametrize(("spec", "words"), [
    ("digit", r"the catalogue has digits, .*\(did you mean digits\?\)"),
    ("no/such/folder", "there is no such folder"),
    ("x" * 5000, "there is no such folder"),
    ("a\0b", "there is no such folder"),
    ("digits:count=3", "there is no such folder"),
])  # fmt: skip
def test_what_is_not_there_is_refused(spec: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        open_dataset(spec)


def test_another_kind_of_file_is_refused(photos: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"must be a folder, a \.zip of one, a \.csv manifest, a \.json, \.jsonl or \.tar of another tool",
    ):
        open_dataset(str(photos / "cat" / "00.jpg"))
