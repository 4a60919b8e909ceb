"""What pages keep of a classifier is of the files that its run holds now, and one photo has one answer everywhere."""

import io
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from clfcore.config import make
from clfcore.files import runs_folder
from clfcore.photos import Photo
from clfcore.runs.create import create_run
from clfcore.runs.execute import execute
from clfcore.runs.folder import Run
from pages.explain.map_loaders import MapRequest, OverlayStyle, overlaid_map, task_of
from ui.loaders import classifier, files_of, photo_prediction, photo_saliency


def photo() -> Photo:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)).save(out, "png")
    return Photo("noise.png", out.getvalue())


def executed(data: str, seed: int) -> Run:
    recipe = {"epochs": 1, "batch_size": 16, "image_size": 20, "seed": seed}
    run = create_run(make({"data": data, "architecture": "lenet5", "strategy": "scratch", "recipe": recipe}))
    execute(run)
    return run


def test_thresholds_that_are_kept_reach_the_answer_at_once() -> None:
    run = executed("shapes-multi-label:count=80,side=20", 0)
    labels = run.classifier.task.levels[0].classes
    before = photo_prediction(run.id, photo())
    assert {value for _, value in before.thresholds} == {0.5}
    run.write("thresholds.json", {"values": dict.fromkeys(labels, 0.25)})
    assert {value for _, value in photo_prediction(run.id, photo()).thresholds} == {0.25}
    (run.path / "thresholds.json").unlink()
    assert photo_prediction(run.id, photo()) == before


@pytest.mark.parametrize("same_time", [False, True])
def test_a_run_that_is_replaced_under_its_name_answers_with_its_new_weights(same_time: bool) -> None:
    data = "shapes:count=80,side=20"
    run, other, view = executed(data, 0), executed(data, 1), photo()
    asked = lambda: overlaid_map(MapRequest(run.id, view, "saliency"), OverlayStyle()).picture  # noqa: E731
    before = photo_prediction(run.id, view), photo_saliency(run.id, view).overlay, asked(), classifier(run.id)
    wanted = photo_prediction(other.id, view).levels
    for name in ("best.safetensors", "classifier.json"):
        state = (run.path / name).stat()
        shutil.copyfile(other.path / name, run.path / f"{name}.new")
        (run.path / f"{name}.new").replace(run.path / name)
        if same_time:
            os.utime(run.path / name, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert photo_prediction(run.id, view).levels == wanted != before[0].levels
    assert asked() != before[2]
    assert classifier(run.id) is not before[3]


def test_what_did_not_change_is_opened_once() -> None:
    run = executed("shapes:count=80,side=20", 0)
    assert classifier(run.id) is classifier(run.id)
    assert files_of(run.id) == files_of(str(runs_folder() / run.id))
    assert files_of("efficientnet_lite0") == ()
    assert files_of("x" * 300) == ()
    assert files_of("a\0b") == ()
    assert task_of(run.id).kind == "single-label"
