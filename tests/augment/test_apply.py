"""What a batch becomes: the same image the same beside any others, none changed in place, each step right."""

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as V

from clfcore.augment import geometry, policies, random_table
from clfcore.augment.apply import apply
from clfcore.augment.builtin_policies import POLICIES
from clfcore.augment.policy import Policy
from clfcore.errors import InputError


def noise(n: int, channels: int, side: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(n * channels * side)
    return torch.randint(0, 256, (n, channels, side, side), dtype=torch.uint8, generator=generator)


def rows(policy: Policy, n: int, *, seed: int = 0, epoch: int = 0) -> np.ndarray:
    return random_table.table(policy, seed=seed, epoch=epoch, items=n)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", list(POLICIES))
def test_an_image_is_changed_by_its_own_row_alone(name, channels):
    policy, x = policies.policy(name), noise(11, channels, 36)
    kept, table = x.clone(), rows(policy, 11, seed=5, epoch=2)
    whole = apply(policy, table, x, size=32)
    assert whole.shape == (11, channels, 32, 32)
    assert whole.dtype == torch.uint8
    assert torch.equal(x, kept)
    order = np.random.default_rng(1).permutation(11)
    for part in np.split(order, [1, 4, 9]):  # other neighbors, other order, other batch sizes
        assert torch.equal(apply(policy, table[part], x[part], size=32), whole[part])
    if name != "none":
        other = apply(policy, rows(policy, 11, seed=5, epoch=3), x, size=32)
        assert not torch.equal(whole, other)


@pytest.mark.parametrize("given", [*POLICIES, ["resized-crop", "shift", "vertical-flip"]], ids=str)
def test_an_accelerator_gets_the_same_pictures(given, monkeypatch):
    """There a batch goes through gathers and matrix products in place of slices; both run on a CPU too."""
    policy, x = policies.policy(given), noise(12, 3, 58)
    table = rows(policy, 12, seed=3)
    slices = apply(policy, table, x, size=54)
    monkeypatch.setattr(geometry, "on_cpu", lambda pixels: False)
    apart = (apply(policy, table, x, size=54).int() - slices.int()).abs()
    if any(step.kind == "resized-crop" for step in policy.steps):
        assert apart.max() <= 1
    else:
        assert apart.max() == 0


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["basic", "autoaugment", "augmix"])
def test_large_pictures_one_by_one_are_the_batch(name, channels, monkeypatch):
    """From ONE_BY_ONE pixels on, a CPU computes image by image."""
    policy, x = policies.policy(name), noise(7, channels, 40)
    together = apply(policy, rows(policy, 7), x, size=32)
    monkeypatch.setattr("clfcore.augment.apply.ONE_BY_ONE", 1)
    assert torch.equal(apply(policy, rows(policy, 7), x, size=32), together)


def test_none_is_what_evaluation_sees():
    x = noise(3, 3, 37)
    out = apply(policies.policy("none"), rows(policies.policy("none"), 3), x, size=32)
    assert torch.equal(out, x[:, :, 2:34, 2:34])
    assert torch.equal(apply(policies.policy("none"), np.empty((3, 0)), x, size=37), x)


@pytest.mark.parametrize("size", [32, 112])
def test_crop_is_resize_and_crop_of_torchvision(size):
    policy = policies.policy([{"step": "crop", "zoom": 1.2}])
    x, table = noise(4, 3, size + 5), rows(policy, 4)
    side = round(1.2 * size)
    corners = random_table.cuts(table, side - size)
    wanted = [
        V.crop(V.resize(image, [side, side], antialias=True), top, left, size, size)
        for image, (top, left) in zip(x, corners.tolist(), strict=True)
    ]
    assert torch.equal(apply(policy, table, x, size=size), torch.stack(wanted))


@pytest.mark.parametrize(("side", "size"), [(48, 32), (32, 32), (70, 64)])
def test_resized_crop_is_torchvisions(side, size):
    policy = policies.policy([{"step": "resized-crop", "scale": [0.05, 1.0]}])
    x, table = noise(24, 3, side), rows(policy, 24)
    boxes = random_table.boxes(table, side=side, scale=(0.05, 1.0), ratio=(0.75, 4 / 3)).tolist()
    wanted = [
        V.resized_crop(image, *box, size=[size, size], antialias=True) for image, box in zip(x, boxes, strict=True)
    ]
    apart = apply(policy, table, x, size=size).int() - torch.stack(wanted).int()
    assert apart.abs().max() <= 1


@pytest.mark.parametrize("border", ["constant", "edge", "reflect"])
def test_shift_is_pad_and_crop_of_torchvision(border):
    policy = policies.policy([{"step": "shift", "most": 0.25, "border": border, "fill": 7}])
    x, table = noise(9, 1, 16), rows(policy, 9)
    corners = random_table.cuts(table, 8)
    fill = 7 if border == "constant" else None
    wanted = [
        V.crop(V.pad(image, [4], fill=fill, padding_mode=border), top, left, 16, 16)
        for image, (top, left) in zip(x, corners.tolist(), strict=True)
    ]
    assert torch.equal(apply(policy, table, x, size=16), torch.stack(wanted))


def test_flips_and_rotation_are_torchvisions():
    x = noise(40, 3, 20)
    for kind, theirs in (("horizontal-flip", V.horizontal_flip), ("vertical-flip", V.vertical_flip)):
        policy = policies.policy([{"step": kind, "probability": 0.3}])
        table = rows(policy, 40)
        wanted = [theirs(image) if u < 0.3 else image for image, u in zip(x, table[:, 0], strict=True)]
        assert torch.equal(apply(policy, table, x, size=20), torch.stack(wanted))
    policy = policies.policy([{"step": "rotation", "degrees": 30}])
    table = rows(policy, 40)
    angles = random_table.angles(policy.steps[0], table)
    wanted = [V.rotate(image, float(a), V.InterpolationMode.BILINEAR) for image, a in zip(x, angles, strict=True)]
    assert (apply(policy, table, x, size=20).int() - torch.stack(wanted).int()).abs().max() <= 1


def test_what_comes_in_from_outside_has_one_shade_up_to_the_edge():
    """torchvision weighs the edge twice when a fill is given, which draws a line around the turned picture."""
    policy = policies.policy([{"step": "rotation", "degrees": 30, "fill": 90}])
    x = torch.full((5, 1, 20, 20), 90, dtype=torch.uint8)
    assert torch.equal(apply(policy, rows(policy, 5), x, size=20), x)


@pytest.mark.parametrize("channels", [1, 3])
def test_color_jitter_is_torchvisions_in_its_order(channels):
    policy = policies.policy([{"step": "colour-jitter", "saturation": 0.7, "hue": 0.4, "probability": 0.8}])
    x, table = noise(40, channels, 12), rows(policy, 40)
    factors, order = random_table.jitter(policy.steps[0], table)
    theirs = (V.adjust_brightness, V.adjust_contrast, V.adjust_saturation, V.adjust_hue)
    mine = apply(policy, table, x, size=12)
    for i in range(40):
        wanted = x[i]
        for which in np.argsort(order[i]):
            if factors[i, which] != (0 if which == 3 else 1):
                wanted = theirs[which](wanted, float(factors[i, which]))
        # A value cut down by one before the hue is turned may move by two after it.
        assert (mine[i].int() - wanted.int()).abs().max() <= 2
        assert ((mine[i].int() - wanted.int()).abs() > 0).float().mean() < 0.02


def test_erasing_on_bytes_is_erasing_after_the_normalization():
    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    policy = policies.policy([{"step": "erasing", "probability": 1.0}])
    x, table = noise(10, 3, 24), rows(policy, 10)
    boxes = random_table.erased(policy.steps[0], table, side=24)
    mine = V.normalize(apply(policy, table, x, size=24, mean=mean) / 255, mean, deviation)
    for i, box in enumerate(boxes.tolist()):
        wanted = V.erase(V.normalize(x[i] / 255, mean, deviation), *box, v=torch.zeros(3, 1, 1))
        assert (mine[i] - wanted).abs().max() <= 0.5 / 255 / 0.224 + 1e-6


def test_a_picture_smaller_than_the_image_is_refused():
    with pytest.raises(
        InputError, match="image_size is 40: the pictures are stored at 32 pixels, so it must be at most"
    ):
        apply(policies.policy("basic"), rows(policies.policy("basic"), 1), noise(1, 3, 32), size=40)
