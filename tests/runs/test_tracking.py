"""Trackers: what TensorBoard reads is the run's history; a fault of a tracker is a warning, never the run's end."""

import importlib.util
import sqlite3
import sys
import types
from pathlib import Path

import pytest

from clfcore import api
from clfcore.cli.main import main
from clfcore.config import RunConfig, make
from clfcore.errors import InputError
from clfcore.files import runs_folder
from clfcore.runs.folder import Run
from tests.conftest import small_config


def tracked(track: str, **recipe: object) -> RunConfig:
    return small_config(**recipe).changed(track=track)


def curve(folder: Path, name: str) -> list[tuple[int, float]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars(name)]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("head", ["scratch", "feature-extraction"])
def test_tensorboard_reads_the_history(tmp_path: Path, head: str) -> None:
    config = tracked(f"tensorboard:{tmp_path / 'logs'}")
    if head == "feature-extraction":
        weights = api.train(small_config())
        config = config.changed(strategy=head, weights=str(weights.path))
    run = Run(api.train(config).path)
    folder = tmp_path / "logs" / run.id
    history = [(epoch.epoch, epoch.validation_loss) for epoch in run.history]
    assert curve(folder, "validation_loss") == [(step, pytest.approx(loss)) for step, loss in history]
    accuracy = run.metrics["test"]["accuracy"]
    assert curve(folder, "test/accuracy") == [(run.results.best_epoch, pytest.approx(accuracy))]


def test_a_relative_folder_is_below_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = Run(api.train(tracked("tensorboard:logs", epochs=1)).path)
    assert run.config.track == f"tensorboard:{tmp_path / 'logs'}"
    assert list((tmp_path / "logs" / run.id).glob("events*"))


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="mlflow is an extra")
@pytest.mark.filterwarnings("ignore")
def test_mlflow_holds_the_history(tmp_path: Path) -> None:
    run = Run(api.train(tracked(f"mlflow:sqlite:///{tmp_path / 'runs.db'}", epochs=1)).path)
    with sqlite3.connect(tmp_path / "runs.db") as base:
        rows = base.execute("select step, value from metrics where key = 'validation_loss'").fetchall()
    assert rows == [(1, pytest.approx(run.history[0].validation_loss))]


def test_wandb_gets_every_epoch_under_the_runs_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of its name at the boundary: the real one talks to its host."""
    logged: list[dict[str, float]] = []
    opened: list[dict[str, object]] = []
    fake = types.ModuleType("wandb")
    fake.__spec__ = importlib.util.spec_from_loader("wandb", None)
    handle = types.SimpleNamespace(log=logged.append, finish=lambda: logged.append({"finished": 1.0}))
    fake.init = lambda **asked: opened.append(asked) or handle  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", fake)
    run = Run(api.train(tracked("wandb:shapes")).path)
    assert (opened[0]["project"], opened[0]["id"], opened[0]["resume"]) == ("shapes", run.id, "allow")
    assert [line["epoch"] for line in logged[:2]] == [1, 2]
    assert logged[0]["train_loss"] == run.history[0].train_loss
    assert "test/accuracy" in logged[2]
    assert logged[3] == {"finished": 1.0}


def test_a_tracker_that_fails_is_a_warning_in_the_log(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    run = Run(api.train(tracked(f"tensorboard:{tmp_path / 'file'}", epochs=1)).path)
    assert run.state == "completed"
    assert (run.path / "log.txt").read_text().count("tracking ended") == 1


@pytest.mark.parametrize("track", ["tensorboard", "mlflow:", "aim:logs", "tensorboard: "])
def test_what_is_no_tracker_is_refused(track: str) -> None:
    with pytest.raises(InputError, match=r"^track is .*write tensorboard:DIR"):
        make({"data": "digits", "track": track})


def test_a_missing_package_is_one_line_before_there_is_a_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usual = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "mlflow" else usual(name))
    assert main(["train", "--data", "digits", "--architecture", "lenet5", "--track", "mlflow:sqlite:///a.db"]) == 2
    assert "needs the package mlflow: pip install 'clflab[mlflow]'" in capsys.readouterr().err
    assert not runs_folder().exists() or not list(runs_folder().iterdir())


def test_a_shared_lab_writes_to_no_tracker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLFLAB_DATA_ROOT", str(tmp_path))
    with pytest.raises(InputError, match="this lab is shared"):
        api.train(tracked("tensorboard:logs"))
