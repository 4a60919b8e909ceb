"""The commands that judge: train to compare, lists of errors, figures as files."""

import csv
import json
from pathlib import Path

import pytest

from clfcore.cli.main import main
from clfcore.data.versions.log import read_decisions
from clfcore.runs.folder import Run
from tests.support.stored_runs import stored_run

TINY = ["--data", "shapes:count=120,side=12", "--epochs", "1", "--batch-size", "16", "--image-size", "12"]


def result_of(capsys: pytest.CaptureFixture, *words: object) -> dict:
    assert main([*map(str, words), "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture, *words: object) -> str:
    assert main([*map(str, words)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_several_networks_are_trained_on_one_split_and_compared(capsys: pytest.CaptureFixture) -> None:
    words = ["train-to-compare", *TINY, "--architecture", "lenet5,vgg11", "--strategy", "scratch", "--seeds", "2"]
    found = result_of(capsys, *words)
    assert [run["state"] for run in found["runs"]] == ["completed", "completed"]
    runs = [Run(Path(run["path"])).config for run in found["runs"]]
    assert [(c.architecture, c.recipe.seed, c.split_seed, c.recipe.epochs) for c in runs] == [
        ("lenet5", 0, 0, 1),
        ("lenet5", 1, 0, 1),
    ]
    [left_out] = found["refused"]
    assert (left_out["name"], "vgg11 needs at least 32" in left_out["reason"]) == ("vgg11, scratch", True)
    pair = found["comparison"]["pairs"][0]
    assert {pair["a"], pair["b"]} == {run["run"] for run in found["runs"]}
    assert found["comparison"]["split"] == "test"
    assert "needs at least 32" in refused(capsys, "train-to-compare", *TINY, "--architecture", "vgg11")
    assert "no seeds are chosen" in refused(
        capsys, "train-to-compare", *TINY, "--architecture", "lenet5", "--seeds", "0"
    )


def test_a_list_of_errors_with_a_verdict_as_json_and_csv(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    run = stored_run(1, right=0.6)
    first = result_of(capsys, "errors", run.id, "--most", 3)
    assert len(first["errors"]) == 3
    worst = first["errors"][0]
    assert worst["truth"] != worst["predicted"]
    assert len(worst["top"]) == 3
    out = tmp_path / "errors.csv"
    marked = result_of(
        capsys, "errors", run.id, "--mark", worst["id"], "--as", "ambiguous", "--note", "a 7 or a 1", "--csv", out
    )
    assert (marked["errors"][0]["verdict"], marked["errors"][0]["note"]) == ("ambiguous", "a 7 or a 1")
    with out.open() as file:
        row = next(csv.DictReader(file))
    assert (row["id"], row["verdict"]) == (worst["id"], "ambiguous")
    assert [one.action for one in read_decisions("digits")] == ["doubt"]
    pair = result_of(capsys, "errors", run.id, "--list", "pair", "--true", "digit 0", "--predicted", "digit 1")
    assert {(one["truth"], one["predicted"]) for one in pair["errors"]} == {("digit 0", "digit 1")}
    assert "list is 'worst'" in refused(capsys, "errors", run.id, "--list", "worst")
    assert "verdict is 'bad'" in refused(capsys, "errors", run.id, "--mark", worst["id"], "--as", "bad")
    assert "split is 'train'" in refused(capsys, "errors", run.id, "--split", "train")


def test_figures_without_a_browser_are_refused_and_something_must_be_written(
    capsys: pytest.CaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stored_run(1, right=0.6)
    monkeypatch.setenv("CLFLAB_BROWSER", "no-such-browser")
    refusal = refused(capsys, "report", run.id, "--figures", tmp_path / "figures")
    assert "CLFLAB_BROWSER is 'no-such-browser'" in refusal
    assert "give --out FILE, --figures FOLDER" in refused(capsys, "report", run.id)
