"""Fine-tuning and unfreezing as runs: where they begin, what the history says, and that a resumed one is the same."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from clfcore.cache import clear, usage
from clfcore.config import RunConfig, make
from clfcore.errors import InputError
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from tests.support.same_end import assert_same_end

LITE = {"architecture": "efficientnet_lite0"}


def photo_config(photos: Path, strategy: str, **recipe: object) -> RunConfig:
    return make(
        {"data": str(photos), **LITE, "strategy": strategy, "recipe": {"image_size": 32, "epochs": 2, **recipe}}
    )


def further(run: Run, strategy: str = "fine-tuning", **recipe: object) -> RunConfig:
    values = {"data": "shapes:count=160,side=20", "architecture": "lenet5", "weights": str(run.path)}
    return make({**values, "strategy": strategy, "recipe": {"epochs": 2, "batch_size": 16, **recipe}})


def test_fine_tuning_begins_with_the_head_of_feature_extraction(photos: Path) -> None:
    fitted = create_run(photo_config(photos, "feature-extraction", epochs=100))
    tuned = create_run(photo_config(photos, "fine-tuning", trainable_groups=2))
    execute(fitted)
    execute(tuned)
    best = max(line.validation_score for line in fitted.history)
    start = tuned.history[0]
    assert (start.epoch, start.phase, start.freed) == (0, "starting head", [])
    assert start.validation_score == pytest.approx(best, abs=0.26)  # 4 pictures; bfloat16 embeddings may tip one
    assert tuned.metrics["validation"]["accuracy"] >= start.validation_score
    assert [line.epoch for line in tuned.history] == [0, 1, 2]
    assert set(tuned.results.moved) == {"stem", *(f"stage_{n}" for n in range(1, 6))}
    assert tuned.results.moved["stage_4"] == 0


def test_what_training_worsens_is_not_kept(photos: Path) -> None:
    run = create_run(photo_config(photos, "fine-tuning", learning_rate=5, backbone_learning_rate=5, gradient_clip=0))
    execute(run)
    assert run.results.best_epoch == 0
    assert run.metrics["validation"]["accuracy"] == pytest.approx(run.history[0].validation_score)


def test_an_mlp_head_is_fine_tuned_and_opens_again(photos: Path) -> None:
    from clfcore.runs.open_classifier import classifier_of

    run = create_run(photo_config(photos, "fine-tuning", epochs=1).changed(head="mlp"))
    execute(run)
    assert len(classifier_of(run).module.get_submodule("classifier")) == 4


def test_the_history_marks_what_was_freed_and_when(finished_run: Run) -> None:
    run = create_run(further(finished_run, "progressive-unfreezing", epochs=4, unfreeze="1:1,2:2,4:all"))
    execute(run)
    lines = run.history
    assert [line.phase for line in lines] == ["starting head", "head", "+ neck", "+ neck", "+ stage_1, stem"]
    assert [line.freed for line in lines] == [[], ["head"], ["neck"], None, ["stem", "stage_1"]]
    assert list(lines[-1].rates) == ["head", "neck", "stem", "stage_1"]


@pytest.mark.parametrize("stop_after", [0, 1, 2, 3])
def test_a_run_resumed_within_an_unfreezing_schedule_ends_as_an_unbroken_one(
    finished_run: Run, stop_after: int
) -> None:
    recipe = {"epochs": 4, "unfreeze": "1:1,3:2,4:all", "augmentation": "basic", "learning_rate": 0.01}
    config = further(finished_run, "progressive-unfreezing", **recipe)
    straight, broken = create_run(config), create_run(config)
    execute(straight)
    asked = [0]

    def stop() -> bool:
        asked[0] += len(broken.history) == stop_after + 1
        return asked[0] == 4  # in the middle of the epoch

    execute(broken, orphaned=stop)
    assert (broken.state, len(broken.history)) == ("interrupted", stop_after + 1)
    execute(broken)
    assert_same_end(straight, broken)
    assert straight.results.moved == broken.results.moved


def test_muon_and_averaged_weights_go_through_an_unfreezing_schedule_too(finished_run: Run) -> None:
    recipe = {"epochs": 3, "unfreeze": "1:1,2:2,3:all", "optimizer": "muon", "ema": 0.9, "accumulation": 2}
    config = further(finished_run, "progressive-unfreezing", **recipe)
    straight, broken = create_run(config), create_run(config)
    execute(straight)
    asked = [0]

    def stop() -> bool:
        asked[0] += len(broken.history) == 3
        return asked[0] == 2

    execute(broken, orphaned=stop)
    assert broken.state == "interrupted"
    execute(broken)
    assert_same_end(straight, broken)


def test_early_stopping_ends_the_run_and_not_only_its_phase(finished_run: Run) -> None:
    recipe = {"epochs": 8, "unfreeze": "1:1,4:2,6:3", "early_stopping": 1, "learning_rate": 1e-9}
    run = create_run(further(finished_run, "progressive-unfreezing", backbone_learning_rate=1e-9, **recipe))
    execute(run)
    assert run.state == "completed"
    assert [line.phase for line in run.history][-1] == "head"
    assert len(run.history) < 4


def test_a_run_trained_further_keeps_its_head_and_tells_where_it_comes_from(finished_run: Run) -> None:
    run = create_run(further(finished_run, trainable_groups=0))
    execute(run)
    start = run.history[0]
    assert start.train_loss is None
    assert start.validation_score == pytest.approx(finished_run.metrics["validation"]["accuracy"])
    ancestry = run.data.ancestry
    assert ancestry.head_kept is True
    assert ancestry.ancestors[0].run == finished_run.id
    assert finished_run.id in run.message
    again = create_run(further(run))
    execute(again)
    ids = [line.run for line in again.data.ancestry.ancestors]
    assert ids[:2] == [run.id, finished_run.id]


def test_other_classes_get_a_new_head_and_the_preprocessing_is_the_runs(finished_run: Run) -> None:
    config = further(finished_run, "feature-extraction").changed(data="digits")
    run = create_run(config)
    execute(run)
    assert run.data.ancestry.head_kept is False
    assert run.config.recipe.image_size == 20
    assert run.classifier.channels == finished_run.classifier.channels
    kept, own = load_file(run.path / "best.safetensors"), load_file(finished_run.path / "best.safetensors")
    head = [name for name in own if own[name].shape != kept[name].shape]
    assert len(head) == 2
    for name in own.keys() - head:
        assert torch.equal(kept[name], own[name])


def test_weights_of_another_network_are_refused(finished_run: Run) -> None:
    config = make({"data": "shapes:count=60", "architecture": "resnet18_small", "weights": str(finished_run.path)})
    with pytest.raises(InputError, match=r"architecture is resnet18_small: run .* has lenet5; take the same"):
        execute(create_run(config))


def test_weights_that_do_not_exist_are_refused() -> None:
    config = make({"data": "shapes:count=60", "architecture": "lenet5", "weights": "defualt"})
    with pytest.raises(InputError, match=r"weights is 'defualt': no run and no file .*did you mean default"):
        execute(create_run(config))


@pytest.mark.parametrize("strategy", ["feature-extraction", "fine-tuning", "progressive-unfreezing"])
def test_a_network_without_published_weights_is_explained(strategy: str) -> None:
    config = make({"data": "shapes:count=60", "architecture": "lenet5", "strategy": strategy})
    with pytest.raises(InputError, match="lenet5 has no published weights to start from; take scratch"):
        execute(create_run(config))


def test_more_views_train_the_head_on_more_rows_and_baselines_stand_beside(photos: Path) -> None:
    run = create_run(photo_config(photos, "feature-extraction", views=3, epochs=5))
    execute(run)
    assert run.config.recipe.augmentation == "basic"
    assert "3 views: the network sees 48 training images instead of 16, once" in run.message
    assert set(run.results.baselines) == {"nearest_class_mean", "k_nearest"}
    assert run.results.baselines["nearest_class_mean"]["test"]["accuracy"] > 0.5
    assert usage()["embeddings"].entries == 5  # three views of train, one of validation, one of test


def test_a_head_of_several_layers_is_judged_on_embeddings_of_the_network(photos: Path) -> None:
    """The test split is embedded when the head has been replaced; the cache is other heads', too."""
    mlp = create_run(photo_config(photos, "feature-extraction", epochs=3).changed(head="mlp"))
    execute(mlp)
    assert set(mlp.splits) >= {"validation", "test"}
    linear = create_run(photo_config(photos, "feature-extraction", epochs=3))
    execute(linear)
    assert set(linear.splits) >= {"validation", "test"}


@pytest.mark.parametrize(
    ("strategy", "head"),
    [("feature-extraction", "logistic"), ("feature-extraction", "mlp"), ("fine-tuning", "linear")],
)
def test_embeddings_beyond_memory_give_the_same_run(
    photos: Path, strategy: str, head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clfcore.embeddings.embedder.BATCH", 4)
    for name, size in (("BLOCK", 4), ("SHARD", 8)):
        monkeypatch.setattr(f"clfcore.embeddings.shards.{name}", size)
    views = {"views": 2} if strategy == "feature-extraction" else {}
    config = photo_config(photos, strategy, **views, batch_size=6).changed(head=head)
    held, stored, again = (create_run(config) for _ in range(3))
    execute(held)
    clear()
    monkeypatch.setattr("clfcore.runs.train_head.most_held", lambda: 1 << 16)  # 12 embeddings of 1,280 numbers
    execute(stored)
    assert_same_end(held, stored)
    assert held.results.baselines == stored.results.baselines
    entries = usage()["embeddings"].entries
    assert entries == (6 if views else 3)  # two shards of each view where these are large, and two small splits
    execute(again)  # from the cache
    assert_same_end(held, again)
    assert usage()["embeddings"].entries == entries


def test_a_logistic_head_of_more_logits_than_memory_holds_is_refused(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clfcore.runs.train_head.most_held", lambda: 1000)
    run = create_run(photo_config(photos, "feature-extraction"))
    with pytest.raises(
        InputError,
        match=r"head is 'logistic': its fit needs the logits of 16 embeddings in memory several times over, 1\.28e-07 "
        "GB each; take the head linear or mlp, which is trained by mini-batches",
    ):
        execute(run)


def test_views_that_would_all_be_alike_are_refused(photos: Path) -> None:
    with pytest.raises(InputError, match=r"recipe.views is 2: without augmentation all views are alike"):
        execute(create_run(photo_config(photos, "feature-extraction", views=2, augmentation="none")))


@pytest.mark.parametrize("task", ["multi-label", "hierarchical"])
def test_other_tasks_are_fine_tuned_from_their_fitted_heads(task: str) -> None:
    recipe = {"epochs": 1, "image_size": 32, "batch_size": 32}
    config = make({"data": f"shapes-{task}:count=80", **LITE, "strategy": "fine-tuning", "recipe": recipe})
    run = create_run(config)
    execute(run)
    lowest = min(line.validation_loss for line in run.history)
    limit = 1.1 * lowest if task == "multi-label" else float("inf")
    best = max(line.validation_score for line in run.history if line.validation_loss <= limit)
    assert [line.epoch for line in run.history] == [0, 1]
    assert run.history[run.results.best_epoch].validation_score == best


def test_too_many_groups_are_refused_before_an_image_is_decoded(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clfcore.runs.prepare.decode", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(InputError, match=r"recipe.trainable_groups is 99: efficientnet_lite0 has 7 layer groups"):
        execute(create_run(photo_config(photos, "fine-tuning", trainable_groups=99)))
