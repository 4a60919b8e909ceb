"""The nearest training pictures of a run, by its own embeddings."""

import numpy as np
import pytest

from clfcore.errors import InputError
from clfcore.runs.neighbours import Space, space
from clfcore.runs.store import Run


def test_nearest_is_the_largest_cosine_by_hand() -> None:
    train = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    found = Space(("a", "b", "c"), ("x", "y", "y"), train, {"q": 0}, np.array([[0.8, 0.6]], np.float32))
    assert [(one.id, one.label) for one in found.nearest("q", n=2)] == [("c", "y"), ("a", "x")]
    assert found.nearest("q")[0].similarity == pytest.approx(0.96)
    with pytest.raises(InputError, match="item"):
        found.nearest("nothing")


def test_a_run_s_training_pictures_are_nearest_to_themselves(finished_run: Run) -> None:
    found = space(finished_run, "test")
    sizes = finished_run.data["splits"]
    assert (len(found.ids), len(found.items)) == (sizes["train"], sizes["test"])
    assert np.allclose(np.linalg.norm(found.train, axis=1), 1, atol=1e-5)
    own = Space(found.ids, found.labels, found.train, {found.ids[7]: 0}, found.train[7:8])
    assert own.nearest(found.ids[7], n=1)[0].id == found.ids[7]
    assert set(found.items) == set(finished_run.predictions("test").ids)


def test_the_nearest_of_each_class_by_hand() -> None:
    train = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    members = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0]], bool)  # the third bears both labels; nothing is a "z"
    found = Space(("a", "b", "c"), ("x", "y", "x; y"), train, {}, train[:0], ("x", "y", "z"), members)
    near = found.per_class(np.array([0.0, 5.0]), n=2)
    assert {name: [(one.id, round(one.similarity, 3)) for one in some] for name, some in near.items()} == {
        "y": [("b", 1.0), ("c", 0.8)],
        "x": [("c", 0.8), ("a", 0.0)],
    }
    assert list(near) == ["y", "x"]
