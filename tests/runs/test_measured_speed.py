"""What an answer costs on this machine: measured once, kept with the run, told by the commands."""

import pytest
import torch
from torch import nn

from clfcore import api
from clfcore.architectures.inference_memory import forward_bytes
from clfcore.errors import InputError
from clfcore.runs import costs, measured_speed
from clfcore.runs.folder import Run
from tests.support.stored_runs import stored_run


def test_memory_by_hand() -> None:
    """Input, weights, and the two feature maps that stand side by side while the second is made."""
    module = nn.Sequential(nn.Conv2d(3, 10, 3, padding=1, bias=False), nn.ReLU(), nn.Conv2d(10, 1, 1, bias=False))
    x = torch.zeros(1, 3, 100, 100)
    assert forward_bytes(module, x) == 4 * (3 * 100 * 100 + 10 * 3 * 9 + 10 + 2 * 10 * 100 * 100)
    assert module.training
    linear = nn.Linear(50, 7)  # its turned weights are a view: counted once
    assert forward_bytes(linear, torch.zeros(1, 50)) == 4 * (50 + 50 * 7 + 7 + 7)


def test_a_run_is_measured_once_and_told_by_compare(finished_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    other = stored_run(1, right=0.7)
    assert costs.known(finished_run)["latency"] is None
    first = api.measure([finished_run.id]).measured[0]
    assert first.run == finished_run.id
    assert 0 < first.speed.seconds < 5
    assert first.speed.multiply_adds == costs.cost(finished_run, "multiply_adds") > 0
    parameters = finished_run.results.parameters.total
    assert 4 * parameters < first.speed.memory < 4 * parameters + 4 * 20 * 20 * 60
    monkeypatch.setattr("clfcore.architectures.latency.latency", lambda *_, **__: pytest.fail("measured twice"))
    assert api.measure([finished_run.id]).measured[0] == first
    known = costs.known(finished_run)
    assert known["latency"] == pytest.approx(1e3 * first.speed.seconds)
    assert known["answer_memory"] == pytest.approx(first.speed.memory / 1e6)
    assert costs.known(other)["latency"] is None


def test_another_machine_measures_anew_and_keeps_what_was_said(finished_run: Run, monkeypatch) -> None:
    measured_speed.measure(finished_run)
    monkeypatch.setattr(measured_speed, "machine", lambda: "another, 96 cores")
    assert measured_speed.kept(finished_run) is None
    assert costs.known(finished_run)["multiply_adds"] > 0  # the same everywhere
    measured_speed.measure(finished_run)
    monkeypatch.undo()
    assert measured_speed.kept(finished_run) is not None


def test_a_damaged_file_is_measured_anew_and_a_run_without_weights_is_refused(finished_run: Run) -> None:
    (finished_run.path / measured_speed.FILE).write_text("[1, 2")
    assert measured_speed.kept(finished_run) is None
    assert measured_speed.measure(finished_run).seconds > 0
    with pytest.raises(InputError, match="has no weights to open"):
        measured_speed.measure(stored_run(2, right=0.7))
