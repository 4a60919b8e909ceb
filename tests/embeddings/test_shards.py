"""Embeddings in shards are those of one array; a pass goes on from the shards that it has, and needs room for them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from clfcore import cache
from clfcore.architectures.build import build
from clfcore.augment.policies import policy
from clfcore.data.decode import Decoded, decode
from clfcore.data.importers.folders import import_folder
from clfcore.embeddings import embedder as embedder_module
from clfcore.embeddings import shards
from clfcore.embeddings.embedder import Embedder, View
from clfcore.embeddings.shards import bytes_of, embeddings_of, kept_embeddings
from clfcore.errors import InputError

ROWS = np.arange(24)


class Stopped(Exception):
    pass


@pytest.fixture
def tiny(photos: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Embedder, Decoded]:
    """Photos and a network for them, shown four at once; shards are of 8."""
    monkeypatch.setattr(embedder_module, "BATCH", 4)
    monkeypatch.setattr(shards, "BLOCK", 4)
    monkeypatch.setattr(shards, "SHARD", 8)
    network = build("lenet5", columns=2, image_size=20)
    _, decoded = decode(import_folder(photos), network.preprocess)
    return Embedder(network.module, network.preprocess, "tiny", torch.device("cpu")), decoded


@pytest.mark.parametrize("view", [None, View(policy("basic"), 3, 1)])
def test_a_stopped_pass_goes_on_from_its_shards(tiny: tuple[Embedder, Decoded], view: View | None) -> None:
    embedder, decoded = tiny
    expected = embedder.of(decoded, ROWS, view=view)
    cache.clear()

    def stop(done: int, total: int) -> None:
        assert total == 24
        if done == 20:
            raise Stopped

    with pytest.raises(Stopped):
        embeddings_of(embedder, decoded, ROWS, held=0, progress=stop, view=view)
    assert sorted(path.name.split(".")[1] for path in cache.folder("embeddings").iterdir()) == ["0-8", "8-16"]
    damaged = next(cache.folder("embeddings").glob("*.0-8.npy"))
    damaged.write_bytes(damaged.read_bytes()[:-4])
    seen: list[int] = []
    arrays = embeddings_of(embedder, decoded, ROWS, held=0, progress=lambda done, _: seen.append(done), view=view)
    assert all(isinstance(array, np.memmap) for array in arrays)
    assert [len(array) for array in arrays] == [8, 8, 8]
    assert np.array_equal(np.concatenate(arrays), expected)
    assert seen == [12, 16, 20, 24]


def test_what_memory_holds_is_one_array_and_is_not_computed_again_beyond_it(tiny: tuple[Embedder, Decoded]) -> None:
    embedder, decoded = tiny
    size = bytes_of(embedder, 24)
    assert kept_embeddings(embedder, decoded, ROWS) is None
    (whole,) = embeddings_of(embedder, decoded, ROWS, held=size)
    assert whole.nbytes == size
    assert not isinstance(whole, np.memmap)
    (mapped,) = embeddings_of(embedder, decoded, ROWS, held=size - 1, progress=lambda *_: pytest.fail("computed"))
    assert isinstance(mapped, np.memmap)
    assert np.array_equal(whole, mapped)


def test_kept_shards_are_found_and_a_lost_one_is_not(tiny: tuple[Embedder, Decoded]) -> None:
    embedder, decoded = tiny
    arrays = embeddings_of(embedder, decoded, ROWS, held=0)
    found = kept_embeddings(embedder, decoded, ROWS)
    assert found is not None
    assert np.array_equal(np.concatenate(arrays), np.concatenate(found))
    next(cache.folder("embeddings").glob("*.8-16.npy")).unlink()
    assert kept_embeddings(embedder, decoded, ROWS) is None
    assert len(np.concatenate(arrays)) == 24  # what is mapped stays


def test_a_cache_without_room_is_refused(tiny: tuple[Embedder, Decoded], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLFLAB_CACHE_GB", "0.000001")
    with pytest.raises(
        InputError,
        match=r"the embeddings of 24 images take [\de.-]+ GB, more than is held in memory, and the cache has no room "
        r"for them: raise CLFLAB_CACHE_GB, which is 1e-06$",
    ):
        embeddings_of(*tiny, ROWS, held=0)
