"""Mistakes that circulate in tutorials: each would be seen here."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from clfcore.augment import policies, random_table
from clfcore.augment.apply import apply
from clfcore.augment.mixup_draws import Mix
from clfcore.config import Recipe, make
from clfcore.data.pixels import Preprocess
from clfcore.errors import InputError
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from clfcore.task import single_label
from clfcore.training.batches import Batches, normalized
from clfcore.training.loop import State, train
from clfcore.training.losses import hits_of, loss_of
from clfcore.training.optimizer import make_optimizer, parameter_groups
from clfcore.training.schedules import Plateau
from tests.conftest import small_config

TASK = single_label(["a", "b", "c"])


class _Decoded:
    """Pixels in memory, as the cache gives them."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels, self.dtype, self.deep = pixels, pixels.dtype, False

    def take(self, indices: np.ndarray) -> np.ndarray:
        return self.pixels[indices]

    def tones(self, indices: np.ndarray, preprocess: Preprocess) -> np.ndarray:
        return preprocess.tones(self.take(indices))


def _batches(mix: Mix | None, *, policy: str = "none", pixels: np.ndarray | None = None) -> Batches:
    if pixels is None:
        pixels = np.random.default_rng(0).integers(0, 256, (24, 12, 12, 3), dtype=np.uint8)
    targets = np.arange(24) % 3
    preprocess = Preprocess(12, mean=(0.4, 0.5, 0.6), deviation=(0.2, 0.2, 0.2))
    chosen = policies.policy(policy)
    return Batches(
        _Decoded(pixels), np.arange(24), targets, preprocess, 8, torch.device("cpu"), policy=chosen, mix=mix, task=TASK
    )


def test_erasing_comes_last_and_paints_what_the_network_sees_as_nothing() -> None:
    """Erasing before the normalization with black or noise paints a value that the network never learned as empty."""
    with pytest.raises(InputError, match="erasing must come last"):
        policies.policy(["erasing", "colour-jitter"])
    preprocess = Preprocess(16, mean=(0.4, 0.5, 0.6), deviation=(0.2, 0.2, 0.2))
    policy = policies.policy([{"step": "erasing", "probability": 1.0, "scale": [0.3, 0.33]}])
    pixels = torch.full((4, 3, 16, 16), 255, dtype=torch.uint8)
    table = random_table.table(policy, seed=0, epoch=1, items=4)
    x = normalized(apply(policy, table, pixels, size=16, mean=preprocess.mean), preprocess)
    painted = x[(x - x.amax(dim=(2, 3), keepdim=True)).abs() > 0.1]
    assert len(painted) > 100
    assert painted.abs().max() <= 0.5 / 255 / 0.2 + 1e-5  # half a byte: the mean color is 0 after the normalization


def test_plateau_is_fed_with_the_validation_loss_of_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plateau scheduler that is stepped without its metric, or by the batch, falls at the wrong time."""
    fed: list[float] = []
    after = Plateau.after
    monkeypatch.setattr(Plateau, "after", lambda self, loss: (fed.append(loss), after(self, loss))[1])
    run = create_run(small_config(epochs=4, schedule="plateau", plateau_patience=0, plateau_factor=0.5))
    execute(run)
    assert fed == [line.validation_loss for line in run.history]
    rates, lowest = [run.config.recipe.learning_rate], float("inf")
    for loss in fed[:-1]:
        rates.append(rates[-1] * (1.0 if loss < lowest * (1 - 1e-4) else 0.5))
        lowest = min(lowest, loss)
    assert [line.learning_rate for line in run.history] == pytest.approx(rates)


def test_cutmix_reads_from_a_batch_that_it_does_not_write_to() -> None:
    """In place, an image would receive a box of one that has been cut already, and the epoch after would see it."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 12, 12, 3), dtype=np.uint8)
    before = pixels.copy()
    mixed, plain = _batches(Mix(cutmix=1.0, per="image"), pixels=pixels), _batches(None, pixels=pixels)
    for epoch in (1, 2):
        for (x, y, soft), (own, labels) in zip(mixed(epoch), plain(epoch), strict=True):
            assert torch.equal(y, labels)
            other = own.roll(1, 0)
            from_own, from_other = (x == own).all(dim=1), (x == other).all(dim=1)
            assert (from_own | from_other).all()
            share = from_own.float().mean(dim=(1, 2))
            hard = F.one_hot(y, 3).float()
            expected = share[:, None] * hard + (1 - share[:, None]) * hard.roll(1, 0)
            torch.testing.assert_close(soft, expected, atol=1e-3, rtol=0)
    np.testing.assert_array_equal(pixels, before)


def test_accuracy_is_counted_on_the_labels_and_the_history_says_that_pictures_were_mixed() -> None:
    """Hits against the argmax of a mixture, or against the partner's label too, flatter or hide what is learned."""
    counted: list[Tensor] = []
    batches = _batches(Mix(mixup=1.0))
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 144, 3))
    groups = parameter_groups(model.named_parameters(), rate=1e-9, weight_decay=0.0, group="all")
    state = State(model, make_optimizer(Recipe(learning_rate=1e-9), groups), torch.device("cpu"))

    def hits(logits: Tensor, y: Tensor) -> Tensor:
        counted.append(y)
        return hits_of(TASK)(logits, y)

    epoch = list(train(state, batches, loss_of=loss_of(TASK, Recipe()), hits_of=hits, rate_at=lambda _: 1.0, epochs=1))[
        -1
    ]
    assert sorted(torch.cat(counted).tolist()) == sorted((np.arange(24) % 3).tolist())
    by_hand = sum(int((model(x).argmax(1) == y).sum()) for x, y, _ in batches(1))
    assert epoch.accuracy == pytest.approx(by_hand / 24, abs=1 / 24)
    run = create_run(small_config(epochs=1, mixup=0.4))
    execute(run)
    assert run.history[0].mixed is True


def test_unfreezing_keeps_the_optimiser_and_its_moments(photos, monkeypatch: pytest.MonkeyPatch) -> None:
    """An optimiser made anew at each unfreezing forgets its moments: the first steps after it are blind."""
    made: list[object] = []
    seen: list[int] = []
    from clfcore.training import optimizer

    make_optimiser = optimizer.make_optimizer
    monkeypatch.setattr(optimizer, "make_optimizer", lambda *given: (made.append(given), make_optimiser(*given))[1])
    save = Run.save_checkpoint

    def look(self: Run, values: dict) -> None:
        steps = [int(s["step"]) for s in values["training"]["optimiser"]["state"].values()]
        seen.extend([max(steps)] if steps else [])  # the head's start, epoch 0, has no moments yet
        save(self, values)

    monkeypatch.setattr(Run, "save_checkpoint", look)
    config = make(
        {
            "data": str(photos),
            "architecture": "efficientnet_lite0",
            "strategy": "progressive-unfreezing",
            "recipe": {"image_size": 32, "epochs": 3, "unfreeze": "1:1,2:2,3:3", "batch_size": 8},
        }
    )
    run = create_run(config)
    execute(run)
    assert len(made) == 1
    assert seen == sorted(set(seen))  # the head's moments count on through every phase
    assert seen[-1] == 3 * seen[0]


def test_frozen_batch_normalization_stays_in_eval_mode() -> None:
    """In train mode its statistics drift although no parameter trains."""

    def batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(epoch)
        for _ in range(3):
            yield torch.randn(8, 2, 6, 6, generator=generator) * 5 + 3, torch.arange(8) % 3

    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(64, 3))
    frozen = model[:2].requires_grad_(False)
    groups = parameter_groups(model[3].named_parameters(), rate=0.1, weight_decay=0.0, group="head")
    state = State(model, make_optimizer(Recipe(learning_rate=0.1), groups), torch.device("cpu"))
    from clfcore.training.phases import frozen_parts

    state.frozen = frozen_parts(model)
    before = frozen[1].running_mean.clone()
    list(train(state, batches, loss_of=loss_of(TASK, Recipe()), hits_of=hits_of(TASK), rate_at=lambda _: 1.0, epochs=2))
    assert not frozen[1].training
    assert torch.equal(frozen[1].running_mean, before)
