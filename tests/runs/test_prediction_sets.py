"""`sets RUN`, and the set that `predict --coverage` prints."""

import csv
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
    api.sets(finished_run.id, forget=True)
    assert row.top is not None
    assert row.set == tuple(one.label for one in row.top if one.probability >= rule.threshold)
    assert main(["predict", finished_run.id, image, "--coverage", "0.8"]) == 0
    assert "  set: " in capsys.readouterr().out
    assert "set" not in api.predict(finished_run.id, [image]).as_json()["predictions"][0]
    assert main(["predict", "efficientnet_lite0", image, "--coverage", "0.8"]) == 2
    assert "without validation images" in capsys.readouterr().err


def test_a_coverage_that_is_kept_gives_every_prediction_its_set(
    finished_run: Run, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = str(photos / "red" / "00.jpg")
    (asked,) = api.predict(finished_run.id, [image], coverage=0.8).predictions
    assert asked.set is not None
    assert main(["sets", finished_run.id, "--coverage", "0.8"]) == 0
    assert "carry its sets" in capsys.readouterr().out
    assert api.sets(finished_run.id).coverage == 0.8
    assert main(["predict", finished_run.id, image, "--json"]) == 0
    assert tuple(json.loads(capsys.readouterr().out)["predictions"][0]["set"]) == asked.set
    (other,) = api.predict(finished_run.id, [image], coverage=0.5).predictions
    assert other.set is not None
    assert len(other.set) <= len(asked.set)
    out = tmp_path / "p.csv"
    assert main(["predict", finished_run.id, image, str(tmp_path / "none.png"), "--out", str(out)]) in (1, 2)
    assert main(["predict", finished_run.id, str(photos / "red"), "--out", str(out)]) == 0
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[-3:] == ["set", "unlike", "error"]
    assert rows[0]["set"] == ";".join(asked.set)
    with pytest.raises(InputError, match="both given"):
        api.sets(finished_run.id, coverage=0.8, forget=True)
    with pytest.raises(InputError, match="above 0 and below 1"):
        api.sets(finished_run.id, coverage=0.0)
    assert not api.sets(finished_run.id, forget=True).kept
    assert api.predict(finished_run.id, [image]).predictions[0].set is None


def test_too_few_or_no_validation_images_are_refused() -> None:
    run = stored_run(1, right=0.7)
    with pytest.raises(InputError, match="need at least 999"):
        api.sets(run.id, coverage=0.999)
    (run.path / "predictions-validation.npz").unlink()
    with pytest.raises(InputError, match="no validation predictions"):
        api.sets(run.id)
    assert np.isfinite(run.predictions("test").logits).all()
