"""What is tried before a launch trains as the run will: one constructor of the state, one loop, one way to judge."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from clfcore.augment.policies import policy
from clfcore.config import RunConfig, make
from clfcore.errors import InputError
from clfcore.experiments.compare_policies import compare_policies
from clfcore.experiments.compare_strategies import compare_strategies
from clfcore.experiments.learning_curve import learning_curve
from clfcore.experiments.lr_finder import find_rate
from clfcore.experiments.overfit_one_batch import overfit_one_batch
from clfcore.experiments.plan import make_plan
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.resolve_run import resolve_run
from clfcore.training.batches import Batches
from clfcore.training.loop import State
from tests.conftest import small_config

RECIPES = (
    {"optimizer": "sgd", "gradient_clip": 0.0, "precision": "bfloat16"},
    {"optimizer": "muon", "ema": 0.9, "accumulation": 2, "channels_last": False, "seed": 3},
    {"optimizer": "rmsprop", "gradient_clip": 0.25, "accumulation": 3, "label_smoothing": 0.1, "mixup": 0.2},
)


@contextmanager
def states() -> Iterator[list[State]]:
    """Every state that a training begins with."""
    made: list[State] = []
    with pytest.MonkeyPatch.context() as patched:
        post = State.__post_init__
        patched.setattr(State, "__post_init__", lambda self: (made.append(self), post(self))[1])
        yield made


def facts(state: State) -> dict[str, object]:
    names = ("device", "dtype", "gradient_clip", "accumulation", "ema", "channels_last", "seed")
    return {"optimizer": type(state.optimizer), **{name: getattr(state, name) for name in names}}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe["optimizer"])
def test_what_is_tried_before_a_launch_has_the_runs_state(recipe: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clfcore.experiments.overfit_one_batch.STEPS", 2)
    config = small_config(**recipe, epochs=1)
    with states() as made:
        execute(create_run(config))
        make_plan(resolve_run(config), measure=True)
        overfit_one_batch(config, images=6)
        compare_policies(config, {"none": policy("none")}, seconds=1e-9, sample=40)
        find_rate(config, steps=10)
    assert len(made) == 5
    assert [facts(state) for state in made] == [facts(made[0])] * 5


def test_strategies_on_a_sample_keep_what_does_not_depend_on_the_strategy(photos) -> None:
    recipe = {"image_size": 32, "optimizer": "sgd", "gradient_clip": 0.5, "ema": 0.5, "accumulation": 2, "seed": 4}
    config = make({"data": str(photos), "architecture": "efficientnet_lite0", "recipe": recipe})
    with states() as made:
        compare_strategies(config, seconds=0.5, sample=8)
    assert {state.model.__class__.__name__ for state in made} >= {"EfficientNet"}
    for state in made:
        assert (state.gradient_clip, state.ema, state.accumulation, state.seed) == (0.5, 0.5, 2, 4)


def test_a_plan_of_averaged_weights_counts_their_memory() -> None:
    plain, averaged = (make_plan(resolve_run(small_config(ema=ema)), measure=True) for ema in (0.0, 0.9))
    assert averaged.memory == plain.memory + 4 * plain.parameters


def test_a_trial_reads_a_hierarchy_as_the_run_does() -> None:
    recipe = {"epochs": 1, "batch_size": 16, "image_size": 20, "learning_rate": 0.01}
    data = "shapes-hierarchical:count=120,side=20"
    seen = {}
    for decoding in ("levels", "sum"):
        config = make({"data": data, "architecture": "lenet5", "decoding": decoding, "recipe": recipe})
        policies = {"none": policy("none")}
        lines = compare_policies(config, policies, seconds=1e-9, sample=80).histories["none"]
        seen[decoding] = lines[0].validation_loss
    assert seen["levels"] != seen["sum"]


@pytest.mark.parametrize("sampling", ["plain", "balanced"])
def test_a_trial_draws_the_training_items_as_the_run_does(sampling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    call = Batches.__call__
    monkeypatch.setattr(Batches, "__call__", lambda self, epoch: (drawn.append(self.weights), call(self, epoch))[1])
    compare_policies(small_config(sampling=sampling), {"none": policy("none")}, seconds=1e-9, sample=40)
    assert [weights is not None for weights in drawn] == [sampling == "balanced"]


def test_a_check_of_one_batch_says_where_it_diverged() -> None:
    found = overfit_one_batch(small_config(learning_rate=1e-2, optimizer="sgd", gradient_clip=0.0, momentum=0.99))
    assert np.isfinite(found.losses).all()
    with pytest.MonkeyPatch.context() as patched:
        nothing = lambda task, recipe: lambda logits, y: logits.sum() * float("nan")  # noqa: E731
        patched.setattr("clfcore.experiments.overfit_one_batch.plain_loss_of", nothing)
        found = overfit_one_batch(small_config())
    assert not found.passed
    assert "diverged" in found.verdict


def wrong(config: RunConfig) -> RunConfig:
    """A configuration that came past the checks, as an older version's or a hand-made one may."""
    return config.model_copy(update={"recipe": config.recipe.model_copy(update={"image_size": 2, "ema": 7.0})})


@pytest.mark.parametrize("work", [compare_strategies, learning_curve])
def test_a_configuration_that_does_not_fit_is_refused_in_sentences(work, photos) -> None:
    config = make({"data": str(photos), "architecture": "efficientnet_lite0"})
    with pytest.raises(InputError, match=r"recipe\.ema is 7"):
        work(wrong(config))


def test_an_attention_head_is_not_fitted_on_embeddings_among_strategies(photos) -> None:
    config = make({"data": str(photos), "architecture": "efficientnet_lite0", "head": "attention"})
    found = compare_strategies(config.changed(recipe={"image_size": 32}), seconds=0.2, sample=8)
    assert "feature-extraction" not in {one.strategy for one in found.tried}
