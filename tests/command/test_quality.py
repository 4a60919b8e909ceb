"""`quality`: the JSON that the contract names, refusals in one line."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.cli.main import main
from clfcore.data.catalogue import open_dataset
from clfcore.data.export import write_manifest


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


def test_groups_keep_duplicates_in_one_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = open_dataset("shapes:count=24,side=96")
    for i in range(len(drawn)):
        folder = tmp_path / drawn.label(i)
        folder.mkdir(exist_ok=True)
        picture = Image.fromarray(drawn.image(i))
        picture.save(folder / f"{i}.png")
        picture.save(folder / f"{i}-again.jpg", quality=95)
    out = tmp_path / "grouped.csv"
    assert main(["quality", str(tmp_path), "--groups", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    clusters = [set(row["items"]) for row in report["checks"]["duplicates"]]
    pairs = [{f"{drawn.label(i)}/{i}.png", f"{drawn.label(i)}/{i}-again.jpg"} for i in range(len(drawn))]
    assert sum(any(pair <= cluster for cluster in clusters) for pair in pairs) >= len(pairs) / 2
    grouped = open_dataset(str(out))
    assert set(grouped.drawn) == {"train", "validation", "test"}
    split_of = {grouped.ids[i]: split for split, rows in grouped.splits.items() for i in rows}
    assert all(len({split_of[item] for item in items}) == 1 for items in clusters)


@pytest.mark.parametrize("spec", ["shapes-multi-label:count=160,side=32", "shapes-hierarchical:count=160,side=32"])
def test_planted_label_errors_of_every_task_lead(spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = open_dataset(spec)
    rows = np.random.default_rng(0).choice(len(dataset), 8, replace=False)
    targets = dataset.targets.copy()
    if dataset.task.kind == "multi-label":
        targets[rows] = 1 - targets[rows]
    else:
        paths = np.array(dataset.task.paths)
        for i in rows:
            targets[i] = paths[(np.flatnonzero((paths == targets[i]).all(axis=1))[0] + len(paths) // 2) % len(paths)]
    write_manifest(replace(dataset, targets=targets), tmp_path / "wrong.csv")
    assert main(["quality", str(tmp_path / "wrong.csv"), "--most", "32", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    planted = {Path(dataset.ids[i]).name for i in rows}
    leading = [Path(row["item"]).stem for row in report["checks"]["labels"]]
    assert sum(Path(name).stem in leading for name in planted) >= 6
    assert report["expected_label_errors"] > 0
