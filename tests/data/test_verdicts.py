"""Verdicts belong to a picture under one label: they outlive runs and renaming, and lapse when the label changes."""

from dataclasses import replace

import numpy as np
import pytest

from clfcore.data import verdicts
from clfcore.data.dataset import ImageDataset
from clfcore.data.shapes import draw
from clfcore.errors import InputError


@pytest.fixture
def dataset() -> ImageDataset:
    return draw(count=40, side=16)


def labels(dataset: ImageDataset) -> dict[str, str]:
    return {dataset.ids[i]: dataset.label(i) for i in range(len(dataset))}


def test_a_verdict_is_kept_changed_and_removed(dataset: ImageDataset) -> None:
    item, truth = dataset.ids[3], dataset.label(3)
    verdicts.keep(dataset, item, truth, kind="wrong label", note=" it is a square ")
    assert verdicts.of_items(dataset, labels(dataset))[item].note == "it is a square"
    verdicts.keep(dataset, item, truth, kind="ambiguous")
    assert {key: value.kind for key, value in verdicts.of_items(dataset, labels(dataset)).items()} == {
        item: "ambiguous"
    }
    verdicts.keep(dataset, item, truth, kind=None)
    assert verdicts.of_items(dataset, labels(dataset)) == {}


def test_it_follows_the_picture_and_lapses_with_another_label(dataset: ImageDataset) -> None:
    item, truth = dataset.ids[3], dataset.label(3)
    verdicts.keep(dataset, item, truth, kind="wrong label")
    renamed = replace(dataset, ids=tuple(f"moved/{name}" for name in dataset.ids))
    assert list(verdicts.of_items(renamed, labels(renamed))) == [f"moved/{item}"]
    assert verdicts.of_items(dataset, {item: "another label"}) == {}
    other = replace(dataset, pixels=255 - np.asarray(dataset.pixels))
    assert verdicts.of_items(other, labels(other)) == {}


def test_the_table_has_a_line_a_verdict(dataset: ImageDataset) -> None:
    for i, kind in ((5, "ambiguous"), (2, "the model's fault")):
        verdicts.keep(dataset, dataset.ids[i], dataset.label(i), kind=kind, note="a, b")
    lines = verdicts.table_csv(dataset).splitlines()
    assert lines[0] == "item,truth,verdict,note,when"
    assert len(lines) == 3
    assert '"a, b"' in lines[1]


def test_bad_verdicts_are_refused(dataset: ImageDataset) -> None:
    with pytest.raises(InputError, match="verdict"):
        verdicts.keep(dataset, dataset.ids[0], "x", kind="nonsense")
    with pytest.raises(InputError, match="item"):
        verdicts.keep(dataset, "no such picture", "x", kind="ambiguous")
    verdicts.keep(dataset, dataset.ids[0], "x", kind="ambiguous")
    next(verdicts.verdicts_folder().glob("*.json")).write_text("[")
    with pytest.raises(InputError, match="damaged"):
        verdicts.read(dataset)
