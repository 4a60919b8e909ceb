"""Queue of a run's errors: pictures that it is surest to be labeled otherwise, each with what it says instead."""

from collections.abc import Sequence

import numpy as np

from clfcore.data.dataset import ImageDataset
from clfcore.data.versions.decisions import path_of
from clfcore.data.versions.queue import Queue, QueueItem, make_queue
from clfcore.errors import InputError
from clfcore.evaluation import errors
from clfcore.evaluation.multilabel import mistaken_labels
from clfcore.predictions import Predictions
from clfcore.task import Task

MOST = 500


def error_queue(predictions: Predictions, dataset: ImageDataset, *, most: int = MOST) -> Queue:
    """The most confident errors of a run on one split, surest first; of a hierarchy those of its finest level."""
    if predictions.task.kind == "multi-label":
        return make_queue("errors of a run", _mistaken(predictions, most), dataset)
    return cell_queue(predictions, [case.index for case in errors.most_confident(predictions, most)], dataset)


def cell_queue(predictions: Predictions, indices: Sequence[int] | np.ndarray, dataset: ImageDataset) -> Queue:
    """Items of predictions by their places, such as those of a cell of the confusion matrix, in this order."""
    items = [
        QueueItem(
            case.id,
            f"labeled {case.truth}, predicted {case.predicted} with {case.p_predicted:.1%}",
            () if case.right else _named(dataset.task, case.predicted),
        )
        for case in errors.cases(predictions, np.asarray(indices, np.int64))
    ]
    return make_queue("errors of a run", items, dataset)


def _mistaken(predictions: Predictions, most: int) -> list[QueueItem]:
    """Items with a label that is predicted otherwise; suggested: all labels as the run decides them."""
    reasons: dict[str, list[str]] = {}
    labels: dict[str, set[str]] = {}
    for case in mistaken_labels(predictions, most):
        what = f"{case.label} predicted with {case.probability:.1%}, but not given"
        if case.truth:
            what = f"{case.label} given, but predicted with {case.probability:.1%} alone"
        reasons.setdefault(case.id, []).append(what)
        labels.setdefault(case.id, set(case.labels)).symmetric_difference_update({case.label})
    order = predictions.classes
    return [
        QueueItem(item, "; ".join(words), tuple(name for name in order if name in labels[item]))
        for item, words in reasons.items()
    ]


def _named(task: Task, finest: str) -> tuple[str, ...]:
    if finest not in task.classes:  # a class of a coarser level
        return ()
    if task.kind != "hierarchical":
        return (finest,)
    try:
        return path_of(task, finest)
    except InputError:  # several paths end with it
        return ()
