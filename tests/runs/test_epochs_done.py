"""Epochs done of those asked for, wherever a run is listed, and why it ended before them."""

import json

import pytest

from clfcore.api import show_run
from clfcore.cli.main import main
from clfcore.reports.model_card import model_card
from clfcore.runs.epochs_done import epochs_done
from clfcore.runs.folder import Run
from clfcore.runs.index import listed


def asking(run: Run, epochs: int, **values: object) -> Run:
    """The finished run, as if more epochs had been asked for."""
    stored = json.loads((run.path / "config.json").read_text())
    stored["recipe"]["epochs"] = epochs
    run.write("config.json", {**stored, **values})
    return run


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "2 of 100, stopped early"),
        ({"strategy": "feature-extraction", "head": "logistic"}, "2 of 100, converged"),
        ({"strategy": "feature-extraction", "head": "mlp"}, "2 of 100, stopped early"),
    ],
)
def test_a_completed_run_says_why_it_has_fewer_epochs(finished_run: Run, values: dict[str, object], text: str) -> None:
    done = epochs_done(listed(asking(finished_run, 100, **values)))
    assert done is not None
    assert done.text == text


def test_all_epochs_are_a_number_alone_and_other_states_have_no_reason(finished_run: Run) -> None:
    done = epochs_done(listed(finished_run))
    assert done is not None
    assert done.text == "2"
    asking(finished_run, 9).set_state("cancelled")
    stopped = epochs_done(listed(finished_run))
    assert stopped is not None
    assert stopped.text == "2 of 9"


def test_a_run_finished_on_request_says_so(finished_run: Run) -> None:
    results = finished_run.results.as_dict()
    asking(finished_run, 9).write("metrics.json", {**results, "finished_early": {"epoch": 2, "of": 9}})
    done = epochs_done(listed(finished_run))
    assert done is not None
    assert done.text == "2 of 9, finished early on request"


def test_a_damaged_history_says_nothing(finished_run: Run) -> None:
    (finished_run.path / "history.jsonl").write_text("{}\n{}\n")
    assert epochs_done(listed(finished_run)) is None


def test_commands_and_model_card_say_it(finished_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    asking(finished_run, 100)
    summary = show_run(finished_run.id).runs[0]
    assert summary.as_json()["epochs"] == {"done": 2, "asked": 100, "reason": "stopped early"}
    assert main(["runs"]) == 0
    assert "2 of 100, stopped early" in capsys.readouterr().out
    assert "2 of 100, stopped early epochs" not in model_card(finished_run)
    assert "epochs: 2 of 100, stopped early" in model_card(finished_run)
