"""What is wrong with labels, levels, weights and thresholds is said in one line, or beside the result."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.cli.main import main
from clfcore.data.catalogue import open_dataset
from clfcore.runs import folder

SMALL = ("--architecture", "lenet5", "--image-size", "16", "--epochs", "1", "--batch-size", "8")


@pytest.fixture
def manifest(tmp_path: Path) -> Callable[[str, list[str]], Path]:
    """`manifest("label", rows)`: pictures 0.png, 1.png, … with these columns."""

    def write(header: str, rows: list[str]) -> Path:
        generator = np.random.default_rng(0)
        for i in range(len(rows)):
            Image.fromarray(generator.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(tmp_path / f"{i}.png")
        path = tmp_path / "list.csv"
        path.write_text(f"path,{header}\n" + "".join(f"{i}.png,{row}\n" for i, row in enumerate(rows)))
        return path

    return write


def test_a_label_that_no_training_picture_has_is_said(manifest: Callable, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{split},{'a;b' if i % 2 else 'b'}" for split in ("train", "validation", "test") for i in range(8)]
    rows[-1] = "test,a;b;rare"
    assert main(["train", "--data", str(manifest("split,labels", rows)), *SMALL, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert "No training image has the label rare" in result["message"]
    assert "Every training image has the label b" in result["message"]
    answer = folder.open_run(result["run"]).predictions("validation")
    assert result["metrics"]["validation"]["macro_auc"] == pytest.approx(_auc_of_a(answer))  # b and rare are left out


def _auc_of_a(predictions: object) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(predictions.targets[:, 0], predictions.logits[:, 0]))


def test_columns_of_one_kind_alone_are_undefined_not_nan(
    manifest: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{split},a" for split in ("train", "validation", "test") for _ in range(6)]
    assert main(["train", "--data", str(manifest("split,labels", rows)), *SMALL, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["metrics"]["test"]["macro_auc"] is None


def test_rows_without_a_level_are_left_out_and_named(manifest: Callable) -> None:
    rows = ["animal,cat", "animal,dog", "animal,", ",oak", "plant,oak", "plant,fern"]
    dataset = open_dataset(str(manifest("kind,name", rows)))
    assert dataset.ids == ("0.png", "1.png", "4.png", "5.png")
    assert [problem.item for problem in dataset.problems if problem.kind == "no-class"] == ["2.png", "3.png"]


def test_weights_of_the_wrong_length_leave_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--data", "shapes:count=60", "--architecture", "lenet5", "--class-weights", "1,2"]) == 2
    error = capsys.readouterr().err
    assert error.splitlines() == [error.strip()]
    assert "has 2 values: there are 6 classes" in error
    assert not folder.run_folders()


def test_a_stored_threshold_outside_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--data", "shapes-multi-label:count=60,side=16", *SMALL, "--thresholds", "f1", "--json"]
    assert main(words) == 0
    run = folder.open_run(json.loads(capsys.readouterr().out)["run"])
    kept = json.loads((run.path / "thresholds.json").read_text())
    kept["values"]["circle"] = 1.5
    (run.path / "thresholds.json").write_text(json.dumps(kept))
    assert main(["evaluate", run.id]) == 2
    assert "the threshold of circle is 1.5: it must be from 0 to 1" in capsys.readouterr().err
    (run.path / "thresholds.json").write_text("{")
    assert main(["evaluate", run.id]) == 2
    assert "is damaged" in capsys.readouterr().err
