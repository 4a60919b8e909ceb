"""`robustness RUN…`: clean outcomes are the stored ones, runs meet the same draws, and what is kept is read back."""

import json

import numpy as np
import pytest

from clfcore import api
from clfcore.cli.main import main
from clfcore.errors import InputError
from clfcore.quality.robustness import RobustnessFile, measure_robustness
from clfcore.quality.run_slices import right_items
from clfcore.runs.folder import Run
from tests.support.stored_runs import run_of, stored_run


@pytest.mark.parametrize("task", ["single-label", "multi-label", "hierarchical"])
def test_clean_outcomes_are_those_of_the_stored_predictions(task: str) -> None:
    base = "shapes" if task == "single-label" else f"shapes-{task}"
    run = run_of(task, data=f"{base}:count=300,side=24")
    calls: list[int] = []
    (found,) = measure_robustness([run], items=20, progress=lambda done, total: calls.append(total - done))
    predictions = run.predictions("test")
    stored = dict(zip(predictions.ids, right_items(predictions), strict=True))
    assert found.items == 20
    assert abs(found.right("", 0) - 20 * np.mean(list(stored.values()))) < 10
    assert calls == sorted(calls, reverse=True)
    assert calls[-1] == 0

    def stop(done: int, total: int) -> None:
        raise AssertionError("what is kept is not computed again")

    (again,) = measure_robustness([run], items=20, progress=stop)
    for name, right in found.outcomes.items():
        np.testing.assert_array_equal(right, again.outcomes[name])


def test_damaged_outcomes_are_computed_anew(finished_run: Run) -> None:
    (found,) = measure_robustness([finished_run], items=20)
    path = finished_run.path / RobustnessFile.file
    whole = json.loads(path.read_text())
    for damage in ("{", json.dumps({**whole, "outcomes": {**whole["outcomes"], "clean": "??"}})):
        path.write_text(damage)
        (made_anew,) = measure_robustness([finished_run], items=20)
        np.testing.assert_array_equal(made_anew.per_item, found.per_item)


def test_runs_of_the_same_data_are_compared_on_the_same_images(capsys: pytest.CaptureFixture[str]) -> None:
    a = run_of("single-label", data="shapes:count=300,side=24")
    b = run_of("single-label", data="shapes:count=300,side=24", recipe={"epochs": 1, "image_size": 24, "seed": 1})
    assert main(["robustness", a.id, b.id, "--items", "20", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["items"], len(report["runs"][0]["corruptions"])) == (20, 12)
    (pair,) = report["pairs"]
    difference = report["runs"][1]["corrupted"] - report["runs"][0]["corrupted"]
    assert pair["difference"] == pytest.approx(difference)
    assert pair["interval"][0] <= difference <= pair["interval"][1]
    assert main(["robustness", a.id, b.id, "--items", "20"]) == 0
    assert "against" in capsys.readouterr().out


def test_what_cannot_be_measured_is_refused(finished_run: Run) -> None:
    with pytest.raises(InputError, match="items is 5: it must be at least 20"):
        api.robustness([finished_run.id], items=5)
    with pytest.raises(InputError, match="named twice"):
        api.robustness([finished_run.id, finished_run.id])
    with pytest.raises(InputError, match="the runs share 0 test images"):
        api.robustness([finished_run.id, stored_run(1, right=0.5).id])
    (finished_run.path / "predictions-test.npz").unlink()
    with pytest.raises(InputError, match="has no test predictions"):
        api.robustness([finished_run.id])
