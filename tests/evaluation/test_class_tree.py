"""A hierarchy counted by hand, and what a threshold does against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from clfcore.data.catalogue import open_dataset
from clfcore.data.label_statistics import class_tree, label_pairs
from clfcore.errors import InputError
from clfcore.evaluation.class_tree import opened, summary, tree
from clfcore.evaluation.threshold_sweep import threshold_curve
from clfcore.figures.sunburst import sunburst_figure
from clfcore.figures.threshold_sweep import threshold_curve_figure
from clfcore.predictions import Predictions
from clfcore.task import Level, hierarchical, multi_label

TASK = hierarchical((Level("kind", ("pet", "plant")), Level("name", ("cat", "dog", "oak"))), [(0, 0), (0, 1), (1, 2)])
TRUTH = np.array([[0, 0], [0, 0], [0, 1], [1, 2]])
SAID = [(0, 0), (0, 2), (1, 1), (1, 2)]


def predictions() -> Predictions:
    logits = np.full((4, 5), -5, np.float32)
    for row, (kind, name) in enumerate(SAID):
        logits[row, kind] = logits[row, 2 + name] = 5
    return Predictions(TASK, "test", ("a", "b", "c", "d"), TRUTH, logits)


def test_branches_count_what_is_right_so_far() -> None:
    found = {branch.path: (branch.items, branch.right) for branch in tree(predictions())}
    assert found == {
        ("pet",): (3, 2),
        ("plant",): (1, 1),
        ("pet", "cat"): (2, 1),
        ("pet", "dog"): (1, 0),  # its name is right, its kind is not
        ("plant", "oak"): (1, 1),
    }
    assert summary(predictions()) == "2 of 4 items are right on every level; least often pet / dog (0 of 1)."


def test_a_class_opens_into_its_children() -> None:
    found = opened(predictions(), "kind", "pet")
    assert found.classes == ("cat", "dog", "elsewhere")
    assert found.counts.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize(("level", "name", "words"), [("name", "cat", "finest"), ("kind", "pett", "did you mean pet")])
def test_what_cannot_be_opened_is_refused(level: str, name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        opened(predictions(), level, name)


def test_the_sunburst_has_a_ring_a_level() -> None:
    trace = sunburst_figure(tree(predictions()), words=summary(predictions())).data[0]
    assert dict(zip(trace.ids, trace.values, strict=True))["pet"] == 3
    assert dict(zip(trace.ids, trace.parents, strict=True))["pet/cat"] == "pet"


def test_precision_and_recall_at_thresholds_are_scikit_learns() -> None:
    generator = np.random.default_rng(4)
    targets = (generator.random((60, 2)) < 0.4).astype(np.uint8)
    logits = generator.normal(size=(60, 2)).astype(np.float32)
    predictions = Predictions(multi_label(["a", "b"]), "validation", tuple(map(str, range(60))), targets, logits)
    found = threshold_curve(predictions, "b")
    precision, recall, at = precision_recall_curve(targets[:, 1], predictions.probabilities()[:, 1])
    assert found.thresholds == pytest.approx(at)
    assert found.precision == pytest.approx(precision[:-1])
    assert found.recall == pytest.approx(recall[:-1])
    assert threshold_curve_figure(found, threshold=0.5).data[2].name == "F1"


def test_a_dataset_tells_its_tree_and_pairs_before_training() -> None:
    tree_of = open_dataset("shapes-hierarchical:count=60,side=12")
    found = {branch.path: branch.items for branch in class_tree(tree_of)}
    assert found["round",] == 20
    assert found["round", "ring"] == 10
    assert not sunburst_figure(class_tree(tree_of), words="", judged=False).data[0].marker.colors
    labels = open_dataset("shapes-multi-label:count=60,side=12")
    pairs, none = label_pairs(labels, "train")
    rows = labels.targets[labels.splits["train"]]
    assert np.diag(pairs).tolist() == rows.sum(axis=0).tolist()
    assert pairs[0, 1] == sum(1 for row in rows if row[0] and row[1])
    assert none == sum(1 for row in rows if not row.any())
    with pytest.raises(InputError, match="no tree"):
        class_tree(labels)
