"""What pages compute, kept between reruns: each function takes all it needs, and imports what is slow inside."""

import io
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, Generic, ParamSpec, TypeVar

import numpy as np
import streamlit as st

from clfcore.answers import HierarchicalPrediction, answer
from clfcore.data.aspect import SeenPart, seen_part
from clfcore.data.bit_depth import shown
from clfcore.data.pixels import read_image
from clfcore.data.value_ranges import shown_range
from clfcore.errors import InputError
from clfcore.evaluation.classification_report import per_class
from clfcore.evaluation.intervals import Intervals, headline
from clfcore.evaluation.metrics import evaluate_finest
from clfcore.explain.saliency_map import overlay_image
from clfcore.files import runs_folder
from clfcore.photos import Photo
from clfcore.runs.folder import Run, open_run
from clfcore.runs.run_data import open_run_data
from ui.cards import Picture, item_picture, picture

if TYPE_CHECKING:
    from clfcore.classifier import Classifier, Outputs
    from clfcore.data.bit_depth import ValueRange
    from clfcore.data.dataset import ImageDataset
    from clfcore.evaluation.classification_report import ClassRow
    from clfcore.evaluation.metrics import MultiLabel, SingleLabel
    from clfcore.predictions import Predictions

NAMES = ("best.safetensors", "classifier.json", "thresholds.json", "temperature.json", "sets.json")

P = ParamSpec("P")
R = TypeVar("R")

Files = tuple[tuple[str, int, int, int], ...]


def files_of(name: str) -> Files:
    """The identity of what a run's classifier is opened from: file, number, size, time; nothing for an architecture."""
    folder, files = runs_folder() / name, []
    for file in NAMES:
        try:
            state = (folder / file).stat()
        except (OSError, ValueError):
            continue
        files.append((file, state.st_ino, state.st_size, state.st_mtime_ns))
    return tuple(files)


class by_files(Generic[P, R]):
    """Decorator over a cache whose first arguments are a classifier's name and its files: callers pass the name alone.

    A name may be a run's id, the path of its folder, or an architecture.
    """

    def __init__(self, cached: Callable[Concatenate[str, Files, P], R]) -> None:
        self._cached = cached
        self.__doc__ = cached.__doc__

    def __call__(self, name: str, *given: P.args, **named: P.kwargs) -> R:
        return self._cached(name, files_of(name), *given, **named)


@dataclass(frozen=True)
class PhotoPrediction:
    """What a classifier says of a photo: the exact square it sees, and its likeliest classes, level by level."""

    square: Picture
    side: int
    levels: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]  # name -> (class, probability), the finest last
    thresholds: tuple[tuple[str, float], ...] = ()  # of several labels: from where each counts
    path: tuple[tuple[str, str, float], ...] = ()  # of a hierarchy: level, class, probability of the path so far
    whole: Picture | None = None  # the photo itself
    seen: SeenPart | None = None  # what of it is the square

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
    layer: str | None
    evidence: bool
    own: bool = False


@by_files
@st.cache_resource(show_spinner=False, max_entries=4)
def classifier(name: str, files: Files) -> "Classifier":
    """An architecture with its ImageNet weights, or a run's classifier as its folder holds it now."""
    from clfcore.runs.open_classifier import open_classifier

    return open_classifier(name)


@dataclass(frozen=True, eq=False)
class PhotoOutputs:
    """A photo in one forward pass of a classifier: its square, what the pass gave, the photo whole, the part seen.

    Whatever is said of the photo is read from here, so that the network is asked once.
    """

    square: np.ndarray
    outputs: "Outputs"
    whole: Picture
    part: SeenPart


@by_files
@st.cache_resource(show_spinner=False, max_entries=64)
def photo_outputs(name: str, files: Files, photo: Photo) -> PhotoOutputs:
    """What one forward pass of classifier `name` gives for a photo. Raises InputError where it is damaged."""
    model = classifier(name)
    pixels = _pixels(model, photo)
    square = model.square(pixels)
    return PhotoOutputs(
        square,
        model.outputs(square[None], embeddings=True),
        picture(shown(pixels, model.preprocess.value_range), side=460),
        seen_part(model.preprocess, pixels.shape[1], pixels.shape[0]),
    )


@by_files
@st.cache_data(show_spinner=False, max_entries=512)
def photo_prediction(
    name: str, files: Files, photo: Photo, *, k: int = 5, temperature: float = 1.0, views: str = "none"
) -> PhotoPrediction:
    """What classifier `name` says of a photo, by the mean over its `views`. Raises InputError where it is damaged."""
    model, seen = classifier(name), photo_outputs(name, photo)
    square, logits = seen.square, seen.outputs.logits[0]
    k = model.task.columns if model.task.kind == "multi-label" else k  # labels do not exclude each other
    if views != "none":
        from clfcore.tta import logits_of_views

        logits = logits_of_views(model, model.preprocess.stored(_pixels(model, photo))[None], kind=views)[0]
    prediction = answer(model, square, k, temperature=temperature, logits=logits)
    levels = prediction.levels if isinstance(prediction, HierarchicalPrediction) else {"": prediction.top}
    named = tuple((level, tuple((row.label, row.probability) for row in rows)) for level, rows in levels.items())
    thresholds = tuple((row.label, row.threshold) for row in prediction.top if row.threshold is not None)
    places = prediction.path if isinstance(prediction, HierarchicalPrediction) else None
    path = tuple((place.level, place.label, place.probability) for place in places or ())
    shown_square = picture(square, side=224, lossless=True)
    return PhotoPrediction(shown_square, square.shape[0], named, thresholds, path, seen.whole, seen.part)


@by_files
@st.cache_data(show_spinner=False, max_entries=256)
def photo_saliency(name: str, files: Files, photo: Photo) -> PhotoSaliency:
    """Where classifier `name` looked: its attention head's own map, else Grad-CAM for its first class."""
    from clfcore.explain.dispatch import explain

    model, square = classifier(name), photo_outputs(name, photo).square
    own = model.head == "attention"
    saliency = explain(model, square, method="attention-head" if own else "gradcam")
    return PhotoSaliency(
        picture(overlay_image(square, saliency), side=224, lossless=True), saliency.layer, saliency.evidence, own
    )


@by_files
@st.cache_data(show_spinner="Computing Grad-CAM", max_entries=256)
def gradcam_of_item(path: str, files: Files, item: str, *, level: str, target: int) -> tuple[Picture, bool]:
    """A run's Grad-CAM over one item for a class of a level, and whether there is evidence for it."""
    from clfcore.explain.dispatch import explain

    model, data = classifier(path), run_dataset(open_run(path))
    if item not in data.ids:
        raise InputError(f"{item} is no longer in the data: it cannot be shown")
    index = data.ids.index(item)
    if data.pixels is not None:
        image = np.broadcast_to(data.pixels[index], (*data.pixels.shape[1:3], 3))
    else:
        image = data.image(index, least_side=model.preprocess.stored_side)
    square = model.square(np.ascontiguousarray(image))
    levels = [of.name for of in model.task.levels]
    begins = model.task.slices[levels.index(level)].start
    saliency = explain(model, square, method="gradcam", target=begins + target)
    return picture(overlay_image(square, saliency), side=224, lossless=True), saliency.evidence


def photo_square(model: "Classifier", photo: Photo) -> "np.ndarray":
    """Exactly what the network sees of a photo; a refusal names the file."""
    return model.square(_pixels(model, photo))


def _pixels(model: "Classifier", photo: Photo) -> "np.ndarray":
    file = io.BytesIO(photo.data)
    file.name = photo.name
    return read_image(file, least_side=model.preprocess.stored_side)


SplitFile = tuple[int, int, int] | None  # which split.json it was: a run replaced under its name is another one


def run_dataset(run: Run) -> "ImageDataset":
    """The data of a run, opened once for all sessions. Raises InputError where it is gone."""
    return _run_data(str(run.path), _split_file(run))[0]


def run_thumbnail(run: Run, item: str) -> Picture:
    """The picture of one of a run's items; one that can no longer be read is an empty square."""
    return _run_thumbnail(str(run.path), _split_file(run), item)


def forget_run_data() -> None:
    """Forget what was read of the data of runs, after files were changed."""
    _run_data.clear()
    _run_thumbnail.clear()
    _run_value_range.clear()


def _split_file(run: Run) -> SplitFile:
    try:
        state = (run.path / "split.json").stat()
    except OSError:
        return None
    return state.st_ino, state.st_size, state.st_mtime_ns


@st.cache_data(show_spinner=False, max_entries=4096)
def _run_thumbnail(path: str, kept: SplitFile, item: str) -> Picture:
    dataset, at = _run_data(path, kept)
    return item_picture(dataset, at.get(item), lambda: _run_value_range(path, kept))


@st.cache_resource(show_spinner=False, max_entries=6)
def _run_data(path: str, kept: SplitFile) -> tuple["ImageDataset", dict[str, int]]:
    dataset = open_run_data(Run(Path(path)))
    return dataset, {name: i for i, name in enumerate(dataset.ids)}


@st.cache_resource(show_spinner=False, max_entries=6)
def _run_value_range(path: str, kept: SplitFile) -> "ValueRange | None":
    return shown_range(_run_data(path, kept)[0])


MOST_LOGITS = 700 << 20  # bytes of logits that stay in memory, for all sessions: 50,000 x 1,000 take 200 MB

PredictionsKey = tuple[str, str, str, float]

_predictions: "OrderedDict[tuple[str, str, float], Predictions]" = OrderedDict()
_lock = threading.Lock()


def stored(run: Run, split: str) -> "Predictions":
    """A split's predictions; those that were not asked for longest make room. Raises InputError where damaged."""
    key = (str(run.path), split, run.predicted_at(split))
    with _lock:
        if key not in _predictions:
            _predictions[key] = open_run(str(run.path)).predictions(split)
        _predictions.move_to_end(key)
        while len(_predictions) > 1 and sum(found.logits.nbytes for found in _predictions.values()) > MOST_LOGITS:
            _predictions.popitem(last=False)
        return _predictions[key]


def key_of(run: Run, predictions: "Predictions") -> PredictionsKey:
    """What results are kept under: the run's folder, the finest level, the split, the time of its files."""
    return str(run.path), predictions.task.levels[-1].name, predictions.split, run.predicted_at(predictions.split)


@st.cache_data(show_spinner=False, max_entries=64)
def scores(key: PredictionsKey, _predictions: "Predictions", *, ranked: bool = True) -> "SingleLabel | MultiLabel":
    """The headline metrics. ranked: False leaves out the area under the ROC, which takes longest."""
    return evaluate_finest(_predictions, ranked=ranked)


@st.cache_data(show_spinner="Drawing resamples for the intervals", max_entries=64)
def intervals(key: PredictionsKey, _predictions: "Predictions") -> Intervals:
    """95% intervals by metric; None where there is none."""
    return headline(_predictions)


@st.cache_data(show_spinner=False, max_entries=16)
def class_rows(key: PredictionsKey, _predictions: "Predictions") -> "tuple[ClassRow, ...]":
    """Precision, recall, F1 and areas of each class or label."""
    return per_class(_predictions)
