"""A search: its space checked before anything is trained, its trials runs, none lost with a worker."""

import json
import sys
import threading
import time
from pathlib import Path

import pytest

from clfcore.api import sweep
from clfcore.cli.main import main
from clfcore.errors import Failure, InputError
from clfcore.experiments.search import search
from clfcore.experiments.search_space import make_space
from clfcore.experiments.study import list_studies, open_study, read_study
from clfcore.runs.folder import Run, find_run
from tests.conftest import small_config
from tests.support.forked_rank import ForkedWorker

CONFIG = small_config(epochs=1)
SPACE = {"learning_rate": {"low": 1e-4, "high": 1e-1, "log": True}, "optimizer": ["adamw", "sgd"]}


def test_trials_are_runs_and_a_second_start_continues(tmp_path: Path) -> None:
    first = sweep(CONFIG, SPACE, trials=2, runs=tmp_path)
    assert [trial.state for trial in first.trials] == ["completed"] * 2
    for trial in first.trials:
        run = find_run(trial.run, tmp_path)
        assert run.state == "completed"
        assert run.config.recipe.learning_rate == trial.values["recipe.learning_rate"]
        assert run.config.recipe.optimizer == trial.values["recipe.optimizer"]
        assert trial.metric == run.history[0].validation_score
    again = sweep(CONFIG, SPACE, trials=5, runs=tmp_path)
    assert again.study == first.study
    assert again.trials[:2] == first.trials
    assert len(again.trials) == 5
    assert find_run(again.best, tmp_path).history[0].validation_score == max(trial.metric for trial in again.trials)
    assert set(again.importances) <= {"recipe.learning_rate", "recipe.optimizer"}
    assert sweep(CONFIG, SPACE, trials=3, runs=tmp_path).trials == again.trials  # there are enough
    assert [path.name for path in list_studies(tmp_path)] == [first.study]


def test_a_killed_worker_loses_no_trial(tmp_path: Path) -> None:
    started: list[ForkedWorker] = []

    def start(said) -> ForkedWorker:
        started.append(ForkedWorker(said))
        return started[-1]

    def kill_one_at_work() -> None:
        until = time.monotonic() + 100
        while time.monotonic() < until:
            if any((path / "history.jsonl").exists() for path in tmp_path.iterdir()):
                for worker in started:
                    worker.kill()
                return
            time.sleep(0.01)

    config = small_config(epochs=6)
    killer = threading.Thread(target=kill_one_at_work)
    killer.start()
    result = search(config, SPACE, trials=3, workers=2, runs=tmp_path, start=start)
    killer.join()
    assert len(started) >= 3  # one that was killed was replaced
    assert [trial.state for trial in result.trials] == ["completed"] * 3
    runs = [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert sorted(runs) == sorted(trial.run for trial in result.trials)  # what was begun was carried on
    assert read_study(list_studies(tmp_path)[0]).trials() == result.trials


def test_a_trial_that_falls_behind_is_pruned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clfcore.runs.progress.EVERY", 0.0)
    monkeypatch.setattr("optuna.trial.Trial.should_prune", lambda self: self.number == 1)
    result = sweep(small_config(epochs=3), SPACE, trials=2, prune=True, runs=tmp_path)
    assert [trial.state for trial in result.trials] == ["completed", "pruned"]
    assert find_run(result.trials[1].run, tmp_path).state == "cancelled"


def test_a_trial_that_fails_says_why_and_the_others_go_on(tmp_path: Path) -> None:
    space = {"architecture": ["lenet5", "lenet5_of_nobody"]}
    result = sweep(CONFIG, space, trials=4, runs=tmp_path)
    failed = [trial for trial in result.trials if trial.state == "failed"]
    assert len(result.trials) == 4
    assert all("lenet5_of_nobody" in trial.message for trial in failed)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "the space is empty"),
        ({"learning_rat": [1, 2]}, r"space: 'learning_rat' is no setting \(did you mean learning_rate"),
        ({"learning_rate": {"low": 0, "high": 1}}, r"recipe\.learning_rate is 0.*: it must be greater than 0"),
        ({"learning_rate": {"low": 0.1, "high": 20}}, r"recipe\.learning_rate is 20.*: it must be at most 10"),
        ({"learning_rate": {"low": 0.1, "high": 0.1}}, "low must be the smaller"),
        ({"learning_rate": {"low": 0.1}}, "give a list of values, or"),
        ({"learning_rate": {"low": float("nan"), "high": 1}}, "must be a number"),
        ({"epochs": {"low": 1.5, "high": 3}}, r"low of recipe\.epochs is 1.5: it must be a whole number"),
        ({"epochs": {"low": "a", "high": 3}}, r"low of recipe\.epochs is 'a': it must be a number"),
        ({"momentum": {"low": 0, "high": 0.9, "log": True}}, "a logarithmic scale begins above 0"),
        ({"epochs": {"low": 1, "high": 3, "step": 9}}, r"step of recipe\.epochs is 9"),
        ({"optimizer": ["adamw"]}, "has 1 different values"),
        ({"optimizer": ["adamw", "adamm"]}, r"recipe\.optimizer is 'adamm': .*did you mean"),
        ({"optimizer": {"low": 1, "high": 2}}, r"recipe\.optimizer has no numbers"),
        ({"data": ["digits", "shapes"]}, "space: data is not searched: trials are compared on the same data"),
        ({"seed": [1, 2]}, r"recipe\.seed is not searched"),
        ({"epochs": [1, 2], "recipe.epochs": [1, 3]}, r"names recipe\.epochs twice"),
        ({"image_size": {"low": 4, "high": 64}}, "image_size is 4"),
    ],
)
def test_a_space_that_cannot_be_is_one_sentence(space: dict, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        make_space(space, CONFIG)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"trials": 0}, "trials is 0"),
        ({"workers": 65}, "workers is 65"),
        ({"on": "ry"}, r"on is 'ry': it must be one of local, ray, slurm \(did you mean ray\?\)"),
    ],
)
def test_numbers_that_cannot_be_are_refused(given: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        sweep(CONFIG, SPACE, **{"trials": 1, "runs": tmp_path, **given})
    assert not [*tmp_path.iterdir()]


def test_a_study_of_another_space_is_not_mixed(tmp_path: Path) -> None:
    open_study(CONFIG, SPACE, name="mine", runs=tmp_path)
    with pytest.raises(InputError, match="searches another space or configuration: take another name"):
        open_study(CONFIG, {"epochs": [1, 2]}, name="mine", runs=tmp_path)


def test_slurm_gets_a_batch_file_whose_tasks_continue_the_study(tmp_path: Path) -> None:
    result = sweep(CONFIG, SPACE, trials=6, workers=3, prune=True, on="slurm", runs=tmp_path)
    text = result.file.read_text()
    assert "#SBATCH --array=0-2" in text
    assert f"--study {result.study}" in text
    assert "--prune" in text
    study = read_study(result.file.parent)
    space = json.loads((study.path / "space.json").read_text())
    assert open_study(study.config, space, name=study.name, runs=tmp_path).path == study.path


def test_what_is_not_installed_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Failure, match=r"pip install 'clflab\[ray\]'"):
        sweep(CONFIG, SPACE, trials=1, on="ray", runs=tmp_path)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(Failure, match=r"pip install 'clflab\[sweep\]'"):
        sweep(CONFIG, SPACE, trials=1, runs=tmp_path)


def test_the_command_prints_study_trials_and_best(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    space, config = tmp_path / "space.json", tmp_path / "config.json"
    space.write_text(json.dumps({"batch_size": [8, 16]}))
    config.write_text(CONFIG.as_json())
    words = ["sweep", "--config", str(config), "--space", str(space), "--trials", "1", "--runs", str(tmp_path / "runs")]
    assert main([*words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    [trial] = answer["trials"]
    assert {"run", "values", "state", "metric"} <= set(trial)
    assert answer["best"] == trial["run"]
    assert Run(tmp_path / "runs" / answer["best"]).state == "completed"
    assert main(words) == 0
    assert f"best {trial['run']}" in capsys.readouterr().out
    space.write_text("{")
    assert main(words) == 2
    assert capsys.readouterr().err.count("\n") == 1
