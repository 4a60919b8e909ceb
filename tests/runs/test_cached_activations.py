"""Training from cached activations: equal to the bit to training without them, in one process and after a stop."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from clfcore import cache
from clfcore.architectures.cut_network import cut
from clfcore.config import RunConfig, make
from clfcore.errors import InputError
from clfcore.experiments.plan import make_plan
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.prepare import prepare
from clfcore.runs.resolve_run import resolve_run
from clfcore.training.activations import ComputedActivations
from clfcore.training.phases import first_state
from tests.support.same_end import assert_same_end


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of a small network, to fine-tune."""
    config = {"data": "shapes:count=60,side=20", "architecture": "vgg8_bn_small", "recipe": {"epochs": 1}}
    run = create_run(make(config), folder=tmp_path_factory.mktemp("started"))
    execute(run)
    return run.path


def tuned(started: Path, *, data: str = "shapes:count=60,side=20", **recipe: object) -> RunConfig:
    known = {"epochs": 3, "batch_size": 8, "augmentation": "small", "trainable_groups": 2, "cached_views": 2}
    network = {"architecture": "vgg8_bn_small", "weights": str(started)}
    return make({"data": data, **network, "strategy": "fine-tuning", "recipe": known | recipe})


def without_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the cache has no room for activations; for all else it has."""
    monkeypatch.setattr("clfcore.runs.cached_activations.cache.make_room", lambda wanted: False)


def kept_files() -> list[Path]:
    return sorted(cache.folder("activations").glob("*.npy"))


@pytest.mark.parametrize(
    ("data", "recipe"),
    [
        ("shapes:count=60,side=20", {"accumulation": 2, "ema": 0.9}),
        ("shapes:count=60,side=20", {"sampling": "balanced", "freeze_batch_norm": False}),
        ("shapes:count=60,side=20", {"precision": "bfloat16"}),
        ("shapes-multi-label:count=60", {"augmentation": "none", "cached_views": 1}),
        ("shapes-hierarchical:count=60", {"batch_size": 7}),
    ],
    ids=["averaged", "balanced", "half precision", "multi-label", "hierarchical"],
)
def test_training_from_activations_ends_as_training_without_them(
    started: Path, monkeypatch: pytest.MonkeyPatch, data: str, recipe: dict[str, object]
) -> None:
    config = tuned(started, data=data, **recipe)
    cached, plain = create_run(config), create_run(config)
    before = set(kept_files())
    execute(cached)
    assert len(set(kept_files()) - before) == config.recipe.cached_views + 1
    assert "not kept" not in cached.message
    without_room(monkeypatch)
    execute(plain)
    assert "not kept: they would take 0.0 GB, for which the cache has no room." in plain.message
    assert_same_end(cached, plain)


def test_a_stopped_run_goes_on_from_what_is_kept(started: Path) -> None:
    unbroken, broken = create_run(tuned(started)), create_run(tuned(started))
    execute(unbroken)
    before = kept_files()
    asked = [0]

    def stop() -> bool:
        asked[0] += len(broken.history) == 3
        return asked[0] == 2

    execute(broken, orphaned=stop)
    assert (broken.state, len(broken.history)) == ("interrupted", 3)
    execute(broken)
    assert_same_end(unbroken, broken)
    assert kept_files() == before


def test_what_is_damaged_or_gone_is_computed_anew(started: Path) -> None:
    first, second = create_run(tuned(started)), create_run(tuned(started))
    execute(first)
    of_view, *_, last = kept_files()
    of_view.write_bytes(of_view.read_bytes()[:-100])
    last.unlink()
    execute(second)
    assert_same_end(first, second)


def test_an_image_has_the_same_activations_in_a_batch_of_any_size(photos: Path) -> None:
    recipe = {"image_size": 96, "batch_size": 8, "trainable_groups": 2, "cached_views": 1, "augmentation": "none"}
    config = {"data": str(photos), "architecture": "efficientnet_lite0", "strategy": "fine-tuning"}
    prepared = prepare(resolve_run(make({**config, "recipe": recipe})))
    state = first_state(
        prepared.module,
        prepared.phases[0],
        prepared.start.groups,
        recipe=prepared.config.recipe,
        device=prepared.device,
    )
    prepared.phases[0].apply(state, prepared.start.groups, prepared.config.recipe, steps_per_epoch=1)
    state.train_mode()
    batches = prepared.batches("train", training=True)
    frozen = [group.name for group in prepared.start.groups if group.name not in prepared.phases[0].rates]
    network = cut(prepared.module, frozen, state.placed(batches.first(2)))
    source = ComputedActivations(state, network, partial(batches.in_view, batches.view(1)), 8)
    rows = np.arange(len(batches.indices))
    whole = torch.cat(list(source.batches([rows])))
    assert torch.equal(torch.cat(list(source.batches([rows[:1], rows[1:4], rows[4:]]))), whole)
    assert torch.equal(torch.cat(list(source.batches([rows[::-1].copy()]))), whole.flip(0))


def test_views_are_taken_in_turn(started: Path) -> None:
    batches = prepare(resolve_run(tuned(started))).batches("train", training=True)
    views = [batches.view(epoch) for epoch in (1, 2, 3)]
    assert views[0] == views[2] != views[1]
    rows = np.arange(16)
    shown = [np.concatenate([x.numpy() for x in batches.in_view(view, [rows[:7], rows[7:]])]) for view in views]
    np.testing.assert_array_equal(shown[0], shown[2])
    assert not np.array_equal(shown[0], shown[1])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"trainable_groups": 0}, "recipe.trainable_groups is 0: no layer is frozen"),
        ({"mixup": 0.2}, "recipe.mixup is 0.2: mixed pictures are new each time"),
        ({"cutmix": 1.0}, "recipe.cutmix is 1: mixed pictures are new each time"),
        ({"augmentation": "none"}, "all views are alike: take 1"),
        ({"cached_views": 4}, "recipe.epochs is 3: each epoch takes one view, so take 3 at most"),
    ],
)
def test_what_no_view_can_be_kept_of_is_refused(started: Path, changes: dict[str, object], reason: str) -> None:
    with pytest.raises(InputError, match=f"recipe.cached_views is . and .*{reason}"):
        resolve_run(tuned(started, **changes))


def test_other_strategies_have_no_cached_views() -> None:
    config = make({"data": "digits", "architecture": "lenet5", "recipe": {"cached_views": 2}})
    with pytest.raises(InputError, match="strategy is 'scratch': only fine-tuning has layers that stay frozen"):
        resolve_run(config)


def test_the_plan_says_what_is_kept_and_what_it_gains(started: Path) -> None:
    plan = make_plan(resolve_run(tuned(started)), measure=True)
    assert any(
        note.startswith("What the frozen layers make of 2 views of the training images is kept in the cache, 0.0 GB")
        for note in plan.notes
    )
