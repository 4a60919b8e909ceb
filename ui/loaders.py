"""What pages compute, kept between reruns: each function takes all it needs, and imports what is slow inside."""

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image, ImageOps

from clfcore.answers import answer
from clfcore.data.pixels import read_image
from clfcore.errors import Failure, InputError
from clfcore.explain.saliency_map import overlay_image
from clfcore.runs.worker import worker
from clfcore.spreadsheet import csv_text
from pages.evaluate.calibration import temperature_for
from pages.evaluate.tta import views_chosen
from ui.cache_keys import Files, by_files
from ui.cards import THUMBNAIL, Picture, picture

if TYPE_CHECKING:
    import numpy as np

    from clfcore.classifier import Classifier

SAMPLES = Path(__file__).parent.parent / "assets" / "samples"


@dataclass(frozen=True)
class Photo:
    """A picture that somebody gave: its name and the file's bytes."""

    name: str
    data: bytes


@dataclass(frozen=True)
class PhotoPrediction:
    """What a classifier says of a photo: the exact square it sees, and its likeliest classes, level by level."""

    square: Picture
    side: int
    levels: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]  # name -> (class, probability), the finest last
    thresholds: tuple[tuple[str, float], ...] = ()  # of several labels: from where each counts
    path: tuple[tuple[str, str, float], ...] = ()  # of a hierarchy: level, class, probability of the path so far

    @property
    def top(self) -> tuple[tuple[str, float], ...]:
        """Of the finest level."""
        return self.levels[-1][1]


@dataclass(frozen=True)
class PhotoSaliency:
    """Where a classifier looked: the map over the square, the layer, and whether anything spoke for the class.

    own: the map is the attention head's, part of the answer itself.
    """

    overlay: Picture
    layer: str
    evidence: bool
    own: bool = False


@st.cache_data(show_spinner=False)
def samples() -> dict[str, tuple[Photo, Picture]]:
    """The sample photos by name, each with its thumbnail."""
    found = {}
    for path in sorted(SAMPLES.glob("*.jpg")):
        small = ImageOps.fit(Image.open(path).convert("RGB"), (THUMBNAIL, THUMBNAIL))
        found[path.stem] = (Photo(path.name, path.read_bytes()), picture(np.asarray(small)))
    return found


@by_files
@st.cache_resource(show_spinner=False, max_entries=4)
def classifier(name: str, files: Files) -> "Classifier":
    """An architecture with its ImageNet weights, or a run's classifier as its folder holds it now."""
    from clfcore.runs.open_classifier import open_classifier

    return open_classifier(name)


@by_files
@st.cache_data(show_spinner=False, max_entries=512)
def photo_prediction(
    name: str, files: Files, photo: Photo, *, k: int = 5, temperature: float = 1.0, views: str = "none"
) -> PhotoPrediction:
    """What classifier `name` says of a photo, by the mean over its `views`. Raises InputError where it is damaged."""
    model = classifier(name)
    square = _square(model, photo)
    k = model.task.columns if model.task.kind == "multi-label" else k  # labels do not exclude each other
    logits = None
    if views != "none":
        from clfcore.tta import logits_of_views

        logits = logits_of_views(model, model.preprocess.stored(_pixels(model, photo))[None], kind=views)[0]
    found = answer(model, square, k, temperature=temperature, logits=logits)
    levels = found.get("levels", {"": found["top"]})
    named = tuple((level, tuple((one["label"], one["probability"]) for one in rows)) for level, rows in levels.items())
    thresholds = tuple((one["label"], one["threshold"]) for one in found["top"] if "threshold" in one)
    path = tuple((p["level"], p["label"], p["probability"]) for p in found.get("path", ()))
    return PhotoPrediction(picture(square, side=224, lossless=True), square.shape[0], named, thresholds, path)


def answer_of(name: str, photo: Photo, *, k: int = 5) -> PhotoPrediction:
    """What classifier `name` says of a photo as the person wants it read: calibrated or not, of one view or several."""
    return photo_prediction(name, photo, k=k, temperature=temperature_for(name), views=views_chosen())


@by_files
@st.cache_data(show_spinner=False, max_entries=256)
def photo_saliency(name: str, files: Files, photo: Photo) -> PhotoSaliency:
    """Where classifier `name` looked: its attention head's own map, else Grad-CAM for its first class."""
    from clfcore.explain.dispatch import explain

    model = classifier(name)
    square = _square(model, photo)
    own = model.head == "attention"
    found = explain(model, square, method="attention-head" if own else "gradcam")
    return PhotoSaliency(
        picture(overlay_image(square, found), side=224, lossless=True), found.layer, found.evidence, own
    )


def _square(model: "Classifier", photo: Photo) -> "np.ndarray":
    """Exactly what the network sees of a photo; a refusal names the file."""
    return model.square(_pixels(model, photo))


def _pixels(model: "Classifier", photo: Photo) -> "np.ndarray":
    file = io.BytesIO(photo.data)
    file.name = photo.name
    return read_image(file, least_side=model.preprocess.stored_side)


def predictions_csv(photos: Sequence[Photo], models: Sequence[str]) -> str:
    """A row for each of the five most probable classes (of a hierarchy, of each level), or for every label.

    The columns level and threshold are filled where a classifier has levels or thresholds; error says why a photo has
    no answer, and the other columns are empty then.
    """
    table: list[list[object]] = [["image", "model", "rank", "label", "probability", "level", "threshold", "error"]]
    for photo in photos:
        for model in models:
            try:
                found = answer_of(model, photo)
            except (InputError, Failure) as error:
                table.append([photo.name, model, "", "", "", "", "", str(error)])
                continue
            at = {label: f"{threshold:.6g}" for label, threshold in found.thresholds}
            for level, rows in found.levels:
                table.extend(
                    [photo.name, model, i, label, f"{p:.6f}", level, at.get(label, ""), ""]
                    for i, (label, p) in enumerate(rows, 1)
                )
    return csv_text(table)


@st.cache_resource
def after_first_paint() -> None:
    """Once a server: bring up the worker's first child, when the first page has had time to paint."""

    def warm() -> None:
        worker().warm()

    timer = threading.Timer(2.0, warm)
    timer.daemon = True
    timer.start()
