"""Predictions for image files, by a run or by an architecture with its published weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from clfcore.data.regular_file import read_bytes
from clfcore.errors import InputError
from clfcore.files import typed_path
from clfcore.inference.image_prediction import ImagePrediction, PredictionList
from clfcore.inference.predictor import Predictor, predictor_of
from clfcore.progress import Progress
from clfcore.results import WHEN_KNOWN, Result
from clfcore.task import TaskKind


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
    finest = levels[task.levels[-1].name]
    near = None
    if search and not any(levels.values()):
        near = next(iter(get_close_matches(search.lower(), {c.lower(): c for c in task.classes}, n=1)), None)
    return ClassList(
        name,
        task.kind,
        len(task.classes),
        finest,
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
    coverage: float | None = None,
    runs: Path | None = None,
    progress: Progress | None = None,
) -> PredictionList:
    """Top-k predictions for image files. A missing or damaged file is reported in its own entry, and the rest goes on.

    views: `flip` or `five-crops` averages over views of each image. calibrated: with the temperature that `calibrate`
    stored with the run. coverage: with the set of classes that includes the truth as often, by validation; None: as
    often as the run keeps (`sets`), if it keeps a coverage. progress: of embedding training images, once, where the run
    is older than that is kept. Raises InputError where none of the images is a file.
    """
    if k < 1:
        raise InputError(f"top is {k}: it must be at least 1")
    faults = [_fault(image) for image in images]
    if faults and all(faults):
        raise InputError(faults[0])
    from clfcore.runs.open_classifier import open_classifier  # brings torch along

    predictor = predictor_of(
        open_classifier(name, runs), views=views, calibrated=calibrated, coverage=coverage, progress=progress
    )
    predictions = (
        ImagePrediction(image, error=fault) if fault else _predict(predictor, image, k=k, sure=sure)
        for image, fault in zip(images, faults, strict=True)
    )
    return PredictionList(predictor.name, tuple(predictions))


def _fault(image: str) -> str:
    """Why a path is no file; empty where it is one."""
    try:
        path = typed_path(image, "image")
    except InputError as error:
        return str(error)
    if path.is_file():
        return ""
    if path.is_dir():
        return f"{image} is a folder: name an image file, or give --out predictions.csv to predict all of its pictures"
    return f"{image} is no file: name an image file"


def _predict(predictor: Predictor, image: str, *, k: int, sure: float) -> ImagePrediction:
    path = typed_path(image, "image")
    try:
        picture = predictor.prepare(read_bytes(path), str(path))
    except InputError as error:
        return ImagePrediction(image, error=str(error))
    return replace(predictor.predict([picture], k, sure=sure)[0], image=image)
