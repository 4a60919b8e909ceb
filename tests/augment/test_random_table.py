"""The table of draws: from seed and epoch alone, and distributed as it says."""

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from clfcore.augment import random_table
from clfcore.augment.builtin_policies import POLICIES
from clfcore.augment.policies import policy
from clfcore.augment.policy import step
from clfcore.augment.random_table import row, table


def test_a_row_depends_on_seed_epoch_and_index_alone():
    made = policy("autoaugment")
    long = table(made, seed=3, epoch=4, items=50)
    np.testing.assert_array_equal(table(made, seed=3, epoch=4, items=20), long[:20])
    assert not np.array_equal(table(made, seed=3, epoch=5, items=50), long)
    assert not np.array_equal(table(made, seed=4, epoch=4, items=50), long)
    assert len(np.unique(long)) == long.size


@pytest.mark.parametrize("name", list(POLICIES))
def test_one_row_is_the_tables(name):
    made = policy(name)
    np.testing.assert_array_equal(
        row(made, seed=1, epoch=2, index=17), table(made, seed=1, epoch=2, items=18)[17:], strict=True
    )


def test_a_changed_parameter_leaves_other_steps_draws_alone():
    one, other = policy(["randaugment", "rotation"]), policy([{"step": "randaugment", "operations": 4}, "rotation"])
    a, b = (random_table.by_step(made, table(made, seed=0, epoch=0, items=5))[1] for made in (one, other))
    np.testing.assert_array_equal(a, b)


def test_flips_happen_at_their_rate_and_shifts_evenly():
    made = policy([{"step": "horizontal-flip", "probability": 0.3}, {"step": "shift", "most": 0.1}])
    flips, shifts = random_table.by_step(made, table(made, seed=0, epoch=0, items=50_000))
    assert (flips[:, 0] < 0.3).mean() == pytest.approx(0.3, abs=0.008)
    moves = np.bincount(random_table.cuts(shifts, 6).ravel(), minlength=7) / 100_000
    assert len(moves) == 7
    np.testing.assert_allclose(moves, 1 / 7, atol=0.005)


def test_crop_boxes_are_distributed_as_torchvisions():
    u = np.random.default_rng(0).random((4000, 22))
    mine = random_table.boxes(u, side=64, scale=(0.08, 1.0), ratio=(0.75, 4 / 3))
    torch.manual_seed(0)
    crop = v2.RandomResizedCrop(32, antialias=True)
    image = torch.zeros(3, 64, 64)
    theirs = np.array([list(crop.make_params([image]).values()) for _ in range(4000)])  # top, left, height, width
    assert (mine[:, :2] >= 0).all()
    assert (mine[:, 0] + mine[:, 2] <= 64).all()
    assert (mine[:, 1] + mine[:, 3] <= 64).all()
    for a, b in zip(mine.T, theirs.T, strict=True):
        np.testing.assert_allclose(np.quantile(a, (0.1, 0.5, 0.9)), np.quantile(b, (0.1, 0.5, 0.9)), atol=2.01)
        assert a.mean() == pytest.approx(b.mean(), abs=1.2)


def test_erased_boxes_keep_inside_and_to_their_share():
    made = step({"step": "erasing", "probability": 0.25})
    boxes = random_table.erased(made, np.random.default_rng(0).random((20_000, 23)), side=40)
    there = boxes[boxes[:, 2] > 0]
    assert len(there) / 20_000 == pytest.approx(0.25, abs=0.012)
    area, ratio = there[:, 2] * there[:, 3] / 1600, there[:, 2] / there[:, 3]
    assert 0.01 < area.min() < 0.03
    assert 0.3 < area.max() < 0.36
    assert np.median(ratio) == pytest.approx(1.0, abs=0.05)  # as often tall as wide
    assert (there[:, :2] + there[:, 2:] <= 40).all()


def test_angles_are_even_between_their_limits():
    made = step({"step": "rotation", "degrees": 30, "probability": 0.5})
    angles = random_table.angles(made, np.random.default_rng(0).random((20_000, 2)))
    turned = angles[angles != 0]
    assert len(turned) / 20_000 == pytest.approx(0.5, abs=0.015)
    np.testing.assert_allclose(np.quantile(turned, (0, 0.25, 0.5, 0.75, 1)), (-30, -15, 0, 15, 30), atol=1.2)
