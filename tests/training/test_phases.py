"""What trains, how fast and from when; that frozen means frozen, and moments go on, against a loop written by hand."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from clfcore.architectures.build import build
from clfcore.architectures.stages import Group, layer_groups
from clfcore.config import RunConfig, make
from clfcore.errors import InputError
from clfcore.training import phases as training_phases
from clfcore.training.loop import State, train
from clfcore.training.optimizer import make_optimizer

GROUPS = [Group(name, ()) for name in ("stem", "stage_1", "stage_2", "stage_3", "head")]


def filled(strategy: str = "progressive-unfreezing", **recipe: object) -> RunConfig:
    known = {"epochs": 10, "learning_rate": 1e-3, "backbone_learning_rate": 1e-4, "trainable_groups": 3, **recipe}
    return make({"data": "shapes", "architecture": "resnet18_small", "strategy": strategy, "recipe": known})


def test_fine_tuning_trains_the_last_groups_each_at_its_rate() -> None:
    (phase,) = training_phases.phases(filled("fine-tuning", group_decay=0.5, trainable_groups=4), GROUPS)
    assert (phase.first_epoch, phase.last_epoch) == (1, 10)
    assert phase.rates == pytest.approx({"stage_1": 2.5e-5, "stage_2": 5e-5, "stage_3": 1e-4, "head": 1e-3})
    (everything,) = training_phases.phases(filled("fine-tuning", trainable_groups=0), GROUPS)
    assert list(everything.rates) == [group.name for group in GROUPS]


def test_unfreezing_frees_the_head_first_then_from_the_top_downwards() -> None:
    phases = training_phases.phases(filled(unfreeze="1:1,3:2,6:all"), GROUPS)
    assert [(p.first_epoch, p.last_epoch, list(p.rates)) for p in phases] == [
        (1, 2, ["head"]),
        (3, 5, ["stage_3", "head"]),
        (6, 10, ["stem", "stage_1", "stage_2", "stage_3", "head"]),
    ]


@pytest.mark.parametrize(
    ("epochs", "groups", "steps"),
    [
        (10, 7, ((1, 1), (2, 2), (5, 3), (8, 4))),
        (10, 3, ((1, 1), (2, 2), (6, 3))),
        (1, 7, ((1, 1),)),
        (2, 7, ((1, 1), (2, 2))),
        (3, 7, ((1, 1), (2, 2), (3, 3))),
        (5, 1, ((1, 1),)),
    ],
)
def test_the_schedule_that_is_chosen_suits_epochs_and_groups(epochs: int, groups: int, steps: tuple) -> None:
    assert training_phases.schedule(filled(epochs=epochs).recipe, groups) == steps


@pytest.mark.parametrize(
    ("strategy", "recipe", "sentence"),
    [
        ("fine-tuning", {"trainable_groups": 9}, r"recipe.trainable_groups is 9: resnet18_small has 5 layer groups"),
        ("progressive-unfreezing", {"unfreeze": "1:1,2:9"}, r"recipe.unfreeze is '1:1,2:9': .* has 5 layer groups"),
        ("progressive-unfreezing", {"unfreeze": "1:0"}, "it never frees the head"),
        ("progressive-unfreezing", {"unfreeze": "3:2"}, "nothing would train in epoch 1"),
        ("progressive-unfreezing", {"unfreeze": "1:0,3:1"}, "nothing would train in epoch 1"),
        ("progressive-unfreezing", {"unfreeze": "1:2,3:1"}, "epochs and groups must rise"),
        ("progressive-unfreezing", {"unfreeze": "1:1,1:2"}, "epochs and groups must rise"),
        ("progressive-unfreezing", {"unfreeze": "1:1,11:2"}, "the run ends after epoch 10"),
    ],
)
def test_what_cannot_be_trained_is_refused(strategy: str, recipe: dict, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        training_phases.phases(filled(strategy, **recipe), GROUPS)


def batches_of(channels: int, side: int, count: int = 3) -> Sequence[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    return [
        (torch.randn(4, channels, side, side, generator=generator), torch.tensor([0, 1, 2, 0])) for _ in range(count)
    ]


def run_phases(module: nn.Module, groups: Sequence[Group], config: RunConfig, batches: Sequence) -> State:
    recipe, phases = config.recipe, training_phases.phases(config, groups)
    first = [
        part
        for group in groups
        if group.name in phases[0].rates
        for part in training_phases.optimizer_groups(module, group, rate=phases[0].rates[group.name], recipe=recipe)
    ]
    state = State(module, make_optimizer(recipe, first), torch.device("cpu"), seed=recipe.seed)
    for phase in phases:
        phase.apply(state, groups, recipe, steps_per_epoch=len(batches))
        for _ in train(
            state,
            lambda _: batches,
            loss_of=F.cross_entropy,
            hits_of=lambda logits, y: (logits.argmax(1) == y).float().sum(),
            rate_at=lambda _: 1.0,
            epochs=phase.last_epoch,
        ):
            pass
    return state


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("lenet5", 20),
        ("alexnet", 63),
        ("vgg11_bn_small", 32),
        ("resnet18_small", 32),
        ("mobilenet_v3_small_small", 32),
        ("densenet121", 32),
        ("mnasnet1_0", 32),
        ("efficientnet_lite0", 32),
        ("swin_t", 32),
        ("timm/vit_tiny_patch16_224", 32),
        ("timm/convnext_atto", 32),
        ("timm/mixer_s32_224", 64),
    ],
)
def test_frozen_groups_are_equal_to_the_bit_after_training(name: str, side: int) -> None:
    torch.manual_seed(0)
    module = build(name, columns=3, image_size=side).module
    groups = layer_groups(module)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    config = filled("fine-tuning", epochs=1, trainable_groups=2, learning_rate=0.01, backbone_learning_rate=0.01)
    run_phases(module, groups, config, batches_of(3, side, 2))
    free = {key for group in groups[-2:] for key in group.parameters}
    parameters = dict(module.named_parameters())
    moved = {key for key, value in module.state_dict().items() if not torch.equal(value, before[key])}
    assert moved & set(parameters) <= free
    assert set(groups[-1].parameters) <= moved
    owners = {key.rpartition(".")[0] for key in free}  # buffers beside free parameters may move: running statistics
    assert {key.rpartition(".")[0] for key in moved - set(parameters)} <= owners


def test_frozen_batch_normalization_trains_its_scale_and_keeps_its_statistics() -> None:
    torch.manual_seed(0)
    module = build("resnet18_small", columns=3, image_size=16).module
    groups = layer_groups(module)
    before = {key: value.clone() for key, value in module.state_dict().items()}
    run_phases(module, groups, filled("fine-tuning", epochs=1, freeze_batch_norm=True), batches_of(3, 16, 2))
    moved = {key for key, value in module.state_dict().items() if not torch.equal(value, before[key])}
    assert moved == {key for group in groups[-3:] for key in group.parameters}
    assert any(isinstance(module.get_submodule(key.rpartition(".")[0]), nn.BatchNorm2d) for key in moved)


def test_moments_go_on_when_a_group_is_freed_as_in_a_loop_written_by_hand() -> None:
    """Two epochs of the head, two with the stage below, warming up: Adam's moments of the head are never reset."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 6), nn.Tanh(), nn.Linear(6, 3))
    by_hand = nn.Sequential(nn.Flatten(), nn.Linear(12, 6), nn.Tanh(), nn.Linear(6, 3))
    by_hand.load_state_dict(module.state_dict())
    groups = [Group("stage_1", ("1.weight", "1.bias")), Group("head", ("3.weight", "3.bias"))]
    batches = batches_of(3, 2, 5)
    recipe = {"epochs": 4, "unfreeze": "1:1,3:2", "optimizer": "adam", "weight_decay": 0.0, "gradient_clip": 0.0}
    run_phases(module, groups, filled(**recipe, warmup_epochs=1.0), batches)

    moments = {id(p): [torch.zeros_like(p), torch.zeros_like(p), 0] for p in by_hand.parameters()}
    head, stage = list(by_hand[3].parameters()), list(by_hand[1].parameters())
    for epoch in range(1, 5):
        for place, (x, y) in enumerate(batches):
            F.cross_entropy(by_hand(x), y).backward()
            since = (epoch - 3) * len(batches) + place
            warm = 2  # a fifth of the ten steps of the second phase
            rates = [(p, 1e-3) for p in head]
            rates += [(p, 1e-4 * min(1.0, (since + 1) / (warm + 1))) for p in stage] if epoch > 2 else []
            for p, rate in rates:
                m, v, n = moments[id(p)]
                m = 0.9 * m + 0.1 * p.grad
                v = 0.999 * v + 0.001 * p.grad**2
                moments[id(p)] = [m, v, n + 1]
                with torch.no_grad():
                    p -= rate * (m / (1 - 0.9 ** (n + 1))) / ((v / (1 - 0.999 ** (n + 1))).sqrt() + 1e-8)
            by_hand.zero_grad()
    for (name, ours), theirs in zip(module.named_parameters(), by_hand.parameters(), strict=True):
        np.testing.assert_allclose(ours.detach(), theirs.detach(), rtol=1e-5, atol=1e-6, err_msg=name)


def test_how_far_a_group_moved_is_its_share_of_its_norm() -> None:
    model = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Linear(1, 1))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    with torch.no_grad():
        model[0].weight *= 1.25
    groups = [Group("stem", ("0.weight",)), Group("head", ("1.weight", "1.bias"))]
    assert training_phases.weight_change(before, model, groups) == pytest.approx({"stem": 0.25})
