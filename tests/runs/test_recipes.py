"""Every way of training, broken off and resumed, is the same run; own policies and divergence in whole runs."""

import json

import pytest
import torch

from clfcore.augment.policies import policy
from clfcore.augment.saved_policies import delete_policy, save_policy
from clfcore.errors import Failure, InputError
from clfcore.parse_config import parse_config
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import open_run
from clfcore.training import loop
from tests.conftest import SMALL, breaking_off, small_config
from tests.support.same_end import assert_same_end

OWN = {"version": 1, "name": "mine", "steps": [{"step": "rotation", "degrees": 7}, "horizontal-flip"]}
WAYS = {
    "averaged": {"ema": 0.9},
    "mixed": {"mixup": 0.3, "cutmix": 1.0, "mix_probability": 0.8, "augmentation": "basic"},
    "accumulated": {"accumulation": 3, "batch_size": 8},
    "muon": {"optimizer": "muon"},
    "rmsprop": {"optimizer": "rmsprop", "learning_rate": 1e-4},
    "channels first": {"channels_last": False, "optimizer": "sgd"},
    "plateau": {"schedule": "plateau", "plateau_patience": 0, "plateau_factor": 0.3},
    "own policy": {"augmentation": OWN, "schedule": "step", "step_size": 1, "step_factor": 0.5},
    "one cycle": {"schedule": "one-cycle", "one_cycle_rise": 0.5, "nesterov": False, "optimizer": "sgd"},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_broken_run_of_every_way_ends_as_an_unbroken_one(way: str) -> None:
    config = small_config(epochs=3, **WAYS[way])
    straight, broken = create_run(config), create_run(config)
    execute(straight)
    execute(broken, orphaned=breaking_off(broken, after=1, every=3))
    assert (broken.state, len(broken.history)) == ("interrupted", 1)
    execute(broken)
    assert broken.state == "completed"
    assert_same_end(straight, broken)


def test_the_history_tells_the_gradients_norm_the_memory_and_whether_pictures_were_mixed() -> None:
    run = create_run(small_config(mixup=0.2, epochs=1))
    execute(run)
    line = run.history[0]
    assert line.gradient_norm > 0
    assert line.memory > 50
    assert line.mixed is True


def test_a_run_keeps_the_steps_of_ones_own_policy_whatever_becomes_of_the_name() -> None:
    save_policy(policy(OWN), "mine")
    run = create_run(small_config(augmentation="mine", epochs=1))
    delete_policy("mine")
    execute(run)
    kept = open_run(run.id).config.recipe.augmentation
    assert kept == policy(OWN).as_dict()
    again = parse_config(json.loads(run.config.as_json()))
    assert again == run.config


def test_the_command_line_takes_a_policy_as_text_and_as_a_file(tmp_path) -> None:
    from clfcore.api import command_of

    text = json.dumps(OWN)
    (tmp_path / "mine.json").write_text(text)
    wanted = policy(OWN).as_dict()
    for given in (text, str(tmp_path / "mine.json"), json.dumps(OWN["steps"])):
        config = parse_config({**SMALL, "recipe": {"augmentation": given}})
        assert config.recipe.augmentation["steps"] == wanted["steps"]
    assert '"degrees": 7.0' in command_of(config)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("basc", r"recipe.augmentation is 'basc': it must be one of none, basic, .* \(did you mean basic\?\)"),
        ({**OWN, "version": 9}, "recipe.augmentation cannot be used: the policy's version is 9: this clflab reads"),
        ([{"step": "rotate"}], r"steps\[0\] is 'rotate': it must be one of .*did you mean rotation"),
        ([{"step": "rotation", "degrees": 999}], r"steps\[0\].degrees is 999: it must be a number from 0 to 180"),
        ([{"step": "rotation", "degres": 9}], r"degres is not a parameter of rotation: it takes degrees"),
        ("{", "recipe.augmentation cannot be used: the policy is no valid JSON"),
        ("nowhere.json", "recipe.augmentation cannot be used: nowhere.json cannot be read"),
        (7, "recipe.augmentation cannot be used"),
        (["erasing", "horizontal-flip"], "erasing must come last"),
    ],
)
def test_a_policy_that_cannot_be_used_is_named_with_what_is_allowed(given: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as refused:
        parse_config({**SMALL, "recipe": {"augmentation": given}})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        ({"mixup": -0.1}, "recipe.mixup is -0.1: it must be at least 0"),
        ({"cutmix": 101}, "recipe.cutmix is 101: it must be at most 100"),
        ({"mix_probability": 1.5}, "recipe.mix_probability is 1.5: it must be at most 1"),
        ({"ema": 1}, "recipe.ema is 1: it must be less than 1"),
        ({"accumulation": 0}, "recipe.accumulation is 0: it must be at least 1"),
        ({"step_factor": 0}, "recipe.step_factor is 0: it must be greater than 0"),
        ({"plateau_factor": 1}, "recipe.plateau_factor is 1: it must be less than 1"),
    ],
)
def test_numbers_out_of_range_are_named(recipe: dict, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse_config({**SMALL, "recipe": recipe})


def test_a_run_that_diverges_keeps_its_best_weights_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    _break_from(monkeypatch, epoch=3)
    run = create_run(small_config(epochs=5))
    execute(run)
    assert (run.state, len(run.history)) == ("completed", 2)
    assert run.results.best_epoch in (1, 2)
    assert "diverged in epoch 3" in run.message
    assert f"The weights of epoch {run.results.best_epoch} before it are kept" in run.message
    assert all(torch.isfinite(torch.from_numpy(run.predictions(split).logits)).all() for split in run.splits)


def test_a_run_that_diverges_at_once_fails_with_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    _break_from(monkeypatch, epoch=1)
    run = create_run(small_config(epochs=2, gradient_clip=0))
    with pytest.raises(Failure, match=r"lower recipe.learning_rate, which is .*, or clip the gradient"):
        execute(run)
    assert run.state == "failed"


def _break_from(monkeypatch: pytest.MonkeyPatch, *, epoch: int) -> None:
    step = loop._step

    def broken(state: loop.State, *given: object, **named: object) -> tuple:
        found = step(state, *given, **named)
        return found._replace(loss=found.loss * float("nan")) if state.epoch + 1 >= epoch else found

    monkeypatch.setattr(loop, "_step", broken)
