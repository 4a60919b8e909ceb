"""A configuration to its end: what is written, chosen and refused; and that a resumed run is the same run."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from clfcore.config import make
from clfcore.data.decode import Decoded
from clfcore.errors import Failure, InputError
from clfcore.runs import session as sessions
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from tests.conftest import breaking_off, small_config
from tests.support.same_end import assert_same_end, weights


def test_a_finished_run_tells_everything(finished_run: Run) -> None:
    assert finished_run.state == "completed"
    assert [line.epoch for line in finished_run.history] == [1, 2]
    assert finished_run.splits == ("validation", "test")
    results = finished_run.results
    assert results.parameters.total == results.parameters.trainable > 1000
    assert set(results.metrics) == {"validation", "test"}
    assert results.best_epoch in (1, 2)
    assert results.seconds > 0
    assert not (finished_run.path / "checkpoint.pt").exists()
    assert None not in finished_run.config.recipe.model_dump().values()


def test_the_reported_accuracy_is_that_of_the_predictions(finished_run: Run) -> None:
    for split in ("validation", "test"):
        predictions = finished_run.predictions(split)
        accuracy = float((predictions.logits.argmax(axis=1) == predictions.targets).mean())
        assert finished_run.metrics[split]["accuracy"] == pytest.approx(accuracy)


def test_the_best_epoch_has_the_highest_validation_accuracy(finished_run: Run) -> None:
    lines = finished_run.history
    best = max(lines, key=lambda line: (line.validation_accuracy, -line.validation_loss, -line.epoch))
    assert finished_run.results.best_epoch == best.epoch
    assert finished_run.metrics["validation"]["accuracy"] == pytest.approx(best.validation_accuracy)


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    runs = [create_run(small_config(seed=seed)) for seed in (0, 0, 1)]
    for run in runs:
        execute(run)
    assert_same_end(runs[0], runs[1])
    assert not torch.equal(*(next(iter(weights(run).values())) for run in runs[1:]))


@pytest.mark.parametrize("schedule", ["warmup-cosine", "plateau"])
def test_a_run_stopped_in_the_middle_and_resumed_ends_as_an_unbroken_one(schedule: str) -> None:
    config = small_config(epochs=4, augmentation="basic", schedule=schedule)
    straight, broken = create_run(config), create_run(config)
    execute(straight)
    execute(broken, orphaned=breaking_off(broken, after=2, every=5))
    assert broken.state == "interrupted"
    assert len(broken.history) == 2
    execute(broken)
    assert broken.state == "completed"
    assert_same_end(straight, broken)


def test_a_stop_is_a_cancel_that_can_be_resumed() -> None:
    run = create_run(small_config(epochs=3))
    execute(run, show=lambda values: run.request_stop() if values["stage"] == "training" else None)
    assert run.state == "cancelled"
    assert run.stop_requested() is not None
    execute(run)
    assert (run.state, len(run.history)) == ("completed", 3)


def test_a_stop_that_came_while_the_run_was_handed_over_is_honoured_and_an_old_one_is_not() -> None:
    run = create_run(small_config(epochs=1))
    run.request_stop()
    execute(run, handed_over=True)
    assert (run.state, run.history) == ("cancelled", ())
    execute(run)
    assert run.state == "completed"


def test_what_killed_writers_left_is_swept_and_what_a_page_writes_is_not() -> None:
    run = create_run(small_config(epochs=1))
    for name in (".checkpoint.pt.a1b2.part", ".best.safetensors.x.part", ".stop.y.part"):
        (run.path / name).write_text("half")
    old = run.path / ".speed.json.z.part"
    old.write_text("half")
    os.utime(old, (0, 0))
    execute(run)
    assert [path.name for path in run.path.glob(".*")] == [".stop.y.part"]


def test_a_stop_after_the_epoch_keeps_the_epoch() -> None:
    run = create_run(small_config(epochs=3))

    def ask(values: dict) -> None:
        if values["stage"] == "training":
            run.request_stop("epoch")

    execute(run, show=ask)
    assert (run.state, [line.epoch for line in run.history]) == ("cancelled", [1])


def test_early_stopping_ends_before_the_last_epoch() -> None:
    run = create_run(small_config(epochs=50, early_stopping=1, learning_rate=1e-9))
    execute(run)
    assert run.state == "completed"
    assert len(run.history) < 50


def test_no_test_image_is_seen_by_the_network_before_the_last_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(small_config(epochs=3))
    taken: list[tuple[int, tuple[int, ...]]] = []
    take = Decoded.take
    monkeypatch.setattr(
        Decoded,
        "take",
        lambda self, indices: (taken.append((len(run.history), tuple(indices))), take(self, indices))[1],
    )
    execute(run)
    tested = set(run.data.drawn["test"])
    names = run.predictions("test").ids
    assert set(names) == tested
    from clfcore.data.catalogue import open_dataset

    ids = open_dataset(run.config.data).ids
    for epochs_done, indices in taken:
        if epochs_done < 3:
            assert not tested & {ids[i] for i in indices}


def test_a_full_disk_ends_the_run_as_failed_and_keeps_the_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(small_config(epochs=3))
    save = Run.save_checkpoint

    def full_in_second_epoch(self: Run, values: dict) -> None:
        if values["training"]["epoch"] == 2:
            raise Failure(f"the disk is full: {self.path / 'checkpoint.pt'} was not written; free some space and go on")
        save(self, values)

    with monkeypatch.context() as patched:
        patched.setattr(Run, "save_checkpoint", full_in_second_epoch)
        with pytest.raises(Failure, match="the disk is full"):
            execute(run)
    assert (run.state, run.load_checkpoint()["training"]["epoch"]) == ("failed", 1)
    assert "the disk is full" in run.message
    execute(run)
    assert (run.state, [line.epoch for line in run.history]) == ("completed", [1, 2, 3])


def test_out_of_memory_says_which_batch_size_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(small_config())

    def exhausted(*_: object, **__: object) -> Iterator[None]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("clfcore.runs.train_network.train", exhausted)
    with pytest.raises(Failure, match=r"try recipe.batch_size 8 \(it was 16\)"):
        execute(run)
    assert run.state == "failed"


def test_a_batch_larger_than_the_split_is_lowered_and_said() -> None:
    run = create_run(small_config(batch_size=5000, epochs=1))
    execute(run)
    assert run.config.recipe.batch_size == run.data.splits["train"]
    assert f"The batch size is lowered from 5000 to {run.data.splits['train']}" in run.message


def test_a_damaged_photo_is_left_out_and_named(photos: Path) -> None:
    (photos / "red" / "broken.jpg").write_bytes(b"")
    run = create_run(make({"data": str(photos), "architecture": "lenet5", "recipe": {"epochs": 1, "image_size": 28}}))
    execute(run)
    assert run.state == "completed"
    assert "broken.jpg" in run.message
    assert sum(run.data.splits.values()) == 24


def test_feature_extraction_leaves_the_backbone_alone_and_reads_its_embeddings_back(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clfcore.architectures.build import head_name, pretrained
    from clfcore.embeddings.embedder import Embedder

    config = make({"data": str(photos), "architecture": "efficientnet_lite0", "recipe": {"image_size": 64}})
    first = create_run(config)
    execute(first)
    assert first.config.strategy == "feature-extraction"
    assert first.metrics["test"]["accuracy"] == 1.0
    before = pretrained("efficientnet_lite0").module
    head = head_name(before)
    for name, value in weights(first).items():
        if not name.startswith(head):
            assert torch.equal(value, before.state_dict()[name]), name
    monkeypatch.setattr(Embedder, "_pass", lambda *_: pytest.fail("the embeddings were computed twice"))
    second = create_run(config.changed(head="mlp", recipe={"epochs": 3}))
    execute(second)
    assert second.state == "completed"


def test_the_fitted_head_opened_again_predicts_what_the_run_recorded(photos: Path) -> None:
    from clfcore.data.pixels import read_image
    from clfcore.runs.open_classifier import classifier_of

    for head in ("logistic", "mlp"):
        recipe = {"image_size": 64, "epochs": 5}
        run = create_run(
            make({"data": str(photos), "architecture": "efficientnet_lite0", "head": head, "recipe": recipe})
        )
        execute(run)
        classifier, predictions = classifier_of(run), run.predictions("validation")
        squares = np.stack([classifier.square(read_image(photos / name)) for name in predictions.ids])
        # the run's logits come from the fast path, which may be bfloat16
        np.testing.assert_allclose(
            classifier.probabilities(squares), predictions.probabilities(), atol=0.05, err_msg=f"head {head}"
        )


def test_two_classes_are_needed(tmp_path: Path, photos: Path) -> None:
    for path in (photos / "blue").iterdir():
        path.unlink()
    (photos / "blue").rmdir()
    run = create_run(make({"data": str(photos), "architecture": "lenet5"}))
    with pytest.raises(InputError, match="one class"):
        execute(run)
    assert run.state == "failed"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"architecture": "lenet4"}, "did you mean lenet5"),
        ({"strategy": "feature-extraction", "weights": "none"}, "feature-extraction starts from pretrained weights"),
        ({"strategy": "scratch", "weights": "default"}, "scratch starts from none"),
        ({"recipe": {"image_size": 4}}, "image_size is 4: lenet5 needs at least 12"),
        ({"recipe": {"device": "cuda:7"}}, "recipe.device is 'cuda:7': this machine has no such device"),
        ({"options": {"activaton": "relu"}}, "activation"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict, sentence: str) -> None:
    run = create_run(make({"data": "shapes:count=60", "architecture": "lenet5", **changes}))
    with pytest.raises(InputError, match=sentence):
        execute(run)
    assert run.state == "failed"


def test_a_completed_run_is_not_executed_again(finished_run: Run) -> None:
    with pytest.raises(InputError, match="is completed: there is nothing to resume"):
        execute(finished_run)


def test_ties_go_to_the_lower_loss_then_to_the_earlier_epoch() -> None:
    best = sessions.Best()
    assert best.improved(1, 0.5, 1.0)
    assert best.improved(2, 0.5, 0.9)
    assert not best.improved(3, 0.5, 0.9)
    assert not best.improved(4, 0.4, 0.1)
    assert (best.epoch, best.since) == (2, 2)


def test_progress_is_left_for_those_who_watch() -> None:
    run = create_run(small_config())
    seen: list[dict] = []
    execute(run, show=seen.append)
    assert {"preparing", "training", "evaluating"} <= {values["stage"] for values in seen}
    json.dumps(seen, allow_nan=False)
    training = [values for values in seen if values["stage"] == "training"]
    assert training[-1]["done"] == training[-1]["total"]
