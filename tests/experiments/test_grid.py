"""Architectures x strategies x seeds: one split, one recipe, and what does not fit named with its reason."""

import pytest

from clfcore.errors import InputError
from clfcore.experiments.grid import grid


def test_every_combination_shares_data_split_and_recipe() -> None:
    found = grid(
        "digits",
        architectures=["lenet5", "resnet18"],
        strategies=["scratch"],
        seeds=range(3),
        recipe={"epochs": 4},
        split_seed=7,
    )
    assert [(c.architecture, c.recipe.seed) for c in found.configs] == [
        (name, seed) for name in ("lenet5", "resnet18") for seed in (0, 1, 2)
    ]
    assert {(c.data, c.split_seed, c.recipe.epochs, c.strategy) for c in found.configs} == {("digits", 7, 4, "scratch")}
    assert found.refused == ()


def test_what_does_not_fit_is_left_out_with_its_reason() -> None:
    found = grid("digits", architectures=["lenet5"], strategies=["scratch", "feature-extraction"], seeds=[0])
    assert [c.strategy for c in found.configs] == ["scratch"]
    [refused] = found.refused
    assert refused.name == "lenet5, feature-extraction"
    assert "no published weights" in refused.reason


def test_nothing_and_too_much_are_refused() -> None:
    with pytest.raises(InputError, match="no strategies"):
        grid("digits", architectures=["lenet5"], strategies=[], seeds=[0])
    with pytest.raises(InputError, match="at most"):
        grid("digits", architectures=["lenet5"], strategies=["scratch"], seeds=range(100))
