import numpy as np
import torch
from torch import nn

from clfcore.explain.dispatch import explain
from clfcore.explain.hooks import Score, as_input
from clfcore.explain.perturbation import occlusion, random_masks, rise, windows
from clfcore.task import Level, Task
from tests.explain.small_classifiers import picture, stub


def test_occlusion_is_the_mean_of_direct_differences(net) -> None:
    x = as_input(net, picture(16)[None])
    score = Score(net.task, 1, "net")
    raw = occlusion(net, x, score, progress=lambda *_: None)
    side, starts = windows(16)
    assert (side, starts) == (2, list(range(15)))
    for row, column in ((0, 0), (7, 9), (15, 3)):
        falls = []
        for top in range(max(0, row - 1), min(14, row) + 1):
            for left in range(max(0, column - 1), min(14, column) + 1):
                covered = x.clone()
                covered[:, :, top : top + 2, left : left + 2] = 0
                falls.append(float((net.module(x) - net.module(covered))[0, 1].detach()))
        assert abs(raw[row, column] - np.mean(falls)) < 1e-5


def test_windows_cover_every_pixel_of_every_size() -> None:
    for size in (1, 2, 5, 28, 32, 97, 224, 300):
        side, starts = windows(size)
        covered = np.zeros(size, bool)
        for start in starts:
            covered[start : start + side] = True
            assert start + side <= size
        assert covered.all()


def lit(row: int, column: int):
    """A network whose first class is likelier the lighter one corner of 4 x 4 is, and that sees nothing else."""
    module = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 2, bias=False))
    weight = torch.zeros(2, 28, 28)
    weight[0, row : row + 4, column : column + 4] = 0.3
    module[1].weight.data = weight.reshape(2, -1)
    return stub(module, size=28, channels=1, classes=2)


def test_occlusion_and_rise_find_the_only_place_that_counts() -> None:
    classifier = lit(4, 20)
    square = np.full((28, 28, 1), 255, np.uint8)
    for method in ("occlusion", "rise"):
        made = explain(classifier, square, method=method, target=0)
        row, column = np.unravel_index(made.values.argmax(), (28, 28))
        assert 3 <= row <= 8, method
        assert 19 <= column <= 24, method


def test_rise_is_the_covariance_of_masks_and_probability(net) -> None:
    x = as_input(net, picture(16)[None])
    raw = rise(net, x, Score(net.task, 2, "net"), progress=lambda *_: None, masks=64, seed=3)
    masks = random_masks(64, 16, np.random.default_rng(3))
    found = net.module(x * torch.from_numpy(masks[:, None])).softmax(1)[:, 2].detach().numpy().astype(np.float64)
    expected = np.einsum("n,nij->ij", found - found.mean(), masks) / 32
    np.testing.assert_allclose(raw, expected, atol=1e-6)


def test_masks_keep_half_and_stay_within_bounds() -> None:
    masks = random_masks(400, 30, np.random.default_rng(0))
    assert masks.shape == (400, 30, 30)
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert abs(masks.mean() - 0.5) < 0.02


def test_the_probability_is_of_the_targets_level_or_label() -> None:
    logits = torch.randn(5, 5)
    tree = Task("hierarchical", (Level("kind", ("a", "b")), Level("class", ("c", "d", "e"))))
    expected = logits[:, 2:].softmax(1)[:, 1]
    assert torch.allclose(Score(tree, 3, "n").probability(logits), expected)
    labels = Task("multi-label", (Level("class", tuple("abcde")),))
    assert torch.allclose(Score(labels, 3, "n").probability(logits), logits[:, 3].sigmoid())
    assert Score(tree, None, "n").settled(torch.tensor([9.0, 0, 1, 3, 2])) == 3  # the finest level's prediction
