"""`explain` on the command line: a map as a PNG, the table of `--check`, one line for what was wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore.explain.dispatch import explain
from clfcore.explain.saliency_map import overlay_image
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from tests.support.command_line import refused

MEASURES = {"pointing_game", "energy_in_mask", "deletion_auc", "insertion_auc", "changes_with_random_weights"}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(3).integers(0, 255, (30, 44, 3), np.uint8)).save(path)
    return path


def test_a_map_is_written_and_told_of(call: object, finished_run: Run, image: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    classifier = classifier_of(finished_run)
    words = ["--out", out, "--target", classifier.classes[2], "--json"]
    status, text, err = call("explain", finished_run.id, image, *words)
    assert status == 0, err
    told = json.loads(text)
    assert {name: told[name] for name in ("model", "method", "target", "out")} == {
        "model": finished_run.id,
        "method": "gradcam",
        "target": classifier.classes[2],
        "out": str(out),
    }
    square = classifier.square(np.asarray(Image.open(image)))
    expected = explain(classifier, square, method="gradcam", target=2)
    assert (told["layer"], told["evidence"]) == (expected.layer, expected.evidence)
    np.testing.assert_array_equal(np.asarray(Image.open(out)), overlay_image(square, expected))


def test_two_classes_a_number_and_a_layer(call: object, finished_run: Run, image: Path, tmp_path: Path) -> None:
    a, b = classifier_of(finished_run).classes[:2]
    out = tmp_path / "map.png"
    both = call("explain", finished_run.id, image, "--out", out, "--target", 0, "--against", b, "--json")
    assert json.loads(both[1])["target"] == f"{a}, not {b}"
    plain = call("explain", finished_run.id, image, "--out", out, "--method", "saliency")
    assert plain[0] == 0
    assert "saliency" in plain[1]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--method", "gradcan"], ["gradcan", "did you mean gradcam"]),
        (["--layer", "nowhere"], ["nowhere", "choose one of"]),
        (["--method", "saliency", "--layer", "nowhere"], ["leave the layer out"]),
        (["--target", "zebra"], ["zebra", "must be one of the classes"]),
        (["--target", "99"], ["99", "from 0 to"]),
        (["--target", "0", "--against", "0"], ["two different classes"]),
        (["--against", "0"], ["--target"]),
        (["--level", "family", "--target", "0"], ["family"]),
        (["--opacity", "2"], ["opacity is 2"]),
        (["--colours", "jet"], ["jet", "magma"]),
        (["--method", "attention-rollout"], ["attention"]),
    ],
)
def test_what_was_wrong_is_one_line(
    call: object, finished_run: Run, image: Path, tmp_path: Path, words: list[str], parts: list[str]
) -> None:
    out = tmp_path / "map.png"
    refused(call("explain", finished_run.id, image, "--out", out, *words), *parts)
    assert not out.exists()


def test_a_huge_image_is_refused_before_it_is_decoded(
    call: object, finished_run: Run, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clfcore.data import image_file

    monkeypatch.setattr(image_file, "MEGAPIXELS", 0.001)
    refused(call("explain", finished_run.id, image, "--out", tmp_path / "map.png"), "noise.png", "megapixels")


def test_files_that_are_missing_or_no_picture(call: object, finished_run: Run, image: Path, tmp_path: Path) -> None:
    out, name = tmp_path / "map.png", finished_run.id
    refused(call("explain", name, tmp_path / "none.png", "--out", out), "is no file")
    refused(call("explain", name, "--out", out), "IMAGE is missing")
    refused(call("explain", name, image), "out is missing")
    refused(call("explain", name, image, "--out", tmp_path / "map.txt"), "must end in .png")
    refused(call("explain", name, image, "--out", tmp_path / "no" / "map.png"), "does not exist")
    refused(call("explain", "no-such-model", image, "--out", out), "no run and no architecture")
    image.write_bytes(b"not a picture")
    refused(call("explain", name, image, "--out", out), "noise.png")


def test_check_measures_every_quick_method_and_two_baselines(call: object, finished_run: Run) -> None:
    status, text, err = call("explain", finished_run.id, "--check", "--items", 4, "--json")
    assert status == 0, err
    told = json.loads(text)
    assert (told["model"], told["items"]) == (finished_run.id, 4)
    assert {row["method"] for row in told["methods"]} >= {"gradcam", "layercam", "saliency"}
    assert all(set(row) >= {"method", *MEASURES} for row in told["methods"])
    assert all(0 <= row["pointing_game"] <= 1 for row in told["methods"])  # shapes have masks
    assert {row["method"] for row in told["baselines"]} == {"random", "centre"}
    assert "attention-rollout" in told["left_out"]


def test_check_as_text_and_its_refusals(call: object, finished_run: Run) -> None:
    status, text, _ = call("explain", finished_run.id, "--check", "--items", 2, "--data", "shapes:count=60,side=20")
    assert status == 0
    lines = text.splitlines()
    assert lines[0].split()[:2] == ["method", "pointing"]
    assert any(line.startswith("gradcam ") for line in lines)
    refused(call("explain", finished_run.id, "--check", "--items", 0), "items is 0")
    refused(call("explain", finished_run.id, "--check", "--data", "digitz"), "did you mean digits")


def test_the_nearest_training_images_of_each_class(call: object, finished_run: Run, image: Path) -> None:
    status, message, err = call("explain", finished_run.id, image, "--examples", 2, "--json")
    assert status == 0, err
    told = json.loads(message)
    assert {row["label"] for row in told["examples"]} == set(classifier_of(finished_run).classes)
    best = [row["nearest"][0]["similarity"] for row in told["examples"]]
    assert best == sorted(best, reverse=True)
    text = call("explain", finished_run.id, image, "--examples", 1)[1].splitlines()
    assert text[0].split() == ["class", "nearest", "training", "images", "cosine", "similarity"]
    assert len(text) == 7
    refused(call("explain", finished_run.id, image, "--examples", 0), "from 1 to 20")
    refused(call("explain", finished_run.id, "--examples", 1), "IMAGE is missing")
