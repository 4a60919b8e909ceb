"""What a step does beyond plain training, each against torch's own or by hand: sums, averages, matrices, mixtures."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from clfcore.config import Recipe
from clfcore.task import Level, Task, multi_label, single_label
from clfcore.training.loop import Diverged, Epoch, State, train
from clfcore.training.muon import MatrixOptimizer
from clfcore.training.optimizer import hits_of, loss_of, make_optimizer, parameter_groups, rate_at, steps_of

TASK = single_label(["a", "b", "c"])
RECIPE = Recipe(epochs=2, learning_rate=0.05, batch_size=4, optimizer="sgd")
X = torch.randn(22, 6, generator=torch.Generator().manual_seed(0))
Y = torch.randint(0, 3, (22,), generator=torch.Generator().manual_seed(1))


def network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


def state_of(model: nn.Module, recipe: Recipe = RECIPE, **fields: object) -> State:
    groups = parameter_groups(model.named_parameters(), rate=0.05, weight_decay=0.01, group="all")
    return State(model, make_optimizer(recipe, groups), torch.device("cpu"), **fields)


def batches_of(size: int) -> object:
    return lambda epoch: zip(X.split(size), Y.split(size), strict=True)


def run(state: State, batches: object, epochs: int = 2) -> list[Epoch]:
    events = train(
        state, batches, loss_of=loss_of(TASK, RECIPE), hits_of=hits_of(TASK), rate_at=lambda _: 1.0, epochs=epochs
    )
    return [event for event in events if isinstance(event, Epoch)]


def test_accumulated_batches_are_one_large_batch() -> None:
    small, large = state_of(network(), accumulation=3), state_of(network())
    ours, theirs = run(small, batches_of(4)), run(large, batches_of(12))
    assert small.step == large.step == 4 == 2 * steps_of(Recipe(accumulation=3), 6)
    for a, b in zip(small.model.parameters(), large.model.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    assert [epoch.gradient_norm for epoch in ours] == pytest.approx([epoch.gradient_norm for epoch in theirs], rel=1e-5)
    assert [epoch.loss for epoch in ours] == pytest.approx([epoch.loss for epoch in theirs], rel=1e-6)


def test_the_norm_is_that_of_the_gradient_before_clipping() -> None:
    model = network()
    F.cross_entropy(model(X), Y).backward()
    expected = torch.cat([p.grad.flatten() for p in model.parameters()]).norm().item()
    for clip in (0.0, 1e-3):
        (epoch,) = run(state_of(network(), gradient_clip=clip), batches_of(22), epochs=1)
        assert epoch.gradient_norm == pytest.approx(expected, rel=1e-5)


def test_averaged_weights_are_torchs_own_once_the_decay_has_risen() -> None:
    ours = state_of(network(), ema=0.6)
    model = network()
    theirs = AveragedModel(model, use_buffers=True)
    solver = make_optimizer(
        RECIPE, parameter_groups(model.named_parameters(), rate=0.05, weight_decay=0.01, group="all")
    )
    done = 0
    for _ in range(4):
        for x, y in batches_of(4)(0):
            solver.zero_grad()
            F.cross_entropy(model(x), y).backward()
            solver.step()
            theirs.multi_avg_fn = get_ema_multi_avg_fn(min(0.6, (1 + done) / (10 + done)))
            theirs.update_parameters(model)
            done += 1
    run(ours, batches_of(4), epochs=4)
    assert (1 + done) / (10 + done) > 0.6
    for a, b in zip(ours.judged.parameters(), theirs.module.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    assert not torch.equal(next(ours.judged.parameters()), next(ours.model.parameters()))


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_last_changes_the_layout_and_not_the_result(channels: int) -> None:
    def convolutions() -> nn.Module:
        torch.manual_seed(5)
        return nn.Sequential(nn.Conv2d(channels, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 16, 3))

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(epoch)
        yield torch.randn(5, channels, 6, 6, generator=generator), torch.tensor([0, 1, 2, 0, 1])

    plain, last = state_of(convolutions()), state_of(convolutions(), channels_last=True)
    run(plain, batches)
    run(last, batches)
    assert last.model[0].weight.is_contiguous(memory_format=torch.channels_last)
    x = torch.arange(2.0 * channels * 16).view(2, channels, 4, 4)
    assert last.placed(x).stride() == (16 * channels, 1, 4 * channels, channels)
    assert torch.equal(last.placed(x), x)
    for a, b in zip(plain.model.parameters(), last.model.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_muon_moves_the_inner_matrices_and_adamw_the_rest() -> None:
    model, same = network(), network()
    named = list(model.named_parameters())
    groups = parameter_groups(named[:2], rate=0.02, weight_decay=0.01, group="stem")
    groups += parameter_groups(named[2:], rate=0.02, weight_decay=0.01, group="head")
    ours = make_optimizer(Recipe(optimizer="muon", learning_rate=0.02), groups)
    assert isinstance(ours, MatrixOptimizer)
    theirs = (
        torch.optim.Muon([same[0].weight], lr=0.02, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW([same[2].weight], lr=0.02, weight_decay=0.01),
        torch.optim.AdamW([same[0].bias, same[2].bias], lr=0.02, weight_decay=0.0),
    )
    for _ in range(3):
        for network_, solvers in ((model, (ours,)), (same, theirs)):
            network_.zero_grad()
            F.cross_entropy(network_(X), Y).backward()
            for solver in solvers:
                solver.step()
    for a, b in zip(model.parameters(), same.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_rmsprop_and_plain_momentum_are_torchs() -> None:
    parameters = [{"params": [nn.Parameter(torch.zeros(1))]}]
    assert type(make_optimizer(Recipe(optimizer="rmsprop", learning_rate=0.1), parameters)) is torch.optim.RMSprop
    made = make_optimizer(Recipe(optimizer="sgd", learning_rate=0.1, nesterov=False, momentum=0.5), parameters)
    assert (made.defaults["nesterov"], made.defaults["momentum"]) == (False, 0.5)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_one_cycle_rises_as_long_as_it_is_told(share: float) -> None:
    solver = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = lr_scheduler.OneCycleLR(solver, max_lr=1.0, total_steps=60, pct_start=share, cycle_momentum=False)
    rate = rate_at(Recipe(epochs=6, schedule="one-cycle", one_cycle_rise=share), 10)
    for step in range(60):
        assert rate(step) == pytest.approx(solver.param_groups[0]["lr"], abs=1e-9)
        solver.step()
        theirs.step()


def test_step_falls_where_and_as_far_as_it_is_told() -> None:
    solver = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = lr_scheduler.StepLR(solver, step_size=2, gamma=0.5)
    rate = rate_at(Recipe(epochs=9, schedule="step", step_size=2, step_factor=0.5), 4)
    for epoch in range(9):
        assert [rate(4 * epoch + i) for i in range(4)] == [pytest.approx(solver.param_groups[0]["lr"])] * 4
        solver.step()
        theirs.step()


def test_a_mixed_batch_is_lost_by_two_terms_and_counted_on_its_own_labels() -> None:
    from clfcore.augment.mixup import soft_targets

    share, y = 0.7, torch.tensor([0, 1, 2, 1])
    soft = soft_targets(y, TASK)
    soft = share * soft + (1 - share) * soft.roll(1, 0)
    seen: list[float] = []

    def hits(logits: Tensor, labels: Tensor) -> Tensor:
        assert torch.equal(labels, y)
        seen.append(1.0)
        return hits_of(TASK)(logits, labels)

    model = network()
    with torch.no_grad():
        logits = model(X[:4])
    for smoothing in (0.0, 0.1):
        two = [F.cross_entropy(logits, labels, label_smoothing=smoothing) for labels in (y, y.roll(1))]
        loss = loss_of(TASK, Recipe(label_smoothing=smoothing))(logits, soft)
        assert loss.item() == pytest.approx((share * two[0] + (1 - share) * two[1]).item(), rel=1e-5)
    events = train(
        state_of(model), lambda _: [(X[:4], y, soft)], loss_of=loss_of(TASK, RECIPE), hits_of=hits,
        rate_at=lambda _: 1.0, epochs=1,
    )  # fmt: skip
    epoch = list(events)[-1]
    assert seen
    assert epoch.accuracy == hits_of(TASK)(logits, y).item() / 4


def test_mixed_targets_of_levels_and_labels_are_lost_by_two_terms() -> None:
    from clfcore.augment.mixup import soft_targets

    for task, y in (
        (
            Task("hierarchical", (Level("kind", ("a", "b")), Level("item", ("c", "d", "e")))),
            torch.tensor([[0, 2], [1, 0]]),
        ),
        (multi_label(["a", "b", "c", "d", "e"]), torch.tensor([[0, 1, 0, 1, 1], [1, 0, 0, 0, 1]], dtype=torch.uint8)),
    ):
        logits = torch.randn(2, 5, generator=torch.Generator().manual_seed(2))
        loss = loss_of(task, Recipe(label_smoothing=0.1))
        soft = soft_targets(y, task)
        mixed = 0.25 * soft + 0.75 * soft.roll(1, 0)
        by_hand = 0.25 * loss(logits, y) + 0.75 * loss(logits, y.roll(1, 0))
        assert loss(logits, mixed).item() == pytest.approx(by_hand.item(), rel=1e-5)


def test_divergence_is_seen_within_twenty_steps_and_names_its_cure() -> None:
    state, taken = state_of(network()), []

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        for i in range(1000):
            taken.append(i)
            yield X[:4] * (float("nan") if i > 4 else 1.0), Y[:4]

    with pytest.raises(Diverged, match=r"epoch 1 \(the loss is nan\): lower .* 0.05, or clip the gradient"):
        run(state, batches)
    assert len(taken) <= 20


@pytest.mark.slow
def test_a_compiled_network_learns_the_same() -> None:
    plain, compiled = state_of(network()), state_of(network(), compile=True)
    run(plain, batches_of(11))
    run(compiled, batches_of(11))
    for a, b in zip(plain.model.parameters(), compiled.model.parameters(), strict=True):
        torch.testing.assert_close(a, b)
