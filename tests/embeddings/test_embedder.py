"""A pass that ended early goes on from the blocks that it has, to the same embeddings."""

from pathlib import Path

import numpy as np
import pytest
import torch

from clfcore import cache
from clfcore.architectures.build import build
from clfcore.augment.policies import policy
from clfcore.data.decode import decode
from clfcore.data.importers.folders import import_folder
from clfcore.embeddings import embedder as embedder_module
from clfcore.embeddings.embedder import Embedder, View


class Stopped(Exception):
    pass


@pytest.mark.parametrize("view", [None, View(policy("basic"), 3, 1)])
def test_a_stopped_pass_goes_on_from_its_blocks(
    photos: Path, monkeypatch: pytest.MonkeyPatch, view: View | None
) -> None:
    monkeypatch.setattr(embedder_module, "BATCH", 4)
    network = build("lenet5", columns=2, image_size=20)
    dataset, decoded = decode(import_folder(photos), network.preprocess)
    embedder = Embedder(network.module, network.preprocess, "tiny", torch.device("cpu"))
    rows = np.arange(len(dataset))
    expected = embedder.of(decoded, rows, view=view)
    cache.clear()
    monkeypatch.setattr(embedder_module, "BLOCK", 8)

    def stop(done: int, total: int) -> None:
        assert total == 24
        if done == 20:
            raise Stopped

    with pytest.raises(Stopped):
        embedder.of(decoded, rows, stop, view=view)
    blocks = sorted(path.name.split(".")[1] for path in cache.folder("embeddings").iterdir())
    assert blocks == ["0-8", "8-16"]
    damaged = next(cache.folder("embeddings").glob("*.0-8.npy"))
    damaged.write_bytes(damaged.read_bytes()[:-4])
    seen: list[int] = []
    resumed = embedder.of(decoded, rows, lambda done, _: seen.append(done), view=view)
    assert np.array_equal(resumed, expected)
    assert seen == [4, 8, 20, 24]
    assert [path.suffixes for path in cache.folder("embeddings").iterdir()] == [[".npy"]]
