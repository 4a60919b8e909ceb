"""`sets RUN`, and the set that `predict --coverage` prints."""

import json
from pathlib import Path

import numpy as np
import pytest

from clfcore import api
from clfcore.cli.main import main
from clfcore.errors import InputError
from clfcore.runs.folder import Run
from tests.support.stored_runs import of_labels, run_of, stored_run


def test_sets_are_measured_on_test(capsys: pytest.CaptureFixture[str]) -> None:
    run = stored_run(1, right=0.7)
    assert main(["sets", run.id, "--coverage", "0.8", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["coverage"], report["validation"], report["level"]) == (0.8, 200, "class")
    test = report["test"]
    assert sum(test["sizes"].values()) == test["items"] == 200
    assert test["interval"][0] <= 0.8 <= test["interval"][1]
    assert main(["sets", run.id]) == 0
    shown = capsys.readouterr().out
    assert "classes in the set" in shown
    assert "best epoch" in shown


def test_more_coverage_makes_larger_sets_of_every_task() -> None:
    for run in (stored_run(1, right=0.7), of_labels(2, 0.5), run_of("hierarchical")):
        small, large = (api.sets(run.id, coverage=coverage).test for coverage in (0.5, 0.9))
        assert small is not None
        assert large is not None
        assert small.mean_size <= large.mean_size
        assert small.covered <= large.covered


def test_a_level_of_a_hierarchy_has_its_own_sets() -> None:
    run = run_of("hierarchical")
    levels = [level.name for level in run.task.levels]
    assert api.sets(run.id).level == levels[-1]
    assert api.sets(run.id, level=levels[0]).level == levels[0]
    with pytest.raises(InputError, match="level is 'nothing'"):
        api.sets(run.id, level="nothing")


def test_a_prediction_has_its_set(finished_run: Run, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = str(photos / "red" / "00.jpg")
    (row,) = api.predict(finished_run.id, [image], k=6, coverage=0.8).predictions
    rule = api.sets(finished_run.id, coverage=0.8)
    assert row.top is not None
    assert row.set == tuple(one.label for one in row.top if one.probability >= rule.threshold)
    assert main(["predict", finished_run.id, image, "--coverage", "0.8"]) == 0
    assert "  set: " in capsys.readouterr().out
    assert "set" not in api.predict(finished_run.id, [image]).as_json()["predictions"][0]
    for model, more, words in (
        ("efficientnet_lite0", [], "without validation images"),
        (finished_run.id, ["--out", "a.csv"], "holds no prediction sets"),
    ):
        assert main(["predict", model, image, "--coverage", "0.8", *more]) == 2
        assert words in capsys.readouterr().err


def test_too_few_or_no_validation_images_are_refused() -> None:
    run = stored_run(1, right=0.7)
    with pytest.raises(InputError, match="need at least 999"):
        api.sets(run.id, coverage=0.999)
    (run.path / "predictions-validation.npz").unlink()
    with pytest.raises(InputError, match="no validation predictions"):
        api.sets(run.id)
    assert np.isfinite(run.predictions("test").logits).all()
