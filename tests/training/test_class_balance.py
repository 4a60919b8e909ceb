"""What rare classes weigh, how often they are drawn, and which options a task refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clfcore.config import Recipe, make
from clfcore.data.catalogue import open_dataset
from clfcore.errors import InputError
from clfcore.runs.resolve_run import resolve_run
from clfcore.task import multi_label, single_label
from clfcore.training import class_balance


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60))
def test_each_class_is_drawn_as_often_as_any_other(classes: list[int]) -> None:
    targets = np.array(classes)
    weights = class_balance.draw_weights(single_label(list("abcde")), targets)
    there = np.unique(targets)
    for c in there:
        assert weights[targets == c].sum() == pytest.approx(1 / len(there))


def test_items_without_a_label_are_drawn_too() -> None:
    targets = np.array([[1, 0], [0, 0], [0, 0], [1, 1]])
    weights = class_balance.draw_weights(multi_label(["a", "b"]), targets)
    # a of two items, b of one, none of two: by hand 1/2, 1/2, 1/2, 1/2 + 1
    assert weights == pytest.approx(np.array([0.5, 0.5, 0.5, 1.5]) / 3)


@given(
    st.lists(st.integers(1, 500), min_size=2, max_size=8), st.sampled_from(["inverse-frequency", "effective-number"])
)
def test_weights_are_one_on_average_and_more_for_rarer_classes(counts: list[int], kind: str) -> None:
    n = np.array(counts)
    weights = class_balance.class_weights(Recipe(class_weights=kind), n)
    assert (weights * n).sum() / n.sum() == pytest.approx(1)
    assert (np.diff(weights[np.argsort(n)]) <= 1e-9).all()


def test_a_class_without_items_has_no_weight() -> None:
    assert class_balance.class_weights(Recipe(class_weights="effective-number"), np.array([3, 0]))[1] == 0


REFUSED = [
    ("shapes", {"class_weights": "1,2"}, "recipe.class_weights has 2 values: there are 6 classes"),
    ("shapes", {"positive_weights": "balanced"}, "for tasks with several labels"),
    ("shapes", {"loss": "asymmetric"}, "several labels an item; take focal"),
    ("shapes", {"level_weights": "1,2"}, "for tasks with levels"),
    ("shapes-multi-label", {"class_weights": "inverse-frequency"}, "use positive_weights"),
    ("shapes-multi-label", {"positive_weights": "1,2,3"}, "has 3 values: there are 6 labels"),
    ("shapes-hierarchical", {"level_weights": "1,2,3"}, "has 3 values: there are 2 levels"),
]


@pytest.mark.parametrize(("data", "recipe", "words"), REFUSED, ids=[" ".join(r[1]) for r in REFUSED])
def test_what_a_task_has_no_use_for_is_refused(data: str, recipe: dict, words: str) -> None:
    config = make({"data": f"{data}:count=60", "architecture": "lenet5", "recipe": recipe})
    with pytest.raises(InputError, match=words):
        resolve_run(config)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"recipe": {"class_weights": "inverse-frequenc"}}, "did you mean inverse-frequency"),
        ({"recipe": {"class_weights": "1,-2"}}, "0 or more"),
        ({"recipe": {"level_weights": "1,nan"}}, "finite"),
        ({"recipe": {"positive_weights": "0,0"}}, "not all 0"),
        ({"wanted": 1.2}, "at most 1"),
        ({"decoding": "pathh"}, "did you mean path"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(values: dict, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        make({"data": "digits", "architecture": "lenet5", **values})
    assert "\n" not in str(caught.value)


def test_other_tasks_refuse_thresholds_and_decoding() -> None:
    for values, words in (({"thresholds": "f1"}, "several labels"), ({"decoding": "path"}, "levels alone")):
        with pytest.raises(InputError, match=words):
            resolve_run(make({"data": "shapes:count=60", "architecture": "lenet5", **values}))


def test_labels_that_none_or_all_have_are_said() -> None:
    dataset = open_dataset("shapes-multi-label:count=60")
    dataset.targets[:, 0], dataset.targets[:, 1] = 0, 1
    absent, always = class_balance.silent_classes(dataset)
    assert "circle" in absent
    assert "cross" in always
