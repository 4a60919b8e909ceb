"""Previews are what training would feed, step by step, and quick."""

import numpy as np
import pytest
import torch

from clfcore.augment import policies, random_table
from clfcore.augment.apply import apply
from clfcore.augment.previews import describe_step, policy_views, statistics, step_strip
from clfcore.augment.step_rules import KINDS
from clfcore.data.pixels import Preprocess


def photo(side: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(side).integers(0, 256, (side, side, channels), dtype=np.uint8)


@pytest.mark.parametrize("name", ["basic", "autoaugment", "augmix", "none"])
def test_views_and_strip_are_what_training_feeds(name):
    policy, stored = policies.policy(name), photo(36)
    batch = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (9, 3, 36, 36), dtype=np.uint8))
    batch[7] = torch.from_numpy(stored.transpose(2, 0, 1).copy())
    views = policy_views(policy, stored, size=32, seed=5, epoch=3, index=7, count=2, mean=(0.4, 0.5, 0.6))
    for view, epoch in zip(views, (3, 4), strict=True):
        table = random_table.table(policy, seed=5, epoch=epoch, items=9)
        fed = apply(policy, table, batch, size=32, mean=(0.4, 0.5, 0.6))[7]
        np.testing.assert_array_equal(view, fed.permute(1, 2, 0).numpy())
    strip = step_strip(policy, stored, size=32, seed=5, epoch=3, index=7, mean=(0.4, 0.5, 0.6))
    np.testing.assert_array_equal(strip[0].pixels, stored)
    np.testing.assert_array_equal(strip[-1].pixels, views[0])
    assert len(strip) == (2 if name == "none" else 1 + len(policy.steps))


def test_the_strip_says_what_was_drawn():
    policy = policies.policy(
        [{"step": "horizontal-flip", "probability": 1}, {"step": "rotation", "probability": 0}, "shift"]
    )
    strip = step_strip(policy, photo(20, 1), size=16, seed=1)
    assert [shown.title for shown in strip] == ["original", "center crop", "horizontal flip", "rotation", "shift"]
    assert [shown.text for shown in strip][1:4] == ["the middle 16 x 16 pixels", "mirrored", "unchanged"]
    flipped, shifted = strip[3].pixels, strip[4].pixels
    across, down = (int(part.split()[0]) for part in strip[4].text.split(","))
    wanted = np.zeros_like(flipped)
    for y in range(16):
        for x in range(16):
            if 0 <= y - down < 16 and 0 <= x - across < 16:
                wanted[y, x] = flipped[y - down, x - across]
    np.testing.assert_array_equal(shifted, wanted)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_step_has_words(kind):
    made = policies.policy([kind])
    answer = [
        describe_step(made.steps[0], u[None], side=40, size=32)
        for u in random_table.table(made, seed=0, epoch=0, items=30)
    ]
    assert all(answer)
    assert len(set(answer)) > 1


def test_statistics_are_those_of_the_networks_input():
    preprocess = Preprocess(size=8, interpolation="bilinear", mean=(0.5, 0.4, 0.3), deviation=(0.2, 0.25, 0.5))
    pixels = np.stack([photo(8), photo(8)[::-1]])
    for channel, row in enumerate(statistics(pixels, preprocess)):
        values = pixels[..., channel].astype(float)
        mean, deviation = preprocess.mean[channel], preprocess.deviation[channel]
        assert row.before == pytest.approx((values.mean(), values.std(), values.min(), values.max()), abs=1e-3)
        assert row.after[0] == pytest.approx((values.mean() / 255 - mean) / deviation, abs=1e-4)
        assert row.after[1] == pytest.approx(values.std() / 255 / deviation, abs=1e-4)
