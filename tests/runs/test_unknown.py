"""`unknown RUN`: the limit that a run keeps, measured on its own data, and refused where that says nothing."""

import json

import pytest

from clfcore import api
from clfcore.cli.main import main
from clfcore.errors import InputError
from clfcore.runs.folder import Run
from clfcore.runs.unknown_file import UnknownFile, far_data_of, kept_rule
from tests.support.stored_runs import run_of


@pytest.mark.parametrize("task", ["single-label", "multi-label", "hierarchical"])
def test_each_task_states_what_its_limit_keeps_and_catches(task: str, finished_run: Run) -> None:
    run = finished_run if task == "single-label" else run_of(task)
    report = api.unknown(run.id, false_alarms=0.1)
    test = run.predictions("test")
    assert report.test.items == len(test)
    assert report.validation.items == len(run.predictions("validation"))
    assert report.validation.alarms <= 0.1 * report.validation.items
    assert {limit.score for limit in report.scores} == {"neighbors", "energy"}
    assert (report.score, report.threshold) == (report.scores[0].score, report.scores[0].threshold)
    assert all(limit.far is not None and limit.far.items == 80 for limit in report.scores)
    assert report.far == ("digits", "clothing-small")  # shapes are what it was trained on
    rule = kept_rule(run)
    assert rule is not None
    assert (rule.limits, rule.false_alarms) == (report.scores, 0.1)
    assert far_data_of(run) == report.far


def test_the_command_prints_it_and_refuses_what_cannot_be(
    finished_run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["unknown", finished_run.id, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["scores"][0]["far"]["items"] == 80
    assert printed["test"]["interval"][0] <= printed["test"]["share"] <= printed["test"]["interval"][1]
    assert main(["unknown", finished_run.id]) == 0
    assert "far caught" in capsys.readouterr().out
    for rate, words in (("0.001", "cannot be set on fewer than 999"), ("0", "must be above 0"), ("1", "below 1")):
        assert main(["unknown", finished_run.id, "--false-alarms", rate]) == 2
        err = capsys.readouterr().err
        assert words in err.splitlines()[-1]
    assert kept_rule(finished_run) is not None


def test_a_damaged_rule_is_made_anew_and_a_later_field_is_no_damage(finished_run: Run) -> None:
    whole = json.loads((finished_run.path / UnknownFile.file).read_text())
    for damage in ({}, {"limits": [{}]}, {**whole, "false_alarms": 2.0}, {"limits": 3}):
        (finished_run.path / UnknownFile.file).write_text(json.dumps(damage))
        assert kept_rule(finished_run) is None
    (finished_run.path / UnknownFile.file).write_text(json.dumps({**whole, "later": 1}))
    assert kept_rule(finished_run) is not None


def test_without_validation_it_says_why(finished_run: Run) -> None:
    (finished_run.path / "predictions-validation.npz").unlink()
    with pytest.raises(InputError, match="no validation predictions"):
        api.unknown(finished_run.id)
