"""Schedules against torch's own, losses by hand, weight decay where it belongs."""

import math

import pytest
import torch
from torch import nn

from clfcore.config import Recipe
from clfcore.task import Level, Task, multi_label, single_label
from clfcore.training.optimizer import Plateau, decays, hits_of, loss_of, make_optimizer, parameter_groups, rate_at

STEPS, EPOCHS = 7, 9


def recipe(**fields: object) -> Recipe:
    return Recipe(**{"epochs": EPOCHS, "learning_rate": 0.1, **fields})


def by_torch(make: object, steps: int) -> list[float]:
    parameter = nn.Parameter(torch.zeros(1))
    solver = torch.optim.SGD([parameter], lr=1.0)
    scheduler = make(solver)
    rates = []
    for _ in range(steps):
        rates.append(solver.param_groups[0]["lr"])
        solver.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(
    ("schedule", "make"),
    [
        ("constant", lambda s: torch.optim.lr_scheduler.ConstantLR(s, factor=1.0)),
        ("cosine", lambda s: torch.optim.lr_scheduler.CosineAnnealingLR(s, T_max=STEPS * EPOCHS)),
        ("step", lambda s: torch.optim.lr_scheduler.StepLR(s, step_size=STEPS * EPOCHS // 3, gamma=0.1)),
        (
            "one-cycle",
            lambda s: torch.optim.lr_scheduler.OneCycleLR(
                s, max_lr=1.0, total_steps=STEPS * EPOCHS, cycle_momentum=False
            ),
        ),
    ],
)
def test_each_schedule_is_torchs_own(schedule: str, make: object) -> None:
    rate = rate_at(recipe(schedule=schedule), STEPS)
    ours = [rate(step) for step in range(STEPS * EPOCHS)]
    assert ours == pytest.approx(by_torch(make, STEPS * EPOCHS), abs=1e-9)


def test_warm_up_rises_in_equal_steps_then_falls_to_nothing() -> None:
    rate = rate_at(recipe(schedule="warmup-cosine", warmup_epochs=1), STEPS)
    assert [rate(step) for step in range(STEPS)] == pytest.approx([(i + 1) / (STEPS + 1) for i in range(STEPS)])
    assert rate(STEPS) == 1.0
    assert rate(STEPS * EPOCHS) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "step", "plateau", "warmup-cosine", "one-cycle"])
@pytest.mark.parametrize("epochs", [1, 2, 50])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_rates_stay_between_nothing_and_the_peak(schedule: str, epochs: int, steps: int) -> None:
    rate = rate_at(recipe(schedule=schedule, epochs=epochs), steps)
    assert all(0 <= rate(step) <= 1 + 1e-12 for step in range(epochs * steps + 1))


def test_plateau_lowers_the_peak_as_torch_does() -> None:
    losses = [3.0, 2.0, 2.0, 2.1, 2.0, 2.2, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5]
    ours = torch.optim.SGD([{"params": [nn.Parameter(torch.zeros(1))], "lr": 1.0, "peak_lr": 1.0}])
    theirs = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    plateau = Plateau(ours)
    reference = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, patience=3, factor=0.1)
    for loss in losses:
        plateau.after(loss)
        reference.step(loss)
        assert ours.param_groups[0]["peak_lr"] == pytest.approx(theirs.param_groups[0]["lr"])


def test_multi_label_loss_is_the_mean_over_labels() -> None:
    logits, y = torch.tensor([[0.0, 2.0]]), torch.tensor([[1, 0]], dtype=torch.uint8)
    expected = (math.log(2) + math.log1p(math.exp(2))) / 2
    assert loss_of(multi_label(["a", "b"]), recipe())(logits, y).item() == pytest.approx(expected, rel=1e-6)


def test_hierarchical_loss_weighs_the_levels() -> None:
    task = Task("hierarchical", (Level("kind", ("a", "b")), Level("item", ("c", "d", "e"))))
    logits, y = torch.tensor([[0.0, 0.0, 1.0, 1.0, 1.0]]), torch.tensor([[1, 2]])
    expected = 1.0 * math.log(2) + 0.8 * math.log(3)
    assert loss_of(task, recipe())(logits, y).item() == pytest.approx(expected, rel=1e-6)
    assert hits_of(task)(torch.tensor([[0.0, 0, 0, 0, 9]]), y).item() == 1


def test_label_smoothing_moves_the_target_by_hand() -> None:
    logits, y = torch.tensor([[2.0, 0.0]]), torch.tensor([0])
    log_p = torch.log_softmax(logits, 1)[0]
    expected = -(0.95 * log_p[0] + 0.05 * log_p[1]).item()
    smoothed = loss_of(single_label(["a", "b"]), recipe(label_smoothing=0.1))(logits, y)
    assert smoothed.item() == pytest.approx(expected, rel=1e-6)


def test_biases_and_normalization_have_no_weight_decay() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))
    named = dict(model.named_parameters())
    assert [name for name, p in named.items() if decays(name, p)] == ["0.weight", "3.weight"]
    groups = parameter_groups(named.items(), rate=0.1, weight_decay=0.01, group="all")
    assert [(g["weight_decay"], len(g["params"])) for g in groups] == [(0.01, 2), (0.0, 4)]


@pytest.mark.parametrize(
    ("name", "kind"), [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)]
)
def test_the_optimiser_is_the_one_that_is_named(name: str, kind: type) -> None:
    made = make_optimizer(recipe(optimizer=name), [{"params": [nn.Parameter(torch.zeros(1))]}])
    assert type(made) is kind
