"""Predict says before the classes what is unlike the training images, and shows what of a long picture is seen."""

import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clfcore import api
from clfcore.config import make
from clfcore.data.aspect import seen_part
from clfcore.data.pixels import Preprocess
from clfcore.embeddings.reference import Reference
from clfcore.photos import Photo
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.runs.unlike import FILE, keep, kept_reference
from pages.predict.strangers import whole_html
from tests.support.pages import OpenPage
from ui.loaders import photo_prediction
from ui.photos import unlike
from ui.photos.unlike import judge_job, unlike_html


def html_of(app: object) -> str:
    return " ".join(str(element.proto.body) for element in app.get("html"))  # type: ignore[attr-defined]


def test_what_is_unlike_stands_before_the_classes(open_page: OpenPage, finished_run: Run) -> None:
    kept = kept_reference(finished_run)
    assert kept is not None
    keep(finished_run, Reference(kept.train, kept.validation_ids, np.zeros_like(kept.validation)))
    (finished_run.path / "unknown.json").unlink()
    judge_job(finished_run.id).thread.join()
    app = open_page("predict", sample="cat", model=finished_run.id)
    assert not app.exception
    shown = html_of(app)
    assert 0 < shown.index("Unlike the training images") < shown.index("clf-top")
    assert "has not been measured" in shown
    assert any("knows 10 classes and nothing else" in caption.value for caption in app.caption)


def test_a_run_from_before_is_compared_once_its_images_are_embedded(open_page: OpenPage, finished_run: Run) -> None:
    (finished_run.path / FILE).unlink()
    (finished_run.path / "unknown.json").unlink()
    app = open_page("predict", sample="cat", model=finished_run.id)
    assert not app.exception
    judge_job(finished_run.id).thread.join()
    assert kept_reference(finished_run) is not None
    assert "has not been measured" in " ".join(caption.value for caption in app.run().caption)


def test_the_answer_stands_while_the_training_images_are_embedded(
    open_page: OpenPage, finished_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def slow(classifier: object, progress: Progress) -> None:
        progress(30, 120)
        ended.wait(60)

    monkeypatch.setattr(unlike, "judge_for", slow)
    app = open_page("predict", sample="cat", model=finished_run.id)
    try:
        assert "clf-top" in html_of(app)
        [line] = app.get("progress")
        assert line.proto.text.startswith("Embedding the run's training images, once")
        assert "30 of 120" in line.proto.text
    finally:
        ended.set()
    judge_job(finished_run.id).thread.join()
    assert not app.run().get("progress")


def jpeg(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize("size", [(600, 60), (60, 600)])
def test_a_panorama_is_shown_whole_with_its_square(size: tuple[int, int], finished_run: Run, tmp_path: Path) -> None:
    photo = Photo("<long>.jpg", jpeg(*size))
    html = whole_html(photo, photo_prediction(finished_run.id, photo))
    assert "The network sees the middle square alone, 10% of this picture." in html
    assert ("left: 45.00%" if size[0] > size[1] else "top: 45.00%") in html
    assert "<long>" not in html
    (tmp_path / "long.jpg").write_bytes(photo.data)
    seen = api.predict(finished_run.id, [str(tmp_path / "long.jpg")]).as_json()["predictions"][0]["seen"]
    assert (seen["fit"], round(seen["share"], 3)) == ("crop", 0.1)
    square = Photo("square.jpg", jpeg(60, 60))
    assert whole_html(square, photo_prediction(finished_run.id, square)) == ""
    assert unlike_html(None) == ""


def test_what_is_seen_of_a_picture_by_each_fit() -> None:
    crop = seen_part(Preprocess(224, crop_fraction=0.875), 6000, 600)
    assert (crop.width, crop.height) == pytest.approx((0.0875, 0.875))
    assert (crop.left, crop.top) == pytest.approx((0.45625, 0.0625))
    assert "all of this picture, small" in seen_part(Preprocess(224, fit="pad"), 6000, 600).sentence
    assert "squeezed" in seen_part(Preprocess(224, fit="squash"), 60, 600).sentence
    assert seen_part(Preprocess(224), 640, 480).sentence == ""


def test_the_offer_of_pad_is_one_that_training_takes() -> None:
    assert make({"data": "digits", "architecture": "lenet5", "fit": "pad"}).fit == "pad"
