"""Run folders as version 0.1.0 wrote them open for ever: states, results, predictions, and the same answers."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from clfcore import api
from clfcore.data.catalogue import open_dataset
from clfcore.data.decode import decode
from clfcore.files import runs_folder
from clfcore.runs import measured_speed
from clfcore.runs.folder import Run
from clfcore.runs.index import list_runs
from clfcore.runs.open_classifier import classifier_of
from clfcore.runs.temperature import temperature_of

WRITTEN = sorted((Path(__file__).parent / "written_by_0_1_0").iterdir())


@pytest.fixture(params=WRITTEN, ids=lambda folder: folder.name[16:])
def old(request: pytest.FixtureRequest) -> Run:
    shutil.copytree(request.param, runs_folder() / request.param.name)
    return Run(runs_folder() / request.param.name)


def test_it_is_listed_and_shown_as_it_was(old: Run) -> None:
    (one,) = list_runs()
    assert (one.state, one.damaged, one.splits) == ("completed", "", ("validation", "test"))
    assert [line.epoch for line in old.history] == [1, 2]
    shown = api.show_run(old.id).runs[0]
    assert shown.config["recipe"]["epochs"] == 2
    assert shown.results["parameters"]["total"] > 1000
    assert sum(old.data.splits.values()) == 90
    assert temperature_of(old) > 0
    assert measured_speed.multiply_adds(old) > 1000


def test_its_stored_predictions_give_its_stored_metrics(old: Run) -> None:
    found = api.evaluate(old.id)
    for split, metrics in old.metrics.items():
        for name, value in metrics.items():
            assert found.metrics[split][name] == pytest.approx(value)


def test_its_weights_answer_as_they_did(old: Run) -> None:
    predictions, classifier = old.predictions("test"), classifier_of(old)
    assert classifier.task.levels == predictions.task.levels
    assert (predictions.thresholds is None) == (predictions.task.kind != "multi-label")
    dataset = open_dataset(old.config.data, split_seed=old.config.split_seed)
    dataset, decoded = decode(dataset, classifier.preprocess)
    at = [dataset.ids.index(name) for name in predictions.ids]
    squares = np.stack([classifier.square(dataset.pixels[i]) for i in at])
    assert np.allclose(classifier.logits(squares), predictions.logits, atol=1e-4)
    assert len(decoded) >= len(at)
