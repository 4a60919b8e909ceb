"""One item of a dataset: its place, its truth, its file."""

import numpy as np
import pytest

from clfcore.data.catalogue import open_dataset
from clfcore.data.item import item_record
from clfcore.errors import InputError


def test_an_item_knows_its_place_in_its_split() -> None:
    dataset = open_dataset("digits")
    index = int(dataset.splits["test"][16])
    record = item_record(dataset, dataset.ids[index])
    assert (record.split, record.place, record.of) == ("test", 17, len(dataset.splits["test"]))
    assert record.position == f"test, 17 of {len(dataset.splits['test'])}"
    assert record.truth == record.labels[0] == dataset.label(index)
    assert record.path is None


def test_of_a_hierarchy_the_finest_class_is_the_label_and_the_path_is_the_truth() -> None:
    dataset = open_dataset("shapes-hierarchical:count=60,side=24")
    record = item_record(dataset, dataset.ids[0])
    assert record.truth.endswith(f" / {record.labels[0]}")
    assert dataset.finest_label(0) == record.labels[0]


def test_several_labels_are_each_a_label() -> None:
    dataset = open_dataset("shapes-multi-label:count=60,side=24")
    index = int(np.flatnonzero(dataset.targets.sum(axis=1) > 1)[0])
    record = item_record(dataset, dataset.ids[index])
    assert "; ".join(record.labels) == record.truth == dataset.finest_label(index)


def test_an_unknown_item_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="digits/nine is not in digits"):
        item_record(open_dataset("digits"), "digits/nine")
