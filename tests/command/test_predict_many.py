"""`predict … --out`: one JSON object, progress on standard error, exit status 1 where a file was damaged."""

import json
from pathlib import Path

from clfcore.runs.folder import Run


def test_a_folder_becomes_a_table(call: object, finished_run: Run, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "predictions.csv"
    words = ("predict", finished_run.id, photos, "--out", out)
    status, text, errors = call(*words, "--json")
    assert status == 0
    result = json.loads(text)
    assert (result["files"], result["predicted"], result["errors"], result["resumed"]) == (24, 24, 0, 0)
    assert sum(result["classes"].values()) == 24
    assert "predicting 24/24" in errors
    (photos / "red" / "00.jpg").write_bytes(b"damaged")
    status, text, _ = call(*words)  # what this command wrote is written anew
    assert status == 1
    assert "1 without a prediction" in text


def test_a_folder_without_out_says_how(call: object, finished_run: Run, photos: Path) -> None:
    status, _, answer = call("predict", finished_run.id, photos)
    assert status == 2
    assert "--out predictions.csv" in answer
