"""The nearest training pictures of a run, by its own embeddings."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore import cache
from clfcore.config import make
from clfcore.embeddings.neighbors import Space
from clfcore.errors import InputError
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from clfcore.runs.nearest_images import embedding_space


def test_nearest_is_the_largest_cosine_by_hand() -> None:
    train = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    found = Space(("a", "b", "c"), ("x", "y", "y"), train, {"q": 0}, np.array([[0.8, 0.6]], np.float32))
    assert [(one.id, one.label) for one in found.nearest("q", n=2)] == [("c", "y"), ("a", "x")]
    assert found.nearest("q")[0].similarity == pytest.approx(0.96)
    assert found.nearest_to(np.array([4.0, 3.0])) == found.nearest("q")  # a photo of any length, as its direction
    with pytest.raises(InputError, match="item"):
        found.nearest("nothing")


def test_a_training_picture_is_nearest_to_its_copy_and_no_neighbor_of_itself(finished_run: Run) -> None:
    found = embedding_space(finished_run, "test")
    sizes = finished_run.data.splits
    assert (len(found.ids), len(found.items)) == (sizes["train"], sizes["test"])
    assert np.allclose(np.linalg.norm(found.train, axis=1), 1, atol=1e-5)
    own = Space(found.ids, found.labels, found.train, {"a copy": 0, found.ids[7]: 0}, found.train[7:8])
    assert own.nearest("a copy", n=1)[0].id == found.ids[7]
    assert found.ids[7] not in {one.id for one in own.nearest(found.ids[7], n=len(own.ids))}  # no neighbor of itself
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


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A feature extraction on a few photos, whose embeddings are cached."""
    home = tmp_path_factory.mktemp("embedded")
    generator = np.random.default_rng(0)
    for name, level in (("dark", 60), ("light", 190)):
        (home / "photos" / name).mkdir(parents=True)
        for i in range(10):
            pixels = np.clip(generator.normal(level, 30, (24, 24, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(home / "photos" / name / f"{i}.png")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CLFLAB_CACHE", str(home / "cache"))
        patched.setenv("CLFLAB_RUNS", str(home / "runs"))
        run = create_run(make({
            "data": str(home / "photos"), "architecture": "efficientnet_lite0", "strategy": "feature-extraction",
            "recipe": {"image_size": 32, "epochs": 3, "views": 1},
        }))  # fmt: skip
        execute(run)
    return run


@pytest.mark.parametrize("damage", [b"x", b"", b"PK\x03\x04", "short", "nan", "absent"])
def test_a_damaged_embedding_is_computed_again(
    embedded: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes | str
) -> None:
    shutil.copytree(embedded.path.parents[1] / "cache", tmp_path / "cache")
    monkeypatch.setenv("CLFLAB_CACHE", str(tmp_path / "cache"))
    expected = embedding_space(embedded, "test")
    assert {path.suffix for path in cache.folder("embeddings").iterdir()} == {".npy"}
    for path in cache.folder("embeddings").iterdir():
        if damage == "absent":
            path.unlink()
        elif damage == "short":
            np.save(path, np.load(path)[:-1])
        elif damage == "nan":
            np.save(path, np.load(path) * np.nan)
        else:
            path.write_bytes(damage)
    again = embedding_space(embedded, "test")
    assert (again.ids, again.items) == (expected.ids, expected.items)
    assert np.allclose(again.train @ again.queries.T, expected.train @ expected.queries.T, atol=0.05)


def test_a_full_cache_disk_does_not_end_a_feature_extraction(
    embedded: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """np.save's own error has no errno: as it comes from a full disk."""
    monkeypatch.setenv("CLFLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(np, "save", lambda *_, **__: (_ for _ in ()).throw(OSError("128 requested and 0 written")))
    run = create_run(embedded.config)
    execute(run)
    assert run.state == "completed"
    assert not [*cache.folder("embeddings").glob("*")]


def test_a_cache_without_room_does_not_end_a_run_and_it_says_so(embedded: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, "0")
    run = create_run(embedded.config)
    execute(run)
    assert run.state == "completed"
    assert "20 decoded images are not kept in the cache (it is full)" in run.message
    assert run.results.metrics == embedded.results.metrics
