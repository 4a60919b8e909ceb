"""`quality`: the JSON that the contract names, refusals in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.cli.main import main


def test_it_prints_suspects_and_outliers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", "shapes:count=24,side=16", "--most", "3", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) >= {"name", "checks", "seconds"}
    assert set(report["checks"]["labels"][0]) == {"item", "split", "given", "suggested", "score"}
    assert set(report["checks"]["outliers"][0]) == {"item", "score"}
    assert set(report["checks"]) == {"labels", "duplicates", "outliers", "images"}
    assert len(report["checks"]["labels"]) == 3


def test_copies_across_splits_are_named_as_leaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for name in ("a", "b"):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            for i in range(3):
                Image.fromarray(rng.integers(0, 256, (96, 96, 3), np.uint8)).save(folder / f"{i}.png")
    (tmp_path / "test" / "b" / "copy.png").write_bytes((tmp_path / "train" / "a" / "0.png").read_bytes())
    assert main(["quality", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    worst = report["checks"]["duplicates"][0]
    assert set(worst) == {"items", "kind", "similarity", "splits", "labels"}
    assert (worst["kind"], worst["splits"], worst["labels"]) == ("same file", ["train", "test"], ["a", "b"])
    assert report["leaks"] == 1
    assert all(set(flaw) == {"item", "kind", "value"} for flaw in report["checks"]["images"])
    assert main(["quality", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "1 picture is in several splits: what is tested was trained on" in text
    assert "leak: train/a/0.png (train) = test/b/copy.png (test)" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere"),
        (["digits", "--most", "0"], "most is 0"),
        (["digits", "--architecture", "lenet5"], "lenet5"),
    ],
)
def test_it_refuses_in_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", *arguments]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert not printed.out
    assert len(printed.err.strip().splitlines()) == 1
