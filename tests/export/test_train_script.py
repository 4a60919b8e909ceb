"""train.py of an exported folder: the history of the run to the last digit, in a process that has no lab."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clfcore.config import RunConfig
from clfcore.export import onnx_model, script, train_script
from clfcore.export.exportable import Exportable
from clfcore.export.own_source import CannotTakeOver, own_source
from clfcore.parse_config import parse_config
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from tests.conftest import copied, trained_at

WITHOUT_THE_LAB = (
    "import runpy, sys; sys.modules['clfcore'] = None; sys.argv[:] = sys.argv[1:]; "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)


def digits(**recipe: object) -> RunConfig:
    values = {"data": "digits", "architecture": "lenet5", "strategy": "scratch"}
    return parse_config({**values, "recipe": {"epochs": 2, **recipe}})


def written(run: Run, folder: Path) -> str:
    """Why train.py is left out, or nothing: then it stands in the folder."""
    folder.mkdir(exist_ok=True)
    return train_script.write(Exportable(classifier_of(run)), folder)


def trained_again(folder: Path, *words: str, elsewhere: Path) -> list[dict]:
    """The history that train.py writes, isolated and in another folder."""
    line = [sys.executable, "-I", "-c", WITHOUT_THE_LAB, str(folder / "train.py"), *words]
    done = subprocess.run(line, capture_output=True, text=True, cwd=elsewhere, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(row) for row in (elsewhere / "trained" / "history.jsonl").read_text().splitlines()]


def same_history(rows: list[dict], run: Run) -> None:
    """To the bit: JSON's numbers come back as they were written."""
    stored = [json.loads(line) for line in (run.path / "history.jsonl").read_text().splitlines()]
    assert len(rows) == len(stored)
    for mine, theirs in zip(rows, stored, strict=True):
        assert {"train_loss", "train_accuracy", "validation_loss", "validation_accuracy"} < set(mine)
        assert mine == {name: theirs[name] for name in mine}


def same_answers(run: Run, elsewhere: Path) -> None:
    answers = json.loads((elsewhere / "trained" / "predictions.json").read_text())
    for split in ("validation", "test"):
        stored = run.predictions(split)
        labels = [stored.classes[i] for i in stored.logits.argmax(axis=1)]
        assert answers[split] == dict(zip(stored.ids, labels, strict=True))


def test_lenet5_on_digits_repeats_its_history_and_answers(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With the defaults: shifts, rotations, warm-up."""
    run = trained_at(tmp_path_factory.mktemp("digits"), digits())
    folder = tmp_path / "taken"
    assert written(run, folder) == ""
    assert {path.name for path in folder.iterdir()} == {"train.py", "splits.json", "requirements-train.txt"}
    needs = {line.partition("==")[0] for line in (folder / "requirements-train.txt").read_text().splitlines()}
    assert needs == {"torch", "numpy", "pillow", "scikit-learn"}
    assert "clfcore" not in (folder / "train.py").read_text(encoding="utf-8")
    same_history(trained_again(folder, elsewhere=tmp_path), run)
    same_answers(run, tmp_path)


@pytest.mark.slow
def test_options_of_the_loop_repeat_too(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Averaged weights, label smoothing, one cycle, class weights, gray pictures for a network of colors."""
    recipe = {"schedule": "one-cycle", "ema": 0.9, "label_smoothing": 0.1, "class_weights": "inverse-frequency"}
    small = {"depths": "1,1", "width": 4, "stem": "small", "skip": False}
    config = digits(**recipe, augmentation="none", batch_size=256, image_size=16, gradient_clip=0, early_stopping=1)
    config = config.changed(architecture="resnet", options=small)
    run = trained_at(tmp_path_factory.mktemp("options"), config)
    assert written(run, tmp_path / "taken") == ""
    same_history(trained_again(tmp_path / "taken", elsewhere=tmp_path), run)


@pytest.mark.slow
def test_photos_are_read_from_their_folder(photos: Path, tmp_path: Path) -> None:
    """Cropped, mirrored, recolored and turned JPEGs, padded to the square; timm's network; a plateau."""
    recipe = {"epochs": 2, "image_size": 32, "batch_size": 8, "augmentation": "basic", "schedule": "plateau"}
    values = {"data": str(photos), "architecture": "timm/test_resnet", "strategy": "scratch", "fit": "pad"}
    run = trained_at(tmp_path / "home", parse_config({**values, "recipe": recipe}))
    assert written(run, tmp_path / "taken") == ""
    splits = json.loads((tmp_path / "taken" / "splits.json").read_text())
    assert all((photos / item).is_file() for split in ("train", "validation") for item in splits[split]["items"])
    assert str(tmp_path) not in (tmp_path / "taken" / "train.py").read_text(encoding="utf-8")
    same_history(trained_again(tmp_path / "taken", str(photos), elsewhere=tmp_path), run)


def test_what_it_cannot_say_is_left_out_in_one_line(
    trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """predict.py stands all the same. The pictures of `trained` are drawn by the lab, and no files."""
    monkeypatch.setattr(onnx_model, "write", lambda source, path: path.write_bytes(b"x"))
    script.write(Exportable(classifier_of(trained)), tmp_path / "taken")
    assert (tmp_path / "taken" / "predict.py").is_file()
    assert not (tmp_path / "taken" / "train.py").exists()
    (line,) = [row for row in (tmp_path / "taken" / "README.md").read_text().splitlines() if "train.py" in row]
    assert line.startswith("train.py is left out: the pictures of shapes:")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mixup": 0.2}, "recipe.mixup is 0.2, for which train.py has no lines"),
        ({"optimizer": "muon"}, "recipe.optimizer is muon"),
        ({"precision": "bfloat16"}, "recipe.precision is bfloat16"),
        ({"augmentation": "randaugment"}, "its augmentation has randaugment"),
    ],
)
def test_recipes_without_lines_are_named(changes: dict, reason: str, finished_run: Run, tmp_path: Path) -> None:
    path = finished_run.path / "config.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**values, "recipe": {**values["recipe"], **changes}}), encoding="utf-8")
    assert written(finished_run, tmp_path / "taken").startswith(reason)
    assert list((tmp_path / "taken").iterdir()) == []


def test_published_weights_have_no_training_to_repeat(trained: Run, tmp_path: Path) -> None:
    source = Exportable(replace(classifier_of(trained), folder=None))
    assert train_script.write(source, tmp_path) == "these are published weights, which no run trained"
    transferred = {"strategy": "fine-tuning", "weights": "default"}
    run = copied(trained)
    path = run.path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **transferred}), encoding="utf-8")
    assert "begins with trained weights (fine-tuning)" in written(run, tmp_path)


def test_source_is_taken_over_with_what_it_calls() -> None:
    from clfcore.augment import random_table

    source = own_source([random_table.crops])
    names: dict[str, object] = {}
    exec("from __future__ import annotations\n" + "\n".join((*source.imports, *source.definitions)), names)
    u = np.random.default_rng(0).random((4, 22))
    from clfcore.augment.policy import step

    cropped = step("resized-crop")
    assert np.array_equal(names["crops"](cropped, u, side=40), random_table.crops(cropped, u, side=40))  # type: ignore[operator]
    with pytest.raises(CannotTakeOver, match="is not of clfcore"):
        own_source([np.zeros])
