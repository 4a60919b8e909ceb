"""Mixup and CutMix against torchvision's, their losses against the two-term formula, their lambdas against Beta."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch.nn import functional as F
from torchvision.transforms import v2

from clfcore.augment.mixup import mix_batch, mixed_label, soft_targets
from clfcore.augment.mixup_draws import Mix, Pairing, density, pairing
from clfcore.errors import InputError
from clfcore.task import Level, Task, multi_label, single_label

SIX = single_label(list("abcdef"))


def batch(n: int = 8, side: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, 3, side, side, generator=generator), torch.arange(n) % 6


@pytest.mark.parametrize("mix", [Mix(mixup=0.4), Mix(cutmix=1.0)])
def test_a_batch_is_mixed_as_torchvision_mixes_it(mix):
    x, hard = batch()
    drawn = pairing(mix, seed=1, epoch=2, step=3, items=8, side=12)
    mine = mix_batch(drawn, x, soft_targets(hard, SIX))
    theirs = v2.MixUp(num_classes=6) if mix.mixup else v2.CutMix(num_classes=6)
    top, left, bottom, right = drawn.boxes[0].tolist()
    share = float(drawn.shares[0])
    given = {"lam": share, "lam_adjusted": share, "box": (left, top, right, bottom), "labels": hard, "batch_size": 8}
    torch.testing.assert_close(mine.x, theirs.transform(x, given))
    torch.testing.assert_close(mine.y, theirs.transform(hard, given))


@pytest.mark.parametrize("per", ["batch", "image"])
def test_inputs_are_not_written_to_and_boxes_come_from_the_partner_as_it_was(per):
    x, hard = batch()
    soft = soft_targets(hard, SIX)
    kept, kept_soft = x.clone(), soft.clone()
    drawn = pairing(Mix(mixup=1.0, cutmix=1.0, per=per), seed=0, epoch=0, step=0, items=8, side=12)
    out = mix_batch(drawn, x, soft)
    assert torch.equal(x, kept)
    assert torch.equal(soft, kept_soft)
    for i in range(8):
        top, left, bottom, right = drawn.boxes[i].tolist()
        share = float(drawn.shares[i])
        wanted = x[i] * share + x[i - 1] * (1 - share)
        if bottom > top:  # cut: the partner's own pixels, though it was cut itself
            wanted = x[i].clone()
            wanted[:, top:bottom, left:right] = x[i - 1][:, top:bottom, left:right]
            assert share == pytest.approx(1 - (bottom - top) * (right - left) / 144)
        torch.testing.assert_close(out.x[i], wanted)
    torch.testing.assert_close(out.y.sum(dim=1), torch.ones(8))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_loss_is_the_two_term_formula(smoothing):
    x, hard = batch()
    logits = torch.randn(8, 6, generator=torch.Generator().manual_seed(4))
    drawn = pairing(Mix(mixup=1.0, per="image"), seed=0, epoch=1, step=0, items=8, side=12)
    soft = mix_batch(drawn, x, soft_targets(hard, SIX, smoothing=smoothing)).y
    share = torch.from_numpy(drawn.shares)
    own = F.cross_entropy(logits, hard, reduction="none", label_smoothing=smoothing)
    others = F.cross_entropy(logits, hard.roll(1), reduction="none", label_smoothing=smoothing)
    wanted = (share * own + (1 - share) * others).mean().float()
    torch.testing.assert_close(F.cross_entropy(logits, soft), wanted)


def test_multi_label_and_hierarchical_targets_are_mixed_by_column():
    drawn = Pairing(np.array([0.75, 0.75]), np.zeros((2, 4), np.int64))
    x = torch.zeros(2, 1, 4, 4)
    many = soft_targets(torch.tensor([[1, 0, 1], [1, 1, 0]], dtype=torch.uint8), multi_label(["a", "b", "c"]))
    torch.testing.assert_close(mix_batch(drawn, x, many).y, torch.tensor([[1.0, 0.25, 0.75], [1.0, 0.75, 0.25]]))
    smoothed = soft_targets(torch.tensor([[1, 0]]), multi_label(["a", "b"]), smoothing=0.2)
    torch.testing.assert_close(smoothed, torch.tensor([[0.9, 0.1]]))
    tree = Task("hierarchical", (Level("kind", ("x", "y")), Level("sort", ("p", "q", "r"))))
    soft = mix_batch(drawn, x, soft_targets(torch.tensor([[0, 1], [1, 2]]), tree)).y
    torch.testing.assert_close(soft, torch.tensor([[0.75, 0.25, 0, 0.75, 0.25], [0.25, 0.75, 0, 0.25, 0.75]]))
    assert mixed_label(soft[0], tree) == "75% q, 25% r"


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_lambdas_are_beta(alpha):
    drawn = pairing(Mix(mixup=alpha, per="image"), seed=0, epoch=0, step=0, items=4000, side=32)
    assert stats.kstest(drawn.shares, stats.beta(alpha, alpha).cdf).pvalue > 0.001
    x, y = density(alpha)
    np.testing.assert_allclose(y, stats.beta.pdf(x, alpha, alpha))


def test_shares_of_mixed_and_cut_batches():
    mix = Mix(mixup=1.0, cutmix=1.0, probability=0.6, cutmix_share=0.25)
    drawn = [pairing(mix, seed=0, epoch=0, step=i, items=4, side=64) for i in range(4000)]
    assert all(np.ptp(d.shares) == 0 for d in drawn)  # one lambda a batch
    shares, cut = np.array([d.shares[0] for d in drawn]), np.array([d.boxes[0, 2] > 0 for d in drawn])
    assert (shares < 1).mean() == pytest.approx(0.6, abs=0.03)
    assert cut.mean() == pytest.approx(0.15, abs=0.02)
    again = pairing(mix, seed=0, epoch=0, step=7, items=4, side=64)
    np.testing.assert_array_equal(again.shares, drawn[7].shares)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mixup": 0}, "mixup is 0: its alpha must be greater than 0 and at most 100, or null for off"),
        ({"cutmix": -1.0}, "cutmix is -1.0: its alpha must be greater than 0"),
        ({"mixup": float("nan")}, "mixup is nan"),
        ({}, "neither mixup nor cutmix is given"),
        ({"mixup": 1.0, "probability": 1.2}, "probability is 1.2: it must be a number from 0 to 1"),
        ({"mixup": 1.0, "per": "pixel"}, "per is 'pixel': it must be one of batch, image"),
    ],
)
def test_other_values_are_refused(values, message):
    with pytest.raises(InputError, match=message.split(":")[0]) as refusal:
        Mix(**values)
    assert message in str(refusal.value)
