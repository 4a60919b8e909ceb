"""Corrections by command: decisions, a version, what differs, and a run trained again on it."""

import json
from pathlib import Path

import pytest

from clfcore.cli.main import main
from clfcore.data.catalogue import open_dataset
from clfcore.runs.folder import Run
from tests.conftest import SMALL

SPEC = SMALL["data"]


def result_of(capsys: pytest.CaptureFixture, *words: object) -> dict:
    assert main([*map(str, words), "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def text_of(capsys: pytest.CaptureFixture, *words: object) -> str:
    assert main([*map(str, words)]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture, *words: object) -> str:
    assert main([*map(str, words)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err


def test_from_decisions_to_a_verdict(capsys: pytest.CaptureFixture, finished_run: Run, tmp_path: Path) -> None:
    dataset = open_dataset(SPEC)
    tested, trained = (int(dataset.splits[split][0]) for split in ("test", "train"))
    new = next(name for name in dataset.classes if name != dataset.label(tested))
    kept = result_of(capsys, "datasets", "correct", SPEC, "--item", dataset.ids[tested], "--label", new)
    assert (kept["corrected"], kept["version"]) == (1, None)
    table = tmp_path / "decisions.csv"
    table.write_text(f"item,action\n{dataset.ids[trained]},drop\n")
    made = result_of(capsys, "datasets", "correct", SPEC, "--decisions", table, "--version", "v1")["version"]
    assert (made["counts"]["relabeled"], made["counts"]["dropped"], made["counts"]["test_relabeled"]) == (1, 1, 1)
    assert "v1" in text_of(capsys, "datasets", "versions", SPEC)
    assert f"-> {new}" in text_of(capsys, "datasets", "diff", SPEC, f"{SPEC}@v1")
    assert result_of(capsys, "datasets", "check", f"{SPEC}@v1")["splits"]["train"] == len(dataset.splits["train"]) - 1
    out = tmp_path / "all.json"
    listed = result_of(capsys, "datasets", "decisions", SPEC, "--out", out)
    assert len(listed["decisions"]) == len(json.loads(out.read_text())["decisions"]) == 2
    retrained = result_of(capsys, "retrain", finished_run.id, "--data", f"{SPEC}@v1")
    verdict = retrained["verdict"]
    assert (verdict["test_relabeled"], verdict["left_out"]) == (1, 0)
    assert verdict["words"][0].endswith(".")
    assert finished_run.id not in verdict["words"][0]
    after = Run(Path(retrained["retrained"]["path"]))
    assert after.data.digest == made["digest"] != finished_run.data.digest
    assert after.config.recipe == finished_run.config.recipe
    assert "flatters" in text_of(capsys, "retrain", finished_run.id, "--after", after.id)
    pair = result_of(capsys, "compare", finished_run.id, after.id)
    assert "common items" in pair["notes"][0]
    metrics = result_of(capsys, "evaluate", after.id, "--data", f"{SPEC}@v1")["metrics"]
    assert "accuracy" in metrics["data"]
    assert "taken back" in text_of(capsys, "datasets", "undo", SPEC)
    assert "is deleted; no picture was" in text_of(capsys, "datasets", "delete", f"{SPEC}@v1")
    assert "has no version v1" in refused(capsys, "datasets", "check", f"{SPEC}@v1")


def test_what_is_refused(capsys: pytest.CaptureFixture, finished_run: Run) -> None:
    item = open_dataset(SPEC).ids[0]
    assert "needs one of --label" in refused(capsys, "datasets", "correct", SPEC, "--item", item)
    assert "needs one of --label" in refused(capsys, "datasets", "correct", SPEC, "--item", item, "--drop", "--keep")
    assert "there is nothing to do" in refused(capsys, "datasets", "correct", SPEC)
    assert "--item stands alone" in refused(capsys, "datasets", "correct", SPEC, "--item", item, "--version", "v1")
    assert "OTHER is missing" in refused(capsys, "datasets", "diff", SPEC)
    assert "nothing is decided" in refused(capsys, "datasets", "undo", SPEC)
    assert "was trained on that" in refused(capsys, "retrain", finished_run.id, "--data", SPEC)
    assert "trained on other data" in refused(capsys, "retrain", finished_run.id, "--data", "digits")
    assert "--data is missing" in refused(capsys, "retrain", finished_run.id)
