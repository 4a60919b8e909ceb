"""One owner of shared modules: nothing else takes a classifier's lock, and what it lends comes back as it was."""

import ast
from pathlib import Path

import pytest
import torch

from clfcore.exclusive import borrowed, exclusive
from tests.explain.small_classifiers import Stub, small_net, stub

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for part in ("clfcore", "ui", "pages") for path in (ROOT / part).rglob("*.py"))


@pytest.fixture
def net() -> Stub:
    return stub(small_net(), size=16, classes=4)


def test_nothing_else_takes_the_lock_of_a_classifier() -> None:
    takers = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "lock"
    }
    assert takers == {"clfcore/exclusive.py"}


def test_what_is_lent_comes_back_as_it_was_also_after_an_error(net: Stub) -> None:
    net.module[3].train()
    net.module[0].weight.grad = torch.ones_like(net.module[0].weight)
    net.module[0].bias.requires_grad_(False)
    with exclusive(net) as module:
        assert not any(part.training for part in module.modules())
        assert not any(parameter.requires_grad for parameter in module.parameters())
    with pytest.raises(ZeroDivisionError), exclusive(net) as module:
        module.zero_grad() or 1 / 0
    assert [part.training for part in net.module] == [number == 3 for number in range(8)]
    assert net.module[0].weight.requires_grad
    assert not net.module[0].bias.requires_grad
    assert net.module[0].weight.grad.eq(1).all()


def test_it_can_be_taken_within_itself(net: Stub) -> None:
    with exclusive(net), exclusive(net) as module, borrowed(module):
        assert not module.training
