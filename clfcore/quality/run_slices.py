"""Slices of a run: the images of one split, measured, embedded and grouped, with which of them the run gets right."""

from dataclasses import dataclass, replace

import numpy as np

from clfcore.data.dataset import ImageDataset
from clfcore.data.decode import Decoded, decode
from clfcore.embeddings.left_out import class_membership
from clfcore.embeddings.reference import unit
from clfcore.errors import InputError, unknown
from clfcore.evaluation.metrics import decide
from clfcore.predictions import Predictions
from clfcore.progress import Progress
from clfcore.quality.image_checks import header_sizes
from clfcore.quality.picture_pass import measure_pictures
from clfcore.quality.slices import Group, Slice, class_groups, cluster_groups, find_slices, quarter_groups, shape_groups
from clfcore.runs.folder import Run
from clfcore.runs.open_classifier import classifier_of
from clfcore.runs.prediction_sets import at_level
from clfcore.runs.run_data import open_run_data
from clfcore.runs.unlike import embed_squares

SMALL = 40  # items below which a quarter of them is too few to be tested


@dataclass(frozen=True)
class RunSlices:
    """A split's slices, the most significant first. items, right: of the split, without what has gone since."""

    split: str
    items: int
    right: int
    slices: tuple[Slice, ...]


def slices_of_run(
    run: Run, split: str | None = None, *, level: str | None = None, progress: Progress | None = None
) -> RunSlices:
    """Find a run's slices on a split (None: test, else validation); of several labels an image is right where all are.

    level: of a hierarchy one of its levels; None: the finest.
    Raises InputError where the split is not there or too small, or data or weights are gone.
    """
    if not run.splits:
        raise InputError(f"run {run.id} is {run.state} and has no predictions: let it finish, or resume it")
    split = split or ("test" if "test" in run.splits else "validation")
    if split not in run.splits:
        raise unknown("split", split, run.splits)
    predictions = at_level(run.predictions(split), level)
    dataset, decoded = decode(open_run_data(run), run.classifier.preprocess)
    at = {name: i for i, name in enumerate(dataset.ids)}
    rows = np.array([row for row, name in enumerate(predictions.ids) if name in at], np.int64)
    if len(rows) < SMALL:
        raise InputError(f"{len(rows):,} {split} images are too few to look for slices: at least {SMALL} are needed")
    indices = np.array([at[predictions.ids[int(row)]] for row in rows])
    ids = tuple(predictions.ids[int(row)] for row in rows)
    right = right_items(predictions)[rows]
    groups = [
        *class_groups(predictions.classes, class_membership(predictions.task, predictions.targets[rows])),
        *_picture_groups(run, dataset, decoded, indices=indices, progress=progress),
    ]
    return RunSlices(split, len(rows), int(right.sum()), find_slices(ids, right, groups))


def right_items(predictions: Predictions) -> np.ndarray:
    """Which items are right, N bool: of a hierarchy at its finest level, of several labels where every one is."""
    if predictions.task.kind == "multi-label":
        return (decide(predictions) == (predictions.targets > 0)).all(axis=1)
    part = predictions.task.slices[-1]
    targets = predictions.targets if predictions.targets.ndim == 1 else predictions.targets[:, -1]
    return predictions.logits[:, part].argmax(axis=1) == targets


def _picture_groups(
    run: Run, dataset: ImageDataset, decoded: Decoded, *, indices: np.ndarray, progress: Progress | None
) -> list[Group]:
    classifier, preprocess = classifier_of(run), run.classifier.preprocess
    chosen = replace(
        decoded,
        rows=decoded.rows[indices],
        digests=tuple(decoded.digests[int(i)] for i in indices),
        extremes=tuple(decoded.extremes[int(i)] for i in indices) if decoded.extremes else (),
    )
    measures = measure_pictures(chosen, preprocess)

    def squares(places: np.ndarray) -> np.ndarray:
        return preprocess.center(chosen.tones(places, preprocess))

    embeddings = embed_squares(classifier, squares, np.arange(len(indices)), progress=progress)
    sizes = header_sizes(dataset)[indices]
    shorter = sizes.min(axis=1).astype(float)
    named = {
        "size": np.where(shorter > 0, shorter, np.nan),
        "brightness": measures.thumbnails.reshape(len(indices), -1).mean(axis=1) / 255,
        "contrast": measures.brightest - measures.darkest,
        "sharpness": measures.sharpness,
    }
    groups = [*quarter_groups(named), *shape_groups(sizes)]
    return [*groups, *cluster_groups(unit(embeddings))] if np.isfinite(embeddings).all() else groups
