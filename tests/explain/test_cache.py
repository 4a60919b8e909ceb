import numpy as np
import pytest
import torch

from clfcore.explain import cache
from clfcore.explain.cache import cached_map
from clfcore.explain.dispatch import explain
from tests.explain.small_classifiers import picture, small_net, stub


@pytest.fixture(autouse=True)
def empty() -> None:
    cache.MAPS.clear()


def test_a_map_is_made_once_and_is_the_same(net) -> None:
    first = cached_map(net, picture(16))
    assert cached_map(net, picture(16)) is first
    assert np.array_equal(first.values, explain(net, picture(16)).values)


def test_another_question_is_another_map(net) -> None:
    first = cached_map(net, picture(16), target=0)
    others = [
        cached_map(net, picture(16, seed=2), target=0),
        cached_map(net, picture(16), target=1),
        cached_map(net, picture(16), target=(0, 1)),
        cached_map(net, picture(16), target=0, layer="1"),
        cached_map(net, picture(16), target=0, method="layercam"),
        cached_map(stub(small_net(3), size=16, classes=4), picture(16), target=0),
    ]
    assert all(other is not first for other in others)


def test_changed_weights_are_seen(net) -> None:
    first = cached_map(net, picture(16), target=0)
    with torch.no_grad():
        net.module[7].weight.mul_(-1)
    assert cached_map(net, picture(16), target=0) is not first


def test_the_memory_is_bounded(net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LIMIT_BYTES", 3 * 16 * 16 * 4)
    kept = [cached_map(net, picture(16, seed=seed)) for seed in range(5)]
    assert len(cache.MAPS) == 3
    assert cached_map(net, picture(16, seed=4)) is kept[4]
    assert cached_map(net, picture(16, seed=0)) is not kept[0]
