"""Predictions for image files, by a run or by an architecture with its published weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clfcore.answers import NoAnswer, answer
from clfcore.data.pixels import read_image
from clfcore.errors import InputError
from clfcore.files import typed_path
from clfcore.results import WHEN_KNOWN, Result
from clfcore.runs.folder import Run
from clfcore.runs.temperature import temperature_of

if TYPE_CHECKING:
    from clfcore.classifier import Classifier


@dataclass(frozen=True)
class LabelProbability(Result):
    """A class and its probability; threshold: of several labels, from which one counts as present."""

    label: str
    probability: float
    threshold: float | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class PathStep(Result):
    """A class on the predicted path of a hierarchy."""

    level: str
    label: str
    probability: float


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
    path: tuple[PathStep, ...] | None = field(default=None, metadata=WHEN_KNOWN)
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
        return _typed(image, answer(classifier, square, k, sure=sure, logits=logits, temperature=temperature))
    except NoAnswer as error:
        return ImagePrediction(image, error=str(error))


def _typed(image: str, found: Mapping[str, Any]) -> ImagePrediction:
    return ImagePrediction(
        image,
        top=_ranked(found["top"]),
        labels=tuple(found["labels"]) if "labels" in found else None,
        levels={level: _ranked(rows) for level, rows in found["levels"].items()} if "levels" in found else None,
        path=tuple(PathStep(**step) for step in found["path"]) if "path" in found else None,
        stopped=found.get("stopped"),
    )


def _ranked(rows: Sequence[Mapping[str, Any]]) -> tuple[LabelProbability, ...]:
    return tuple(LabelProbability(**row) for row in rows)


def _temperature(classifier: "Classifier") -> float:
    value = None if classifier.folder is None else temperature_of(Run(classifier.folder))
    if value is None:
        raise InputError(f"{classifier.name} has no temperature: fit one with `calibrate RUN`, or leave calibrated out")
    return value
