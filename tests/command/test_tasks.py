"""Several labels and hierarchies through every command: train, resume, evaluate, predict, all in one process."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.cli.main import main
from clfcore.runs import folder
from clfcore.runs.create import create_run

Answer = Callable[..., dict]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Answer:
    def ask(*words: object, status: int = 0) -> dict:
        assert main([*map(str, words), "--json"]) == status
        out = capsys.readouterr()
        return json.loads(out.out) if status == 0 else {"error": out.err}

    return ask


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    from clfcore.data.catalogue import open_dataset

    path = tmp_path / "drawn.png"
    Image.fromarray(open_dataset("shapes-multi-label:count=60,side=24").pixels[3]).save(path)
    return path


SMALL = ("--architecture", "lenet5", "--image-size", 24, "--epochs", 2, "--batch-size", 16)
SEVERAL = ("train", "--data", "shapes-multi-label:count=120,side=24", *SMALL)
LEVELS = ("train", "--data", "shapes-hierarchical:count=120,side=24", *SMALL)


def test_several_labels_go_through(ask: Answer, drawn: Path) -> None:
    run = ask(*SEVERAL, "--thresholds", "f1", "--loss", "asymmetric", "--positive-weights", "balanced")
    names = {"mean_average_precision", "micro_f1", "macro_f1", "subset_accuracy", "hamming_loss", "macro_auc"}
    assert set(run["metrics"]["test"]) == names
    kept = json.loads((Path(run["path"]) / "thresholds.json").read_text())
    assert kept["chosen_on"] == "validation"
    again = ask("evaluate", run["run"])
    assert again["metrics"] == run["metrics"]
    assert again["thresholds"] == kept["values"]
    at_half = ask("evaluate", run["run"], "--thresholds", "half")
    assert "thresholds" not in at_half
    (answer,) = ask("predict", run["run"], drawn, "--top", 6)["predictions"]
    for one in answer["top"]:
        assert one["threshold"] == pytest.approx(kept["values"][one["label"]])
        assert (one["probability"] >= one["threshold"]) == (one["label"] in answer["labels"])


def test_thresholds_do_not_look_at_test(ask: Answer) -> None:
    """The test predictions are turned upside down: what is chosen stays."""
    run = folder.open_run(ask(*SEVERAL, "--thresholds", "recall", "--wanted", 0.8)["run"])
    before = ask("evaluate", run.id, "--split", "test", "--thresholds", "precision", "--wanted", 0.5)["thresholds"]
    test = run.predictions("test")
    object.__setattr__(test, "targets", 1 - test.targets)
    test.save(run.path / "predictions-test.npz")
    after = ask("evaluate", run.id, "--split", "test", "--thresholds", "precision", "--wanted", 0.5)["thresholds"]
    assert after == before


def test_hierarchies_go_through(ask: Answer, drawn: Path) -> None:
    run = ask(*LEVELS, "--decoding", "path", "--class-weights", "inverse-frequency", "--sampling", "balanced")
    for split in ("validation", "test"):
        assert run["metrics"][split]["consistency"] == 1
        assert list(run["metrics"][split]) == ["family", "shape", "consistency"]
    assert ask("evaluate", run["run"])["metrics"] == run["metrics"]
    (answer,) = ask("predict", run["run"], drawn)["predictions"]
    assert [place["level"] for place in answer["path"]] == ["family", "shape"]
    assert answer["top"][0]["label"] == answer["path"][1]["label"]
    (unsure,) = ask("predict", run["run"], drawn, "--sure", 1)["predictions"]
    assert unsure["path"] == []
    assert unsure["stopped"]
    assert "keeps only that" in ask("evaluate", run["run"], "--decoding", "sum", status=2)["error"]


def test_a_run_of_separate_levels_can_be_read_as_paths(ask: Answer) -> None:
    run = ask(*LEVELS)
    assert ask("evaluate", run["run"], "--decoding", "path")["metrics"]["test"]["consistency"] == 1
    other = ask("evaluate", run["run"], "--data", "shapes-hierarchical:count=60,side=24,seed=5")
    assert list(other["metrics"]["data"]) == ["family", "shape", "consistency"]


@pytest.mark.parametrize("words", [SEVERAL, LEVELS], ids=["several labels", "levels"])
def test_a_stopped_run_goes_on_to_the_same_end(ask: Answer, words: tuple) -> None:
    from clfcore.runs.execute import execute

    whole = ask(*words, "--sampling", "balanced")
    run = create_run(folder.open_run(whole["run"]).config)

    def stop(values: dict) -> None:
        if values["stage"] == "training" and values.get("epoch") == 2:
            run.request_stop()

    execute(run, show=stop)
    assert run.state == "cancelled"
    resumed = ask("resume", run.id)
    assert resumed["metrics"] == whole["metrics"]
    same = folder.open_run(whole["run"]).predictions("test").logits
    assert np.array_equal(run.predictions("test").logits, same)


def test_an_operating_point_is_chosen_on_validation_and_told_of_test(ask: Answer) -> None:
    run = ask("train", "--data", "shapes:count=120,side=24", *SMALL)
    found = ask("evaluate", run["run"], "--positive", "circle", "--sensitivity", 0.9)["operating"]
    assert found["chosen_on"] == "validation"
    assert found["validation"]["sensitivity"] >= 0.9
    low, high = found["test"]["specificity_interval"]
    assert low <= found["test"]["specificity"] <= high


REFUSED = [
    (("--positive", "circle", "--threshold", 1.5), "threshold is 1.5: it must be from 0 to 1"),
    (("--positive", "circl", "--sensitivity", 0.9), "did you mean circle"),
    (("--sensitivity", 0.9), "name it with positive"),
    (("--thresholds", "f2"), "it must be one of half, f1, precision, recall"),
    (("--thresholds", "f1"), "name one class with positive"),
    (("--decoding", "path"), "it is for hierarchies"),
]


@pytest.mark.parametrize(("words", "text"), REFUSED, ids=[" ".join(map(str, r[0])) for r in REFUSED])
def test_what_cannot_be_chosen_is_refused_in_one_line(
    ask: Answer, finished_run: folder.Run, words: tuple, text: str
) -> None:
    error = ask("evaluate", finished_run.id, *words, status=2)["error"]
    assert text in error
    assert len(error.splitlines()) == 1
