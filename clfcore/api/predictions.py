"""Predictions for image files, by a run or by an architecture with its published weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
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
from clfcore.data.aspect import SeenPart, seen_part
from clfcore.data.pixels import read_image
from clfcore.errors import InputError
from clfcore.files import typed_path
from clfcore.hierarchy import Place
from clfcore.logs import log
from clfcore.progress import Progress
from clfcore.results import WHEN_KNOWN, Result
from clfcore.runs.folder import Run
from clfcore.runs.temperature import temperature_of
from clfcore.runs.unlike import Judge, judge_for
from clfcore.task import TaskKind
from clfcore.unlike import Unlike

if TYPE_CHECKING:
    from clfcore.classifier import Classifier


@dataclass(frozen=True)
class ImagePrediction(Result):
    """The prediction for one image, or why there is none.

    labels: of several labels, those that reach their threshold. levels: of a hierarchy, the likeliest of each; path:
    the likeliest real one, stopped where it became less sure than was asked for. unlike: whether it is unlike what the
    model was trained on, or none of its classes is likely; None where that cannot be told. seen: of a picture far from
    square, the part that the network sees.
    """

    image: str
    error: str | None = field(default=None, metadata=WHEN_KNOWN)
    top: tuple[LabelProbability, ...] | None = field(default=None, metadata=WHEN_KNOWN)
    labels: tuple[str, ...] | None = field(default=None, metadata=WHEN_KNOWN)
    levels: Mapping[str, tuple[LabelProbability, ...]] | None = field(default=None, metadata=WHEN_KNOWN)
    path: tuple[Place, ...] | None = field(default=None, metadata=WHEN_KNOWN)
    stopped: bool | None = field(default=None, metadata=WHEN_KNOWN)
    unlike: Unlike | None = field(default=None, metadata=WHEN_KNOWN)
    seen: SeenPart | None = field(default=None, metadata=WHEN_KNOWN)


@dataclass(frozen=True)
class PredictionList(Result):
    """The model and its prediction for each image, in the order they were named."""

    model: str
    predictions: tuple[ImagePrediction, ...]

    @property
    def complete(self) -> bool:
        """Whether every image has a prediction."""
        return all(one.error is None for one in self.predictions)


@dataclass(frozen=True)
class ClassList(Result):
    """The classes that a model knows: all of them counted, those with the searched text in their name listed.

    levels: of a hierarchy, those of each level, the coarsest first; `classes` are of the finest.
    """

    model: str
    task: TaskKind
    known: int
    classes: tuple[str, ...]
    search: str | None = field(default=None, metadata=WHEN_KNOWN)
    nearest: str | None = field(default=None, metadata=WHEN_KNOWN)
    levels: Mapping[str, tuple[str, ...]] | None = field(default=None, metadata=WHEN_KNOWN)


def list_classes(name: str, *, search: str | None = None, runs: Path | None = None) -> ClassList:
    """The classes of a run, or of an architecture's ImageNet weights: all, or those that have `search` in their name.

    nearest: where none has, the name that is spelled most like it. Raises InputError where the model is not known.
    """
    from clfcore.runs.open_classifier import task_of  # brings torch along

    task = task_of(name, runs)
    levels = {level.name: _having(level.classes, search) for level in task.levels}
    found = levels[task.levels[-1].name]
    near = None
    if search and not any(levels.values()):
        near = next(iter(get_close_matches(search.lower(), {c.lower(): c for c in task.classes}, n=1)), None)
    return ClassList(
        name,
        task.kind,
        len(task.classes),
        found,
        search,
        near,
        levels if task.kind == "hierarchical" else None,
    )


def _having(classes: tuple[str, ...], search: str | None) -> tuple[str, ...]:
    return tuple(label for label in classes if search is None or search.lower() in label.lower())


def predict(
    name: str,
    images: Sequence[str],
    *,
    k: int = 5,
    views: str | None = None,
    sure: float = 0.0,
    calibrated: bool = False,
    runs: Path | None = None,
    progress: Progress | None = None,
) -> PredictionList:
    """Top-k predictions for image files. A missing or damaged file is reported in its own entry, and the rest goes on.

    views: `flip` or `five-crops` averages over views of each image. calibrated: with the temperature that `calibrate`
    stored with the run. progress: of embedding training images, once, where the run is older than that is kept. Raises
    InputError where none of the images is a file.
    """
    if k < 1:
        raise InputError(f"top is {k}: it must be at least 1")
    faults = [_fault(image) for image in images]
    if faults and all(faults):
        raise InputError(faults[0])
    from clfcore.runs.open_classifier import open_classifier  # brings torch along

    classifier = open_classifier(name, runs)
    temperature = _temperature(classifier) if calibrated else 1.0
    strangers = _judge(classifier, progress)
    predictions = (
        ImagePrediction(image, error=fault)
        if fault
        else _predict(classifier, image, k=k, views=views, sure=sure, temperature=temperature, strangers=strangers)
        for image, fault in zip(images, faults, strict=True)
    )
    return PredictionList(classifier.name, tuple(predictions))


def _judge(classifier: "Classifier", progress: Progress | None) -> Judge | None:
    """What tells strangers; None where the run's predictions are damaged, which shall not keep it from answering."""
    try:
        return judge_for(classifier, progress)
    except InputError as error:
        log.info("strangers cannot be told: %s", error)
        return None


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
    classifier: "Classifier",
    image: str,
    *,
    k: int,
    views: str | None,
    sure: float,
    temperature: float,
    strangers: Judge | None,
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
        prediction = answer(classifier, square, k, sure=sure, logits=logits, temperature=temperature)
    except NoAnswer as error:
        return ImagePrediction(image, error=str(error))
    seen = seen_part(classifier.preprocess, pixels.shape[1], pixels.shape[0])
    return replace(
        _of_image(image, prediction),
        unlike=None if strangers is None else strangers.of(classifier, square),
        seen=seen if seen.far_from_square else None,
    )


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
