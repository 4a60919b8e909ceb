"""The pairs that the page shows are the batch that training would feed."""

import numpy as np
import torch

from clfcore.augment import policies, random_table
from clfcore.augment.apply import apply
from clfcore.augment.mixup import mix_batch, soft_targets
from clfcore.augment.mixup_draws import Mix, pairing
from clfcore.augment.mixup_previews import pairs
from clfcore.task import single_label

TASK = single_label(["a", "b", "c"])


def test_pairs_are_augmented_then_mixed_as_training_does() -> None:
    generator = np.random.default_rng(0)
    stored, targets = generator.integers(0, 256, (4, 20, 20, 3), dtype=np.uint8), np.array([0, 1, 2, 1])
    mix, policy, places = Mix(mixup=0.4, cutmix=1.0, per="image"), policies.policy("basic"), [3, 0, 7, 5]
    found = pairs(mix, policy, stored, targets=targets, task=TASK, places=places, size=16, seed=4, epoch=2)
    table = random_table.table(policy, seed=4, epoch=2, items=8)[places]
    x = apply(policy, table, torch.from_numpy(stored.transpose(0, 3, 1, 2).copy()), size=16)
    drawn = pairing(mix, seed=4, epoch=2, step=0, items=4, side=16)
    out = mix_batch(drawn, x, soft_targets(torch.from_numpy(targets), TASK))
    for i, pair in enumerate(found):
        np.testing.assert_array_equal(pair.own, x[i].permute(1, 2, 0).numpy())
        np.testing.assert_array_equal(pair.partner, found[i - 1].own)
        np.testing.assert_allclose(pair.mixed, out.x[i].permute(1, 2, 0).numpy(), atol=0.51)
        assert pair.share == drawn.shares[i]
        assert TASK.classes[targets[i]] in pair.label or pair.share < 0.005
    assert callable(pairs)  # the submodule must not take the function's name


def test_the_stored_pictures_are_left_as_they_are() -> None:
    stored = np.full((2, 8, 8, 1), 9, np.uint8)
    pairs(Mix(cutmix=1.0), policies.policy("none"), stored, targets=np.array([0, 1]), task=TASK, places=[0, 1], size=8)
    assert (stored == 9).all()
