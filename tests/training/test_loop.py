"""The loop: steps counted, resumed to the bit, frozen parts left alone, divergence said."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from clfcore.config import Recipe
from clfcore.errors import Failure
from clfcore.predictions import Predictions
from clfcore.task import single_label
from clfcore.training.loop import Epoch, State, Step, train
from clfcore.training.optimizer import hits_of, loss_of, make_optimizer, parameter_groups, rate_at

TASK = single_label(["a", "b", "c"])
RECIPE = Recipe(epochs=4, learning_rate=0.01, batch_size=8)
LOSS = {"loss_of": loss_of(TASK, RECIPE), "hits_of": hits_of(TASK)}


def network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3), nn.Linear(4 * 16, 3)
    )


def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(epoch)
    for _ in range(5):
        yield torch.randn(8, 1, 6, 6, generator=generator), torch.randint(0, 3, (8,), generator=generator)


def validate(model: nn.Module) -> Predictions:
    model.eval()
    x = torch.randn(6, 1, 6, 6, generator=torch.Generator().manual_seed(99))
    with torch.no_grad():
        logits = model(x).numpy()
    return Predictions(TASK, "validation", tuple("abcdef"), np.array([0, 1, 2, 0, 1, 2]), logits)


def state_of(model: nn.Module, rate: float = 0.01) -> State:
    groups = parameter_groups(model.named_parameters(), rate=rate, weight_decay=0.01, group="all")
    return State(model, make_optimizer(RECIPE, groups), torch.device("cpu"), gradient_clip=1.0)


def run(state: State, epochs: int) -> list[Step | Epoch]:
    return list(train(state, batches, **LOSS, rate_at=rate_at(RECIPE, 5), validate=validate, epochs=epochs))


def test_one_step_a_batch_and_one_epoch_after_them() -> None:
    events = run(state_of(network()), 2)
    assert [type(event).__name__ for event in events] == [*["Step"] * 5, "Epoch"] * 2
    assert [event.step for event in events if isinstance(event, Step)] == list(range(1, 11))


def test_not_asking_for_more_stops_within_a_batch() -> None:
    state = state_of(network())
    events = train(state, batches, **LOSS, rate_at=rate_at(RECIPE, 5), validate=validate, epochs=4)
    for _ in range(3):
        next(events)
    assert state.step == 3


def test_two_epochs_and_two_more_equal_four_to_the_bit() -> None:
    straight = state_of(network())
    run(straight, 4)
    first = state_of(network())
    run(first, 2)
    stored = first.state_dict()
    second = state_of(network())
    torch.manual_seed(12345)  # whatever was drawn meanwhile
    second.load_state_dict(stored)
    run(second, 4)
    for name, value in straight.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name


def test_a_frozen_part_keeps_its_buffers_and_parameters() -> None:
    state = state_of(network())
    frozen = nn.Sequential(*state.model[:2])
    frozen.requires_grad_(False)
    state.frozen = [frozen]
    before = {name: value.clone() for name, value in frozen.state_dict().items()}
    run(state, 2)
    for name, value in frozen.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_the_gradient_is_clipped_to_its_norm() -> None:
    state = state_of(network())
    norms = []
    step = state.optimizer.step
    state.optimizer.step = lambda: (norms.append(_norm(state.model)), step())[1]
    events = train(
        state,
        batches,
        loss_of=lambda z, y: 1e4 * loss_of(TASK, RECIPE)(z, y),
        hits_of=hits_of(TASK),
        rate_at=lambda _: 1e-9,
        validate=validate,
        epochs=1,
    )
    list(events)
    assert norms == pytest.approx([1.0] * 5, rel=1e-4)


def _norm(model: nn.Module) -> float:
    return torch.cat([p.grad.flatten() for p in model.parameters()]).norm().item()


def test_a_loss_that_is_not_finite_says_which_rate_to_lower() -> None:
    state = state_of(network(), rate=0.25)
    events = train(
        state,
        batches,
        loss_of=lambda z, y: loss_of(TASK, RECIPE)(z, y) * float("nan"),
        hits_of=hits_of(TASK),
        rate_at=lambda _: 1.0,
        validate=validate,
        epochs=1,
    )
    with pytest.raises(
        Failure, match=r"diverged in epoch 1 \(the loss is nan\): lower recipe.learning_rate, which is 0.25"
    ):
        list(events)


def test_bfloat16_and_float32_go_through_the_same_lines() -> None:
    state = state_of(network())
    state.dtype = torch.bfloat16
    events = run(state, 1)
    assert sum(isinstance(event, Step) for event in events) == 5
    assert all(p.dtype == torch.float32 for p in state.model.parameters())
