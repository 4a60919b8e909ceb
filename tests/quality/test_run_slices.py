"""`slices RUN` for every task: every group is of this split, and what cannot be grouped is refused."""

import json

import numpy as np
import pytest

from clfcore import api
from clfcore.cli.main import main
from clfcore.runs.folder import Run
from tests.support.stored_runs import run_of


@pytest.mark.parametrize("task", ["single-label", "multi-label", "hierarchical"])
def test_groups_are_of_the_split(task: str) -> None:
    base = "shapes" if task == "single-label" else f"shapes-{task}"
    run = run_of(task, data=f"{base}:count=300,side=24")
    report = api.slices(run.id)
    predictions = run.predictions("test")
    assert (report.split, report.items) == ("test", len(predictions))
    value = {"accuracy": report.accuracy}
    metrics = run.metrics["test"]
    stored = metrics.get("subset_accuracy") if task == "multi-label" else metrics.get("accuracy")
    if task == "hierarchical":
        stored = metrics[run.task.levels[-1].name]["accuracy"]  # type: ignore[index]
    assert value["accuracy"] == pytest.approx(stored)
    assert {"brightness", "contrast", "sharpness"} <= {one.by for one in report.slices}
    for one in report.slices:
        assert set(one.ids) <= set(predictions.ids)
        assert one.items * one.accuracy == pytest.approx(one.right)
        assert 10 <= one.items <= report.items - 10
    assert list(np.sort([one.p_value for one in report.slices])) == [one.p_value for one in report.slices]


def test_the_command_prints_them_and_refuses_small_splits(
    finished_run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["slices", finished_run.id, "--split", "train"]) == 2
    assert "split is 'train'" in capsys.readouterr().err
    assert main(["slices", finished_run.id]) == 2
    assert "test images are too few to look for slices: at least 40" in capsys.readouterr().err
    run = run_of("single-label", data="shapes:count=300,side=24")
    assert main(["slices", run.id, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["significant"] == sum(one["significant"] for one in printed["slices"])
    assert main(["slices", run.id]) == 0
    assert "groups are significantly weaker" in capsys.readouterr().out
