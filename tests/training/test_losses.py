"""Losses against torchvision, torch and hand-worked cases."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torchvision.ops import sigmoid_focal_loss

from clfcore.config import Recipe
from clfcore.task import Level, Task, hierarchical, multi_label, single_label
from clfcore.training.losses import loss_of, plain_loss_of

THREE = single_label(["a", "b", "c"])
LABELS = multi_label(["a", "b", "c"])
Y = torch.tensor([0, 2, 1, 0])
MANY = torch.tensor([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1]], dtype=torch.uint8)


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(1))


def test_class_weights_are_those_of_torch(logits: torch.Tensor) -> None:
    counts = np.array([0, 0, 0, 0, 1, 1, 2])  # 4, 2 and 1 items
    weights = torch.tensor([1 / 4, 1 / 2, 1.0])
    found = loss_of(THREE, Recipe(class_weights="inverse-frequency"), counts)(logits, Y)
    assert found == pytest.approx(F.cross_entropy(logits, Y, weights).item(), rel=1e-5)


def test_effective_numbers_weigh_as_the_paper_says(logits: torch.Tensor) -> None:
    """Cui et al. 2019: (1 - beta) / (1 - beta ** n)."""
    weights = torch.tensor([(1 - 0.9) / (1 - 0.9**n) for n in (4, 2, 1)])
    recipe = Recipe(class_weights="effective-number", effective_beta=0.9)
    found = loss_of(THREE, recipe, np.array([0, 0, 0, 0, 1, 1, 2]))(logits, Y)
    assert found == pytest.approx(F.cross_entropy(logits, Y, weights).item(), rel=1e-5)


def test_a_focal_loss_without_focus_is_cross_entropy(logits: torch.Tensor) -> None:
    focal = loss_of(THREE, Recipe(loss="focal", focal_gamma=0))
    assert focal(logits, Y).item() == pytest.approx(F.cross_entropy(logits, Y).item(), rel=1e-5)


def test_a_focal_loss_dwells_on_hard_items() -> None:
    """By hand: p 0.8 costs (1 - 0.8) ** 2 * -log 0.8."""
    logits = torch.log(torch.tensor([[0.8, 0.1, 0.1]]))
    found = loss_of(THREE, Recipe(loss="focal"))(logits, torch.tensor([0])).item()
    assert found == pytest.approx(0.04 * -np.log(0.8), rel=1e-4)


def test_a_focal_loss_of_labels_is_torchvisions(logits: torch.Tensor) -> None:
    oracle = sigmoid_focal_loss(logits, MANY.float(), alpha=-1, gamma=2.0, reduction="mean")
    assert loss_of(LABELS, Recipe(loss="focal"))(logits, MANY).item() == pytest.approx(oracle.item(), rel=1e-5)


def test_the_asymmetric_loss_by_hand() -> None:
    """Ridnik et al. 2021: present at 0.6: (1 - 0.6) * -log 0.6; absent at 0.3: (0.25 ** 4) * -log 0.75."""
    logits = torch.logit(torch.tensor([[0.6, 0.3]], dtype=torch.float64)).float()
    found = loss_of(multi_label(["a", "b"]), Recipe(loss="asymmetric"))(logits, torch.tensor([[1, 0]]))
    by_hand = (0.4 * -np.log(0.6) + 0.25**4 * -np.log(0.75)) / 2
    assert found.item() == pytest.approx(by_hand, rel=1e-4)


def test_positive_weights_are_absent_to_present(logits: torch.Tensor) -> None:
    seen = np.array([[1, 0, 1], [0, 0, 1], [0, 1, 1], [0, 1, 1]], np.uint8)  # 3 to 1, 2 to 2, and all
    oracle = F.binary_cross_entropy_with_logits(logits, MANY.float(), pos_weight=torch.tensor([3.0, 1.0, 1.0]))
    found = loss_of(LABELS, Recipe(positive_weights="balanced"), seen)(logits, MANY)
    assert found.item() == pytest.approx(oracle.item(), rel=1e-5)


def test_levels_weigh_as_given(logits: torch.Tensor) -> None:
    task = hierarchical((Level("family", ("x", "y")), Level("kind", ("a", "b", "c"))), [(0, 0), (0, 1), (1, 2)])
    both = torch.cat([logits[:, :2], logits], dim=1)
    y = torch.stack([(Y == 2).long(), Y], dim=1)
    parts = F.cross_entropy(logits[:, :2], y[:, 0]).item(), F.cross_entropy(logits, Y).item()
    assert loss_of(task, Recipe())(both, y).item() == pytest.approx(parts[0] + 0.8 * parts[1], rel=1e-5)
    heavy = Recipe(level_weights="0.5,2")
    assert loss_of(task, heavy)(both, y).item() == pytest.approx(0.5 * parts[0] + 2 * parts[1], rel=1e-5)


@pytest.mark.parametrize("loss", ["cross-entropy", "focal"])
def test_soft_targets_of_one_class_are_that_class(logits: torch.Tensor, loss: str) -> None:
    found = loss_of(THREE, Recipe(loss=loss))
    assert found(logits, F.one_hot(Y, 3).float()).item() == pytest.approx(found(logits, Y).item(), rel=1e-5)


@pytest.mark.parametrize("loss", ["cross-entropy", "focal", "asymmetric"])
def test_sure_answers_have_finite_losses_and_slopes(loss: str) -> None:
    for task, y in ((LABELS, MANY), (THREE, Y)):
        if loss == "asymmetric" and task.kind != "multi-label":
            continue
        logits = (torch.tensor([[80.0, -80.0, 0.0]] * 4)).requires_grad_()
        value = loss_of(task, Recipe(loss=loss))(logits, y)
        value.backward()
        assert torch.isfinite(value)
        assert torch.isfinite(logits.grad).all()


def test_epochs_are_compared_without_weights(logits: torch.Tensor) -> None:
    recipe = Recipe(class_weights="1,2,3", loss="focal", label_smoothing=0.2)
    assert plain_loss_of(THREE, recipe)(logits, Y).item() == pytest.approx(F.cross_entropy(logits, Y).item(), rel=1e-5)


def test_a_level_of_one_task_is_a_task() -> None:
    assert loss_of(Task("single-label", (Level("class", ("a", "b")),)), Recipe())(torch.zeros(1, 2), Y[:1]) > 0
