"""What a run compares pictures with, to say "unlike what I was trained on": kept when it ends, or made on demand.

`training-embeddings.npz` of a run's folder holds a sample of the training images' embeddings, a few MB at most, and the
distances of validation images to them. The limits are chosen on those (`clfcore.unlike`).
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clfcore.data.dataset import ImageDataset, Split
from clfcore.embeddings.reference import MOST_IMAGES, MOST_VALIDATION, Reference, make_reference, sampled
from clfcore.errors import Failure, InputError
from clfcore.evaluation.calibration import fit_temperature
from clfcore.files import write_whole
from clfcore.heavy_imports import load
from clfcore.hierarchy import decoded
from clfcore.predictions import Predictions
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data
from clfcore.runs.temperature import temperature_of
from clfcore.task import Task
from clfcore.unlike import PUBLISHED, Rule, Unlike, choose_rule, confidence, judge

if TYPE_CHECKING:
    from clfcore.classifier import Classifier

FILE = "training-embeddings.npz"
BATCH = 16
LARGEST = 64 << 20  # bytes of a file that is read

# Some items' embeddings, n x D; of a split, by their places in it.
Embed = Callable[[Split, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Judge:
    """A classifier's rule, and the training embeddings that it measures from; None where it has none."""

    rule: Rule
    reference: Reference | None

    def of(self, classifier: "Classifier", square: np.ndarray) -> Unlike:
        """Whether a picture is unlike: its square, size x size x C, as the network sees it."""
        logits, embeddings = self.look(classifier, square[None])
        return self.of_outputs(classifier.task, decoded(logits, classifier.task, classifier.decoding), embeddings)[0]

    def look(self, classifier: "Classifier", squares: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Logits of N squares, N x columns, and the embeddings that are compared, None where none are."""
        if self.reference is None:
            return classifier.logits(squares), None
        load("torch")
        from clfcore.explain.examples import embedded

        seen = embedded(classifier, squares)
        fits = seen.embeddings.shape[1] == self.reference.train.shape[1]
        return seen.logits, seen.embeddings if fits else None

    def of_outputs(self, task: Task, logits: np.ndarray, embeddings: np.ndarray | None) -> tuple[Unlike, ...]:
        """Whether each of N pictures is unlike. logits: N x columns, decoded; embeddings: N x D, where known."""
        distances: list[float | None] = [None] * len(logits)
        if self.reference is not None and embeddings is not None:
            distances = [float(far) for far in self.reference.distance(embeddings)]
        return tuple(judge(self.rule, task, row, distance=far) for row, far in zip(logits, distances, strict=True))


def judge_for(classifier: "Classifier", progress: Progress | None = None) -> Judge | None:
    """What tells a classifier's strangers, its training embeddings made now where its run keeps none.

    None of a run without validation predictions. Raises InputError where these are damaged.
    """
    if classifier.folder is None:
        return Judge(PUBLISHED, None)
    run, without = Run(classifier.folder), ""
    reference = kept_reference(run)
    if reference is None and "validation" in run.splits:
        try:
            reference = reference_on_demand(run, classifier, progress)
        except InputError as error:
            without = f"its training images cannot be compared with: {error}"
    return judge_of(run, reference, without=without)


def judge_of(run: Run, reference: Reference | None, *, without: str = "") -> Judge | None:
    """A run's judge, its limits chosen on its validation images; None where it has no validation predictions.

    without: why there is no reference. Raises InputError where the predictions are damaged.
    """
    if "validation" not in run.splits:
        return None
    stored = run.predictions("validation")
    if not len(stored):
        return None
    distances = None
    if reference is not None:
        pairs = zip(reference.validation_ids, reference.validation.tolist(), strict=True)
        places = {name: i for i, name in enumerate(stored.ids)}
        known = [(places[name], far) for name, far in pairs if name in places]
        if known:
            stored = _rows(stored, np.array([place for place, _ in known], np.int64))
            distances = np.array([far for _, far in known], np.float32)
        else:
            reference, without = None, "its validation images are others than those of its embeddings"
    temperature = temperature_of(run) or fit_temperature(_rows(stored, np.arange(min(len(stored), 2000)))).value
    sure = confidence(stored.logits, stored.task, temperature=temperature)
    return Judge(choose_rule(sure, distances, temperature=temperature, without=without), reference)


def kept_reference(run: Run) -> Reference | None:
    """What the run keeps; None where it keeps nothing, or the file is damaged: it is then made anew."""
    path = run.path / FILE
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            train, ids, distances = stored["train"], stored["validation_ids"], stored["validation"]
    except Exception:  # numpy and zipfile raise a dozen kinds on damaged files
        return None
    whole = (
        train.dtype == np.float16
        and train.ndim == 2
        and len(train) > 0
        and distances.dtype == np.float32
        and ids.dtype.kind == "U"
        and ids.shape == distances.shape == (len(ids),)
        and np.isfinite(train).all()
        and np.isfinite(distances).all()
    )
    return Reference(train, tuple(ids.tolist()), distances) if whole else None


def reference_on_demand(run: Run, classifier: "Classifier", progress: Progress | None = None) -> Reference:
    """What the run keeps, else made from its data, and kept. Raises InputError where its data is gone or unsuited."""
    kept = kept_reference(run)
    if kept is not None:
        return kept
    dataset = open_run_data(run)

    def squares(indices: np.ndarray) -> np.ndarray:
        side = classifier.preprocess.stored_side
        return np.stack([classifier.square(dataset.image(int(i), least_side=side)) for i in indices])

    made = _made(
        dataset, lambda split, rows: embed_squares(classifier, squares, dataset.splits[split][rows], progress=progress)
    )
    if made is None:
        raise InputError(f"the embeddings of {run.id} cannot be compared: they are too few, too large or no numbers")
    keep(run, made)
    return made


def keep_reference(run: Run, dataset: ImageDataset, embed: Embed) -> None:
    """Make and keep what a finished run compares pictures with. Raises what `embed` does."""
    made = _made(dataset, embed)
    if made is not None:
        keep(run, made)


def keep(run: Run, reference: Reference) -> None:
    """Write it to the run's folder, whole or not at all; a folder that cannot be written keeps nothing."""

    def write(partial: Path) -> None:
        with partial.open("wb") as file:
            np.savez(
                file,
                train=reference.train,
                validation_ids=np.array(reference.validation_ids, np.str_),
                validation=reference.validation,
            )

    with contextlib.suppress(Failure, OSError):
        write_whole(run.path / FILE, write)


def embed_squares(
    classifier: "Classifier",
    squares: Callable[[np.ndarray], np.ndarray],
    indices: np.ndarray,
    *,
    progress: Progress | None = None,
) -> np.ndarray:
    """Embeddings of some items, n x D. squares: indices -> n x size x size x C, as the network sees them."""
    load("torch")
    from clfcore.explain.examples import embedded

    parts = []
    for start in range(0, len(indices), BATCH):
        parts.append(embedded(classifier, squares(indices[start : start + BATCH])).embeddings)
        if progress:
            progress(min(start + BATCH, len(indices)), len(indices))
    return np.concatenate(parts)


def _made(dataset: ImageDataset, embed: Embed) -> Reference | None:
    train, validation = (dataset.splits.get(split, np.empty(0, np.int64)) for split in ("train", "validation"))
    if not len(train) or not len(validation):
        return None
    of_train = sampled(dataset.targets[train], MOST_IMAGES)
    of_validation = sampled(dataset.targets[validation], MOST_VALIDATION)
    ids = tuple(dataset.ids[int(i)] for i in validation[of_validation])
    return make_reference(embed("train", of_train), ids, embed("validation", of_validation))


def _rows(predictions: Predictions, rows: np.ndarray) -> Predictions:
    ids = tuple(predictions.ids[int(i)] for i in rows)
    return Predictions(
        predictions.task,
        predictions.split,
        ids,
        predictions.targets[rows],
        predictions.logits[rows],
        predictions.thresholds,
    )
