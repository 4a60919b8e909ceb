"""Several processes train as one does that accumulates, to the bit; a killed one costs no more than its epoch."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from clfcore import cache
from clfcore.api import resume, train
from clfcore.config import RunConfig, make
from clfcore.errors import Failure, InputError
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from clfcore.runs.process_count import ProcessesFile, check_processes, note_processes, processes_of
from clfcore.runs.processes import Processes
from clfcore.runs.resolve_run import resolve_run
from tests.conftest import small_config
from tests.support import synchronized_rank
from tests.support.forked_rank import ForkedRank
from tests.support.same_end import assert_same_end, weights
from tests.support.synchronized_rank import SynchronizedRank

SHARED = {"epochs": 2, "image_size": 20}
CASES = {
    "lenet5, plain": ("shapes:count=62,side=20", "lenet5", {"augmentation": "none"}),
    "lenet5, augmented and mixed": (
        "shapes:count=90,side=20",
        "lenet5",
        {"augmentation": "basic", "mixup": 0.2, "cutmix": 1.0, "ema": 0.9, "schedule": "plateau", "optimizer": "sgd"},
    ),
    "resnet18_small, plain": ("shapes:count=34,side=16", "resnet18_small", {"image_size": 16, "augmentation": "none"}),
    "resnet18_small, augmented": (
        "shapes:count=34,side=16",
        "resnet18_small",
        {"image_size": 16, "augmentation": "basic", "mixup": 0.2, "epochs": 1},
    ),
    "several labels, weighed": (
        "shapes-multi-label:count=60,side=20",
        "lenet5",
        {"positive_weights": "balanced", "loss": "focal", "early_stopping": 1},
    ),
    "a hierarchy, drawn evenly": ("shapes-hierarchical:count=60,side=20", "lenet5", {"sampling": "balanced"}),
}


def configured(case: str, batch_size: int, accumulation: int) -> RunConfig:
    data, architecture, recipe = CASES[case]
    shared = {"batch_size": batch_size, "accumulation": accumulation, "seed": 1, **SHARED, **recipe}
    return make({"data": data, "architecture": architecture, "recipe": shared})


def together(run: Run, count: int = 2, **given: object) -> None:
    execute(run, crew=Processes(run, count, start=ForkedRank), **given)


@pytest.mark.parametrize("case", CASES)
def test_two_processes_end_as_one_that_accumulates(case: str) -> None:
    one, two = create_run(configured(case, 8, 2)), create_run(configured(case, 16, 1))
    execute(one)
    together(two)
    assert two.state == "completed"
    assert_same_end(one, two)
    assert two.data.computed_on["processes"] == 2


def test_three_processes_share_what_does_not_divide_evenly() -> None:
    run = create_run(small_config(batch_size=10, epochs=1, accumulation=2))
    together(run, 3)
    assert run.state == "completed"
    assert len({*run.predictions("validation").ids}) == run.data.splits["validation"]


class Killer:
    """A show that kills a process once, when an epoch's step is done."""

    def __init__(self, *, at: int, stage: str = "training") -> None:
        self.at, self.stage, self.children = at, stage, []

    def start(self, said) -> ForkedRank:
        self.children.append(ForkedRank(said))
        return self.children[-1]

    def __call__(self, values: dict) -> None:
        if values["stage"] == self.stage and values["done"] >= self.at:
            self.children[-1].kill()


@pytest.mark.parametrize("at", [1, 7])
def test_a_killed_process_leaves_the_run_interrupted_and_it_resumes_to_the_same_end(
    at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clfcore.runs.progress.EVERY", 0.0)
    config = small_config(epochs=3, augmentation="basic")
    straight, broken = create_run(config), create_run(config)
    together(straight)
    killer = Killer(at=at)
    with pytest.raises(Failure, match=r"process 1 of 2 was killed \(SIGKILL\): run .* is interrupted, and `resume"):
        execute(broken, show=killer, crew=Processes(broken, 2, start=killer.start))
    assert broken.state == "interrupted"
    assert all(child.poll() is not None for child in killer.children)
    together(broken)
    assert_same_end(straight, broken)


def test_a_stop_ends_all_processes_at_one_step_and_another_number_may_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clfcore.runs.progress.EVERY", 0.0)
    run = create_run(small_config(epochs=3))

    def stop(values: dict) -> None:
        if values["stage"] == "training" and values.get("epoch") == 2:
            run.request_stop()

    together(run, show=stop)
    assert run.state == "cancelled"
    assert [line.epoch for line in run.history] == [1]
    assert processes_of(run) == 2
    resume(run.id, processes=1)
    assert run.state == "completed"
    used = [(stretch.after_epoch, stretch.processes) for stretch in run.read(ProcessesFile).used]
    assert used == [(0, 2), (1, 1)]


class Losing(Processes):
    """Processes of which the second finds a file gone."""

    def __init__(self, run: Run, file: Path) -> None:
        super().__init__(run, 2, start=ForkedRank)
        self.file = file

    def join(self) -> None:
        self.file.unlink()
        super().join()


def test_processes_that_see_other_data_are_refused(photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copied"
    shutil.copytree(photos, folder)
    recipe = {"epochs": 1, "batch_size": 8, "image_size": 32}
    run = create_run(make({"data": str(folder), "architecture": "lenet5", "weights": "none", "recipe": recipe}))
    with pytest.raises(InputError, match="process 1 has other data than process 0: give every process the same files"):
        execute(run, crew=Losing(run, next(folder.rglob("*.*g"))))
    assert run.state == "failed"
    assert "process 1 has other data" in run.message


def test_synchronized_processes_train_as_one_with_whole_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clfcore.runs.execute.check_processes", lambda *_, **__: None)  # it asks for GPUs
    monkeypatch.setattr(nn.SyncBatchNorm, "forward", synchronized_rank.forward)
    data, architecture = "shapes:count=34,side=16", "resnet18_small"
    recipe = {"epochs": 3, "batch_size": 16, "image_size": 16, "augmentation": "none", "optimizer": "sgd", "seed": 1}
    values = {"data": data, "architecture": architecture, "recipe": {**recipe, "learning_rate": 0.01, "ema": 0.5}}
    one, two = create_run(make(values)), create_run(make(values).changed(recipe={"sync_batch_norm": True}))
    execute(one)
    assert one.data.splits["train"] % 16 in range(1, 9)  # plain slices would leave the second process out of a batch

    def stop(progress: dict) -> None:
        if progress["stage"] == "training" and progress.get("epoch") == 3:
            two.request_stop()

    monkeypatch.setattr("clfcore.runs.progress.EVERY", 0.0)
    execute(two, show=stop, crew=Processes(two, 2, start=SynchronizedRank))
    assert (two.state, len(two.history)) == ("cancelled", 2)
    execute(two)  # by one process: plain layers, whole batches
    assert two.state == "completed"
    for a, b in zip(one.history, two.history, strict=True):
        assert b.train_loss == pytest.approx(a.train_loss, rel=1e-3)
        assert b.gradient_norm == pytest.approx(a.gradient_norm, rel=2e-2)
    kept, expected = weights(two), weights(one)
    assert {*kept} == {*expected}
    counts = {name: value for name, value in expected.items() if name.endswith("num_batches_tracked")}
    assert counts
    assert all(torch.equal(kept[name], value) for name, value in counts.items())
    for name in expected.keys() - counts.keys():
        torch.testing.assert_close(kept[name], expected[name], rtol=1e-2, atol=1e-3, msg=name)
    np.testing.assert_allclose(two.predictions("test").logits, one.predictions("test").logits, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize(
    ("count", "recipe", "message"),
    [
        (0, {}, "processes is 0: it must be a whole number from 1 to 256"),
        (9, {}, "processes is 9: recipe.batch_size is 16, and each process needs 2 images of a batch"),
        (
            2,
            {"sync_batch_norm": True},
            "recipe.sync_batch_norm is true: torch synchronizes batch normalization on CUDA GPUs only; leave it out",
        ),
        (
            1,
            {"sync_batch_norm": True},
            "recipe.sync_batch_norm is true: one process sees each batch whole; leave it out, or train",
        ),
        (
            2,
            {"sync_batch_norm": True, "freeze_batch_norm": True},
            "recipe.sync_batch_norm is true, and recipe.freeze_batch_norm too: frozen statistics need "
            "no messages; leave one out",
        ),
    ],
)
def test_a_number_that_cannot_be_is_refused_before_there_is_a_folder(
    count: int, recipe: dict, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        train(small_config(**recipe), processes=count, runs=tmp_path)
    assert not [*tmp_path.iterdir()]


def test_what_cannot_be_synchronized_is_refused_where_a_run_goes_on() -> None:
    config = resolve_run(small_config(sync_batch_norm=True), gpu=True).config
    check_processes(2, config, gpu=True)
    check_processes(1, config, gpu=False, resumed=True)
    with pytest.raises(InputError, match="on CUDA GPUs only; resume with processes 1"):
        check_processes(2, config, gpu=False, resumed=True)
    embedding = config.changed(strategy="feature-extraction")
    with pytest.raises(InputError, match="feature extraction trains no batch normalization; leave it out"):
        check_processes(2, embedding, gpu=True)


def cached_embeddings() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in cache.folder("embeddings").iterdir()}


def test_two_processes_embed_as_one_and_the_first_fits_the_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clfcore.runs.progress.EVERY", 0.0)
    recipe = {"epochs": 3, "image_size": 32, "views": 2, "augmentation": "basic", "seed": 2}
    config = {"data": "clothing-small", "architecture": "efficientnet_lite0", "strategy": "feature-extraction"}
    one, two, again, stopped = (create_run(make({**config, "recipe": recipe})) for _ in range(4))
    execute(one)
    embedded = cached_embeddings()
    assert len(embedded) == 4  # two views of train, validation and test
    together(again)  # from the first one's cache
    assert_same_end(one, again)
    cache.clear()
    together(two)
    assert two.state == "completed"
    assert_same_end(one, two)
    assert cached_embeddings() == embedded

    cache.clear()
    killer = Killer(stage="embedding", at=1)
    with pytest.raises(Failure, match="process 1 of 2 was killed"):
        execute(stopped, show=killer, crew=Processes(stopped, 2, start=killer.start))
    assert stopped.state == "interrupted"
    together(stopped, show=lambda values: stopped.request_stop() if values["stage"] == "embedding" else None)
    assert stopped.state == "cancelled"
    together(stopped)
    assert_same_end(one, stopped)


def test_two_processes_embed_more_than_memory_holds(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"data": str(photos), "architecture": "efficientnet_lite0", "strategy": "feature-extraction"}
    one, two = (create_run(make({**config, "recipe": {"epochs": 3, "image_size": 32}})) for _ in range(2))
    execute(one)
    cache.clear()
    monkeypatch.setattr("clfcore.runs.train_head.most_held", lambda: 1 << 16)  # 12 embeddings: fewer than training has
    together(two)
    assert two.state == "completed"
    assert_same_end(one, two)
    assert len([name for name in cached_embeddings() if name.endswith(".0-16.npy")]) == 1


def test_only_changes_of_the_number_are_recorded() -> None:
    run = create_run(small_config())
    note_processes(run, 1, after_epoch=0)
    assert not (run.path / ProcessesFile.file).exists()
    for count, after in ((1, 2), (2, 3), (2, 4), (4, 5), (1, 5)):
        note_processes(run, count, after_epoch=after)
    assert [(s.after_epoch, s.processes) for s in run.read(ProcessesFile).used] == [(0, 1), (3, 2), (5, 1)]
