"""One item of a run's data up close, as the dialog of a picture shows it, from the command line and from Python."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.api import inspect_item
from clfcore.cli.main import main
from clfcore.errors import InputError
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data
from tests.support.stored_runs import run_of


def told(capsys: pytest.CaptureFixture[str], *words: object) -> dict:
    assert main([*map(str, words), "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_an_item_has_its_place_truth_probabilities_neighbors_and_map(
    finished_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predictions = finished_run.predictions("test")
    item, out = predictions.ids[2], tmp_path / "map.png"
    found = told(capsys, "inspect", finished_run.id, item, "--out", out, "--nearest", 3, "--top", 4)
    assert (found["split"], found["place"], found["of"]) == ("test", 3, len(predictions))
    assert found["truth"] == predictions.classes[predictions.targets[2]]
    p = np.asarray(predictions.row(2))
    assert [row["label"] for row in found["classes"][:4]] == [predictions.classes[i] for i in np.argsort(-p)[:4]]
    assert found["classes"][0]["probability"] == pytest.approx(p.max())
    assert found["stored"] is True
    training = set(found["neighbors"][0])
    assert training == {"id", "label", "similarity"}
    assert len(found["neighbors"]) == 3
    assert found["target"] == found["classes"][0]["label"]
    with Image.open(out) as picture:
        assert picture.format == "PNG"
    assert main(["inspect", finished_run.id, item, "--nearest", "0"]) == 0
    text = capsys.readouterr().out
    assert f"test, 3 of {len(predictions)}; truth: {found['truth']}" in text


def test_a_training_item_is_predicted_now_and_is_not_its_own_neighbor(finished_run: Run) -> None:
    dataset = open_run_data(finished_run)
    item = dataset.ids[int(dataset.splits["train"][4])]
    found = inspect_item(finished_run.id, item, neighbors=2)
    assert (found.split, found.place, found.stored) == ("train", 5, False)
    assert len(found.neighbors) == 2
    assert item not in {near.id for near in found.neighbors}


@pytest.mark.parametrize("task", ["multi-label", "hierarchical"])
def test_labels_and_levels(task: str) -> None:
    run = run_of(task)
    predictions = run.predictions("test")
    found = inspect_item(run.id, predictions.ids[0], neighbors=0)
    assert {one.label for one in found.classes} <= set(run.task.classes)
    assert any(one.predicted for one in found.classes) or task == "multi-label"
    if task == "hierarchical":
        coarse = inspect_item(run.id, predictions.ids[0], neighbors=0, level=run.task.levels[0].name)
        assert {one.label for one in coarse.classes} <= set(run.task.levels[0].classes)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["cat.jpg"], "cat.jpg is not in shapes"),
        (["ITEM", "--top", "0"], "top is 0: it must be from 1 to 100"),
        (["ITEM", "--nearest", "101"], "neighbors is 101: it must be from 0 to 100"),
        (["ITEM", "--target", "x"], "without out"),
        (["ITEM", "--level", "genus"], "level is 'genus'"),
    ],
)
def test_refusals(finished_run: Run, words: list[str], refusal: str, capsys: pytest.CaptureFixture[str]) -> None:
    item = finished_run.predictions("test").ids[0]
    assert main(["inspect", finished_run.id, *[item if word == "ITEM" else word for word in words]]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert refusal in err


def test_nothing_is_written_over(finished_run: Run, tmp_path: Path) -> None:
    taken = tmp_path / "mine.png"
    taken.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"mine\.png"):
        inspect_item(finished_run.id, finished_run.predictions("test").ids[0], neighbors=0, out=taken)
    assert taken.read_bytes() == b"mine"
