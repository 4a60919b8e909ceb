"""The fourteen operations and the four methods that draw them, against torchvision's own."""

import numpy as np
import pytest
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as V

from clfcore.augment import auto_augment, random_table
from clfcore.augment.autoaugment_policies import PAIRS
from clfcore.augment.policies import policy
from clfcore.augment.policy import step
from clfcore.augment.random_table import table

METHODS = {"randaugment": v2.RandAugment, "trivialaugment": v2.TrivialAugmentWide, "augmix": v2.AugMix}
BINS = {"autoaugment": 10, "randaugment": 31, "trivialaugment": 31, "augmix": 10}


def theirs(image: torch.Tensor, name: str, magnitude: float, interpolation: str = "nearest") -> torch.Tensor:
    mode = V.InterpolationMode(interpolation)
    return v2.RandAugment()._apply_image_or_video_transform(image, name, magnitude, mode, {torch.Tensor: None})


def pictures(n: int, channels: int, side: int) -> torch.Tensor:
    """Smooth pictures with some noise: an operation on pure noise would hide a shift by one pixel of its mean."""
    generator = torch.Generator().manual_seed(side + channels)
    coarse = torch.rand(n, channels, 5, 5, generator=generator)
    x = torch.nn.functional.interpolate(coarse, size=side, mode="bicubic").clamp(0, 1) * 235
    return (x + 20 * torch.rand(x.shape, generator=generator)).to(torch.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", auto_augment.NAMES)
def test_each_operation_is_torchvisions(name, channels):
    x = pictures(8, channels, 33)
    share = np.array([0, 1, 3, 9, 15, 20, 27, 30]) / 30
    magnitudes = auto_augment.strength(name, share, method="trivialaugment", side=33) * (
        np.array([1, -1] * 4) if name in auto_augment.SIGNED else 1
    )
    for interpolation in ("nearest", "bilinear"):
        mine = auto_augment.apply_operation(
            x, np.full(8, auto_augment.NAMES.index(name)), magnitudes, interpolation=interpolation
        )
        wanted = torch.stack([theirs(a, name, float(m), interpolation) for a, m in zip(x, magnitudes, strict=True)])
        apart = (mine.int() - wanted.int()).abs()
        if interpolation == "nearest" and name in ("Rotate", "ShearX", "ShearY"):
            # A source exactly between two pixels goes either way with the last bit of its coordinate.
            assert (apart > 0).float().mean() < 0.002
        else:
            assert apart.max() <= 1
            assert (apart > 0).float().mean() < 0.01


@pytest.mark.parametrize("method", ["autoaugment", "randaugment", "trivialaugment", "augmix"])
def test_strengths_are_torchvisions(method):
    space = METHODS.get(method, v2.AutoAugment)._AUGMENTATION_SPACE
    bins = BINS[method]
    for name, (magnitudes, signed) in space.items():
        wanted = magnitudes(bins, 40, 40)
        mine = auto_augment.strength(name, np.arange(bins) / (bins - 1), method=method, side=40)
        np.testing.assert_allclose(mine, np.zeros(bins) if wanted is None else wanted.numpy(), atol=1e-5, err_msg=name)
        assert signed == (name in auto_augment.SIGNED)


def test_searched_pairs_are_torchvisions():
    for name, wanted in zip(PAIRS, v2.AutoAugmentPolicy, strict=True):
        theirs = tuple(
            tuple((op, chance, level or 0) for op, chance, level in pair) for pair in v2.AutoAugment(wanted)._policies
        )
        assert PAIRS[name] == theirs


@pytest.mark.parametrize("method", ["randaugment", "trivialaugment"])
def test_every_operation_is_drawn_as_often_and_to_both_sides(method):
    made = policy([method])
    chosen, magnitudes = auto_augment.draw_operations(
        made.steps[0], table(made, seed=1, epoch=0, items=28_000), side=32
    )
    share = np.bincount(chosen[:, 0], minlength=15) / 28_000
    names = METHODS[method]._AUGMENTATION_SPACE
    assert [auto_augment.NAMES[i] for i in np.flatnonzero(share)] == [
        name for name in auto_augment.NAMES if name in names
    ]
    assert np.abs(share[share > 0] - 1 / 14).max() < 0.006  # four standard errors
    rotated = magnitudes[chosen[:, 0] == auto_augment.NAMES.index("Rotate"), 0]
    assert abs((rotated < 0).mean() - (rotated > 0).mean()) < 0.1


def test_autoaugment_does_each_half_of_a_pair_at_its_chance():
    made = policy(["autoaugment"])
    u = table(made, seed=2, epoch=0, items=40_000)
    chosen, _ = auto_augment.draw_operations(made.steps[0], u, side=32)
    wanted = np.mean([[chance for _, chance, _ in pair] for pair in PAIRS["imagenet"]], axis=0)
    np.testing.assert_allclose((chosen != 0).mean(axis=0), wanted, atol=0.01)


def test_augmix_is_the_sum_that_its_weights_say():
    made = policy([{"step": "augmix", "width": 2, "depth": 2}])
    x, u = pictures(6, 3, 24), table(made, seed=3, epoch=0, items=6)
    weights = auto_augment.mixing(made.steps[0], u)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    chosen, magnitudes = auto_augment.draw_operations(made.steps[0], u, side=24)
    mine = auto_augment.apply_auto_augment(made.steps[0], u, x)
    for i in range(6):
        total = weights[i, 0] * x[i].float()
        for chain in range(2):
            image = x[i]
            for slot in (2 * chain, 2 * chain + 1):
                image = theirs(image, auto_augment.NAMES[chosen[i, slot]], float(magnitudes[i, slot]), "bilinear")
            total = total + weights[i, 1 + chain] * image
        assert (mine[i].float() - total).abs().max() <= 2


def test_augmix_weights_are_beta_and_dirichlet():
    made = step({"step": "augmix", "alpha": 0.5, "width": 3})
    u = np.random.default_rng(0).random((20_000, random_table.columns(made)))
    own = auto_augment.mixing(made, u)[:, 0]
    # Beta(a, a) has mean 1/2 and variance 1 / (4 (2a + 1)).
    assert own.mean() == pytest.approx(0.5, abs=0.01)
    assert own.var() == pytest.approx(1 / 8, abs=0.003)
