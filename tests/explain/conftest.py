import pytest

from tests.explain.small_classifiers import Stub, small_net, small_vit, stub


@pytest.fixture
def net() -> Stub:
    return stub(small_net(), size=16, classes=4)


@pytest.fixture
def vit() -> Stub:
    return stub(small_vit(), size=32, classes=4)
