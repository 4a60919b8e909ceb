"""Predictor: picture files to predictions in batches, whatever computes the logits: a run's network or an export."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from clfcore.answers import NoAnswer, answer
from clfcore.data.aspect import SeenPart, seen_part
from clfcore.data.pixels import Preprocess, read_image
from clfcore.errors import InputError
from clfcore.evaluation.conformal import SetRule
from clfcore.hierarchy import Decoding, decoded
from clfcore.inference.image_prediction import ImagePrediction, of_image
from clfcore.logs import log
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.runs.prediction_sets import kept_set_rule, run_set_rule
from clfcore.runs.temperature import temperature_of
from clfcore.runs.unlike import Judge, judge_for
from clfcore.task import Task

if TYPE_CHECKING:
    from clfcore.classifier import Classifier


@dataclass(frozen=True, eq=False)
class Outputs:
    """What a model computes for N pictures: logits, N x columns; for `unlike` the logits of the single view, and the
    embeddings, None where they are not compared."""

    logits: np.ndarray
    single: np.ndarray
    embeddings: np.ndarray | None = None

    def rows(self, start: int, stop: int) -> "Outputs":
        """Those of some of the pictures."""
        embeddings = None if self.embeddings is None else self.embeddings[start:stop]
        return Outputs(self.logits[start:stop], self.single[start:stop], embeddings)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture as the model takes it: its name, S x S x C, and the part of a far from square one that is seen."""

    name: str
    square: np.ndarray
    seen: SeenPart | None


@dataclass(frozen=True, eq=False)
class Predictor:
    """A model that is asked about pictures. Usable from several threads.

    compute: N squares, as `fit` makes them of pixels. temperature: what logits are divided by. judge: what tells
    pictures that are unlike the training images; None where that cannot be told. sets: which classes are in the
    prediction set; None where no coverage was asked for, and the run keeps none.
    """

    name: str
    preprocess: Preprocess
    task: Task
    decoding: Decoding
    thresholds: tuple[float, ...] | None
    temperature: float
    fit: Callable[[np.ndarray], np.ndarray]
    compute: Callable[[Sequence[np.ndarray]], Outputs]
    judge: Judge | None = None
    sets: SetRule | None = None

    def logits(self, squares: np.ndarray) -> np.ndarray:
        """N x S x S x C -> N x columns."""
        return self.compute(list(squares)).logits

    def prepare(self, data: bytes, name: str) -> Prepared:
        """A picture file's bytes as the model takes them. Raises InputError, by `name`."""
        file = io.BytesIO(data)
        file.name = name
        pixels = read_image(file, least_side=self.preprocess.stored_side)
        seen = seen_part(self.preprocess, pixels.shape[1], pixels.shape[0])
        return Prepared(name, self.fit(pixels), seen if seen.far_from_square else None)

    def predict(self, pictures: Sequence[Prepared], k: int, *, sure: float = 0.0) -> tuple[ImagePrediction, ...]:
        """The prediction for each picture, by one call of the model; one that answers NaN has an error."""
        if not pictures:
            return ()
        return self.read(pictures, self.compute([picture.square for picture in pictures]), k, sure=sure)

    def read(
        self, pictures: Sequence[Prepared], outputs: Outputs, k: int, *, sure: float = 0.0
    ) -> tuple[ImagePrediction, ...]:
        """The predictions that the model's outputs for these pictures stand for."""
        unlike = None
        if self.judge is not None and np.isfinite(outputs.single).all():
            unlike = self.judge.of_outputs(self.task, outputs.single, outputs.embeddings)
        predictions = []
        for i, picture in enumerate(pictures):
            try:
                prediction = answer(
                    self, picture.square, k, sure=sure, logits=outputs.logits[i], temperature=self.temperature
                )
            except NoAnswer as error:
                predictions.append(ImagePrediction(picture.name, error=str(error)))
                continue
            judged = None if unlike is None else unlike[i]
            known = replace(of_image(picture.name, prediction), unlike=judged, seen=picture.seen)
            predictions.append(replace(known, set=self._set(outputs.single[i])))
        return tuple(predictions)

    def _set(self, logits: np.ndarray) -> tuple[str, ...] | None:
        """The prediction set of one picture, by the logits of its single view (columns), the likeliest class first."""
        if self.sets is None:
            return None
        read = decoded(logits[None], self.task, self.decoding)
        return self.sets.classes(read, self.task)


def predictor_of(
    classifier: "Classifier",
    *,
    views: str | None = None,
    calibrated: bool = False,
    coverage: float | None = None,
    progress: Progress | None = None,
) -> Predictor:
    """A run or a pretrained architecture as a Predictor.

    views: `flip` or `five-crops` averages over views of each picture. calibrated: with the temperature that `calibrate`
    stored. coverage: with prediction sets that include the truth as often; None: as often as the run keeps, if it keeps
    a coverage. progress: of embedding training images, once, where the run is older than that is kept. Raises
    InputError where it was never calibrated, or has too few validation images for the coverage.
    """
    sets = _sets(classifier, coverage)
    judge = _judge(classifier, progress)
    return Predictor(
        classifier.name,
        classifier.preprocess,
        classifier.task,
        classifier.decoding,
        classifier.thresholds,
        _temperature(classifier) if calibrated else 1.0,
        classifier.square if views is None else classifier.preprocess.stored,
        partial(_single_view, classifier, judge) if views is None else partial(_views, classifier, judge, kind=views),
        judge,
        sets,
    )


def _sets(classifier: "Classifier", coverage: float | None) -> SetRule | None:
    if coverage is None:
        return None if classifier.folder is None else kept_set_rule(Run(classifier.folder))
    if classifier.folder is None:
        raise InputError(
            f"{classifier.name} is an architecture without validation images, which prediction sets are chosen on: "
            "choose a run, or leave coverage out"
        )
    return run_set_rule(Run(classifier.folder), coverage)


def _single_view(classifier: "Classifier", judge: Judge | None, squares: Sequence[np.ndarray]) -> Outputs:
    stacked = np.stack(squares)
    if judge is None:
        logits = classifier.logits(stacked, batch_size=len(stacked))
        return Outputs(logits, logits)
    logits, embeddings = judge.look(classifier, stacked)
    return Outputs(logits, logits, embeddings)


def _views(classifier: "Classifier", judge: Judge | None, stored: Sequence[np.ndarray], *, kind: str) -> Outputs:
    """The mean over views; pictures of several kinds (gray and in color, deep and not) are computed one by one."""
    from clfcore.tta import logits_of_views  # brings torch along

    alike = len({(square.shape, square.dtype) for square in stored}) == 1
    groups = [np.stack(stored)] if alike else [square[None] for square in stored]
    logits = np.concatenate([logits_of_views(classifier, group, kind=kind) for group in groups])
    single = _single_view(classifier, judge, [classifier.preprocess.square_of(square) for square in stored])
    return Outputs(logits, single.logits, single.embeddings)


def _judge(classifier: "Classifier", progress: Progress | None) -> Judge | None:
    """What tells strangers; None where the run's predictions are damaged, which shall not keep it from answering."""
    try:
        return judge_for(classifier, progress)
    except InputError as error:
        log.info("strangers cannot be told: %s", error)
        return None


def _temperature(classifier: "Classifier") -> float:
    value = None if classifier.folder is None else temperature_of(Run(classifier.folder))
    if value is None:
        raise InputError(f"{classifier.name} has no temperature: fit one with `calibrate RUN`, or leave calibrated out")
    return value
