"""Predictions for image files, by a run or by an architecture with its published weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from clfcore.answers import (
    HierarchicalPrediction,
    LabelProbability,
    MultiLabelPrediction,
    NoAnswer,
    Prediction,
    answer,
)
from clfcore.data.pixels import read_image
from clfcore.errors import InputError
from clfcore.files import typed_path
from clfcore.hierarchy import Place
from clfcore.results import WHEN_KNOWN, Result
from clfcore.runs.folder import Run
from clfcore.runs.temperature import temperature_of

if TYPE_CHECKING:
    from clfcore.classifier import Classifier


@dataclass(frozen=True)
class ImagePrediction(Result):
    """The prediction for one image, or why there is none.

    labels: of several labels, those that reach their threshold. levels: of a hierarchy, the likeliest of each; path:
    the likeliest real one, stopped where it became less sure than was asked for.
    """

    image: str
    error: str | None = field(default=None, metadata=WHEN_KNOWN)
    top: tuple[LabelProbability, ...] | None = field(default=None, metadata=WHEN_KNOWN)
    labels: tuple[str, ...] | None = field(default=None, metadata=WHEN_KNOWN)
    levels: Mapping[str, tuple[LabelProbability, ...]] | None = field(default=None, metadata=WHEN_KNOWN)
    path: tuple[Place, ...] | None = field(default=None, metadata=WHEN_KNOWN)
    stopped: bool | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class PredictionList(Result):
    """The model and its prediction for each image, in the order they were named."""

    model: str
    predictions: tuple[ImagePrediction, ...]

    @property
    def complete(self) -> bool:
        """Whether every image has a prediction."""
        return all(one.error is None for one in self.predictions)


def predict(
    name: str,
    images: Sequence[str],
    *,
    k: int = 5,
    views: str | None = None,
    sure: float = 0.0,
    calibrated: bool = False,
    runs: Path | None = None,
) -> PredictionList:
    """Top-k predictions for image files. A missing or damaged file is reported in its own entry, and the rest goes on.

    views: `flip` or `five-crops` averages over views of each image. calibrated: with the temperature that `calibrate`
    stored with the run. Raises InputError where none of the images is a file.
    """
    if k < 1:
        raise InputError(f"top is {k}: it must be at least 1")
    faults = [_fault(image) for image in images]
    if faults and all(faults):
        raise InputError(faults[0])
    from clfcore.runs.open_classifier import open_classifier  # brings torch along

    classifier = open_classifier(name, runs)
    temperature = _temperature(classifier) if calibrated else 1.0
    predictions = (
        ImagePrediction(image, error=fault)
        if fault
        else _predict(classifier, image, k=k, views=views, sure=sure, temperature=temperature)
        for image, fault in zip(images, faults, strict=True)
    )
    return PredictionList(classifier.name, tuple(predictions))


def _fault(image: str) -> str:
    """Why a path is no file; empty where it is one."""
    try:
        path = typed_path(image, "image")
    except InputError as error:
        return str(error)
    if path.is_file():
        return ""
    return f"{image} is {'a folder' if path.is_dir() else 'no file'}: name an image file"


def _predict(
    classifier: "Classifier", image: str, *, k: int, views: str | None, sure: float, temperature: float
) -> ImagePrediction:
    try:
        pixels = read_image(typed_path(image, "image"), least_side=classifier.preprocess.stored_side)
    except InputError as error:
        return ImagePrediction(image, error=str(error))
    logits = None
    if views is not None:
        from clfcore.tta import logits_of_views  # brings torch along

        logits = logits_of_views(classifier, classifier.preprocess.stored(pixels)[None], kind=views)[0]
    square = classifier.square(pixels)
    try:
        return _of_image(image, answer(classifier, square, k, sure=sure, logits=logits, temperature=temperature))
    except NoAnswer as error:
        return ImagePrediction(image, error=str(error))


def _of_image(image: str, prediction: Prediction) -> ImagePrediction:
    match prediction:
        case MultiLabelPrediction(top, labels):
            return ImagePrediction(image, top=top, labels=labels)
        case HierarchicalPrediction(top, levels, path):
            return ImagePrediction(image, top=top, levels=levels, path=path, stopped=prediction.stopped)
        case _:
            return ImagePrediction(image, top=prediction.top)


def _temperature(classifier: "Classifier") -> float:
    value = None if classifier.folder is None else temperature_of(Run(classifier.folder))
    if value is None:
        raise InputError(f"{classifier.name} has no temperature: fit one with `calibrate RUN`, or leave calibrated out")
    return value
