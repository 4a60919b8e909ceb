"""What only an accelerator can show: the same pictures, runs in mixed precision, a broken run that goes on."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from clfcore.augment import policies, random_table
from clfcore.augment.apply import apply
from clfcore.augment.builtin_policies import POLICIES
from clfcore.config import make
from clfcore.data.catalogue import open_dataset
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.open_classifier import open_classifier
from clfcore.runs.processes import Processes
from tests.conftest import breaking_off, small_config

DEVICE = "cuda"
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")]


@pytest.mark.parametrize("name", POLICIES)
def test_a_batch_on_the_device_is_the_batch_on_the_cpu(name: str) -> None:
    policy, generator = policies.policy(name), torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (12, 3, 58, 58), dtype=torch.uint8, generator=generator)
    table = random_table.table(policy, seed=3, epoch=1, items=12)
    here = apply(policy, table, x, size=54)
    there = apply(policy, table, x.to(DEVICE), size=54).cpu()
    assert (here.int() - there.int()).abs().max() <= 1


@pytest.mark.parametrize("precision", ["auto", "float32", "bfloat16", "float16"])
def test_a_run_learns_on_the_device_and_answers_on_the_cpu(precision: str) -> None:
    run = create_run(small_config(device=DEVICE, precision=precision, epochs=8))
    execute(run)
    assert run.state == "completed"
    assert run.history[-1].train_loss < run.history[0].train_loss
    assert DEVICE in run.data.computed_on["device"]
    kept = run.predictions("validation")
    dataset, classifier = open_dataset(run.config.data), open_classifier(run.id)
    place = {name: i for i, name in enumerate(dataset.ids)}
    squares = np.stack([classifier.square(dataset.pixels[place[name]]) for name in kept.ids])
    np.testing.assert_allclose(classifier.logits(squares), kept.logits, atol=0.1)


def test_a_broken_run_on_the_device_goes_on() -> None:
    run = create_run(small_config(device=DEVICE, epochs=3))
    execute(run, orphaned=breaking_off(run, after=1, every=3))
    assert (run.state, len(run.history)) == ("interrupted", 1)
    execute(run)
    assert (run.state, len(run.history)) == ("completed", 3)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are no two CUDA devices")
def test_two_devices_with_synchronized_batch_normalization_train_as_one() -> None:
    recipe = {"epochs": 3, "batch_size": 16, "image_size": 16, "augmentation": "none", "optimizer": "sgd", "seed": 1}
    values = {"data": "shapes:count=34,side=16", "architecture": "resnet18_small"}
    values["recipe"] = {**recipe, "device": DEVICE, "precision": "float32", "learning_rate": 0.01}
    one, two = create_run(make(values)), create_run(make(values).changed(recipe={"sync_batch_norm": True}))
    execute(one)
    execute(two, crew=Processes(two, 2))
    assert two.state == "completed"
    for a, b in zip(one.history, two.history, strict=True):
        assert b.train_loss == pytest.approx(a.train_loss, rel=1e-2)
    kept, expected = (load_file(run.path / "best.safetensors") for run in (two, one))
    assert {*kept} == {*expected}
    for name in expected:
        torch.testing.assert_close(kept[name], expected[name], rtol=1e-2, atol=1e-2, msg=name)
    assert open_classifier(two.id).module.training is False
