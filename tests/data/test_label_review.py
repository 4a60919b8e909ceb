"""Verdicts belong to a picture under one label: they outlive runs and renaming, and lapse when the label changes."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from clfcore.data import label_review
from clfcore.data.catalogue import open_dataset
from clfcore.data.dataset import ImageDataset
from clfcore.data.versions.decisions import decide_item
from clfcore.data.versions.log import append_step, read_decisions
from clfcore.data.versions.queue import by_item
from clfcore.errors import InputError
from clfcore.files import verdicts_folder

SPEC = "shapes:count=40,side=16"


@pytest.fixture
def dataset() -> ImageDataset:
    return open_dataset(SPEC)


def labels(dataset: ImageDataset) -> dict[str, str]:
    return {dataset.ids[i]: dataset.label(i) for i in range(len(dataset))}


def test_a_verdict_is_kept_changed_and_removed(dataset: ImageDataset) -> None:
    item = dataset.ids[3]
    label_review.keep_review(SPEC, dataset, item, kind="wrong label", note=" it is a square ")
    assert label_review.reviews_of(SPEC, dataset, labels(dataset))[item].note == "it is a square"
    label_review.keep_review(SPEC, dataset, item, kind="ambiguous")
    assert {key: value.kind for key, value in label_review.reviews_of(SPEC, dataset, labels(dataset)).items()} == {
        item: "ambiguous"
    }
    label_review.keep_review(SPEC, dataset, item, kind=None)
    assert label_review.reviews_of(SPEC, dataset, labels(dataset)) == {}


def test_it_follows_the_picture_and_lapses_with_another_label(dataset: ImageDataset) -> None:
    item = dataset.ids[3]
    label_review.keep_review(SPEC, dataset, item, kind="wrong label")
    renamed = replace(dataset, ids=tuple(f"moved/{name}" for name in dataset.ids))
    assert list(label_review.reviews_of(SPEC, renamed, labels(renamed))) == [f"moved/{item}"]
    relabeled = replace(dataset, targets=(dataset.targets + 1) % len(dataset.classes))
    assert label_review.reviews_of(SPEC, relabeled, labels(relabeled)) == {}
    other = replace(dataset, pixels=255 - np.asarray(dataset.pixels))
    assert label_review.reviews_of(SPEC, other, labels(other)) == {}


def test_verdicts_and_the_queue_decide_the_same_pictures(dataset: ImageDataset) -> None:
    new = next(name for name in dataset.classes if name != dataset.label(0))
    append_step(SPEC, [decide_item(dataset, dataset.ids[0], "label", label=[new])])
    assert label_review.reviews_of(SPEC, dataset, labels(dataset))[dataset.ids[0]].kind == "wrong label"
    label_review.keep_review(SPEC, dataset, dataset.ids[0], kind="wrong label", note="sure")
    (decision,) = read_decisions(SPEC)
    assert (decision.label, decision.note) == ((new,), "sure")  # the verdict takes no label back
    label_review.keep_review(SPEC, dataset, dataset.ids[1], kind="the model's fault")
    label_review.keep_review(SPEC, dataset, dataset.ids[2], kind="wrong label")
    decided = by_item(read_decisions(SPEC))
    assert decided[dataset.ids[1]].action == "keep"
    assert dataset.ids[2] not in decided  # which label is right is still to be said


def test_verdicts_of_an_older_lab_stand_until_decided_anew(dataset: ImageDataset) -> None:
    classes = json.dumps([dataset.task.kind, *dataset.classes])
    name = f"shapes-count-40-side-16-{hashlib.blake2b(classes.encode(), digest_size=6).hexdigest()}.json"
    key = hashlib.blake2b(np.ascontiguousarray(dataset.image(3)).tobytes(), digest_size=16).hexdigest()
    old = {"item": dataset.ids[3], "truth": dataset.label(3), "kind": "ambiguous", "note": "old", "when": ""}
    verdicts_folder().mkdir(parents=True)
    (verdicts_folder() / name).write_text(json.dumps({"dataset": SPEC, "verdicts": {key: old}}))
    assert label_review.reviews_of(SPEC, dataset, labels(dataset))[dataset.ids[3]].note == "old"
    label_review.keep_review(SPEC, dataset, dataset.ids[3], kind=None)
    assert label_review.reviews_of(SPEC, dataset, labels(dataset)) == {}


def test_the_table_has_a_line_a_verdict(dataset: ImageDataset) -> None:
    for i, kind in ((5, "ambiguous"), (2, "the model's fault")):
        label_review.keep_review(SPEC, dataset, dataset.ids[i], kind=kind, note="a, b")
    lines = label_review.table_csv(SPEC).splitlines()
    assert lines[0] == "item,truth,verdict,note,when"
    assert len(lines) == 3
    assert '"a, b"' in lines[1]


def test_bad_verdicts_are_refused(dataset: ImageDataset) -> None:
    with pytest.raises(InputError, match="verdict"):
        label_review.keep_review(SPEC, dataset, dataset.ids[0], kind="nonsense")
    with pytest.raises(InputError, match="item"):
        label_review.keep_review(SPEC, dataset, "no such picture", kind="ambiguous")
