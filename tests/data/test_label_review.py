"""Verdicts belong to a picture under one label: they outlive runs and renaming, and lapse when the label changes."""

from dataclasses import replace

import numpy as np
import pytest

from clfcore.data import label_review
from clfcore.data.dataset import ImageDataset
from clfcore.data.synthetic_shapes import draw
from clfcore.errors import InputError


@pytest.fixture
def dataset() -> ImageDataset:
    return draw(count=40, side=16)


def labels(dataset: ImageDataset) -> dict[str, str]:
    return {dataset.ids[i]: dataset.label(i) for i in range(len(dataset))}


def test_a_verdict_is_kept_changed_and_removed(dataset: ImageDataset) -> None:
    item, truth = dataset.ids[3], dataset.label(3)
    label_review.keep_review(dataset, item, truth, kind="wrong label", note=" it is a square ")
    assert label_review.reviews_of(dataset, labels(dataset))[item].note == "it is a square"
    label_review.keep_review(dataset, item, truth, kind="ambiguous")
    assert {key: value.kind for key, value in label_review.reviews_of(dataset, labels(dataset)).items()} == {
        item: "ambiguous"
    }
    label_review.keep_review(dataset, item, truth, kind=None)
    assert label_review.reviews_of(dataset, labels(dataset)) == {}


def test_it_follows_the_picture_and_lapses_with_another_label(dataset: ImageDataset) -> None:
    item, truth = dataset.ids[3], dataset.label(3)
    label_review.keep_review(dataset, item, truth, kind="wrong label")
    renamed = replace(dataset, ids=tuple(f"moved/{name}" for name in dataset.ids))
    assert list(label_review.reviews_of(renamed, labels(renamed))) == [f"moved/{item}"]
    assert label_review.reviews_of(dataset, {item: "another label"}) == {}
    other = replace(dataset, pixels=255 - np.asarray(dataset.pixels))
    assert label_review.reviews_of(other, labels(other)) == {}


def test_the_table_has_a_line_a_verdict(dataset: ImageDataset) -> None:
    for i, kind in ((5, "ambiguous"), (2, "the model's fault")):
        label_review.keep_review(dataset, dataset.ids[i], dataset.label(i), kind=kind, note="a, b")
    lines = label_review.table_csv(dataset).splitlines()
    assert lines[0] == "item,truth,verdict,note,when"
    assert len(lines) == 3
    assert '"a, b"' in lines[1]


def test_bad_verdicts_are_refused(dataset: ImageDataset) -> None:
    with pytest.raises(InputError, match="verdict"):
        label_review.keep_review(dataset, dataset.ids[0], "x", kind="nonsense")
    with pytest.raises(InputError, match="item"):
        label_review.keep_review(dataset, "no such picture", "x", kind="ambiguous")
    label_review.keep_review(dataset, dataset.ids[0], "x", kind="ambiguous")
    next(label_review.verdicts_folder().glob("*.json")).write_text("[")
    with pytest.raises(InputError, match="damaged"):
        label_review.read_reviews(dataset)
