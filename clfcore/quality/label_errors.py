"""Label errors: which items' labels out-of-fold heads find unlikely, the least likely first.

Confident learning (Northcutt, Jiang and Chuang 2021) by cleanlab. Every item of every split is judged by a head that
was fitted on others, never by a run that was trained on it. Letters: N items, C columns.
"""

from dataclasses import dataclass

import numpy as np

from clfcore.data.dataset import ImageDataset, Split
from clfcore.errors import InputError
from clfcore.hierarchy import decoded
from clfcore.predictions import probabilities
from clfcore.progress import Progress
from clfcore.quality.out_of_fold import assign_folds, out_of_fold
from clfcore.results import Result
from clfcore.task import Task


@dataclass(frozen=True)
class SuspectLabel(Result):
    """An item whose label is unlikely. given, suggested: labels as text; score: label quality, 0 (wrong) to 1."""

    item: str
    split: Split
    given: str
    suggested: str
    score: float


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """The ranking of all judged items, the most suspect first.

    expected: about how many of the labels are wrong. unjudged: items whose class no other group of items has, so that
    nothing can be said of them. logits: out of fold, N x C of the dataset's order; rows of unjudged items count for
    nothing.
    """

    ranking: tuple[SuspectLabel, ...]
    expected: int
    unjudged: tuple[str, ...]
    logits: np.ndarray


def find_label_errors(
    dataset: ImageDataset,
    embeddings: np.ndarray,
    *,
    clusters: np.ndarray | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> LabelErrors:
    """Rank the labels of a dataset by how much its other items contradict them.

    embeddings: N x D, a row an item. clusters: N integers, equal where items are copies or of one group, so that none
    is judged by its own copy. Raises InputError where there is too little to judge by.
    """
    task, targets = dataset.task, dataset.targets
    together = np.arange(len(dataset)) if clusters is None else clusters
    folds = assign_folds(task, targets, together, seed=seed)
    judged = _judged(task, targets, folds)
    if judged.sum() < 2:
        raise InputError(f"{dataset.name} has no class with images in two groups: its labels cannot be checked")
    logits = np.zeros((len(dataset), task.columns), np.float32)
    logits[judged] = out_of_fold(task, targets[judged], embeddings[judged], folds=folds[judged], progress=progress)
    likely = probabilities(logits, task)
    rows = np.flatnonzero(judged)
    scores = _scores(task, targets[rows], likely[rows])
    suggested = _suggestions(task, logits)
    split_of = {int(i): split for split, chosen in dataset.splits.items() for i in chosen}
    ranking = tuple(
        SuspectLabel(dataset.ids[i], split_of[i], dataset.label(i), suggested[i], float(scores[place]))
        for place in np.argsort(scores, kind="stable")
        if (i := int(rows[place])) in split_of
    )
    unjudged = tuple(dataset.ids[i] for i in np.flatnonzero(~judged))
    return LabelErrors(ranking, _expected(task, targets[rows], likely[rows]), unjudged, logits)


def _judged(task: Task, targets: np.ndarray, folds: np.ndarray) -> np.ndarray:
    """Which items have a class that items of another fold have too, N bool; of several labels every one."""
    if task.kind == "multi-label":
        return np.ones(len(targets), bool)
    columns = targets if targets.ndim == 2 else targets[:, None]
    judged = np.ones(len(targets), bool)
    for column in columns.T:
        folds_with = {name: len(np.unique(folds[column == name])) for name in np.unique(column)}
        judged &= np.array([folds_with[name] > 1 for name in column], bool)
    return judged


def _scores(task: Task, targets: np.ndarray, likely: np.ndarray) -> np.ndarray:
    """Label quality, N from 0 to 1; of a hierarchy that of its worst level."""
    from cleanlab import multilabel_classification
    from cleanlab.rank import get_label_quality_scores

    if task.kind == "multi-label":
        labels = [np.flatnonzero(row).tolist() for row in targets]
        return np.asarray(multilabel_classification.get_label_quality_scores(labels, likely), np.float64)
    columns = targets if targets.ndim == 2 else targets[:, None]
    each = [
        get_label_quality_scores(column, likely[:, part], method="self_confidence")
        for column, part in zip(columns.T, task.slices, strict=True)
    ]
    return np.min(each, axis=0).astype(np.float64)


def _expected(task: Task, targets: np.ndarray, likely: np.ndarray) -> int:
    """About how many labels are wrong; of a hierarchy at its finest level."""
    from cleanlab.count import num_label_issues
    from cleanlab.multilabel_classification.filter import find_label_issues

    if task.kind == "multi-label":
        labels = [np.flatnonzero(row).tolist() for row in targets]
        return int(find_label_issues(labels, likely, n_jobs=1).sum())  # several processes would be forked
    column, part = (targets, task.slices[0]) if targets.ndim == 1 else (targets[:, -1], task.slices[-1])
    present = np.unique(column)  # cleanlab asks for every class to have an item
    return int(num_label_issues(np.searchsorted(present, column), _normalized(likely[:, part][:, present])))


def _normalized(likely: np.ndarray) -> np.ndarray:
    return likely / np.maximum(likely.sum(axis=1, keepdims=True), 1e-12)


def _suggestions(task: Task, logits: np.ndarray) -> list[str]:
    """The likeliest label of each item, written as a dataset writes the truth."""
    if task.kind == "multi-label":
        return ["; ".join(np.array(task.classes)[row > 0]) or "no label" for row in logits]
    paths = decoded(logits, task, "path") if task.paths else logits
    tops = [paths[:, part].argmax(axis=1) for part in task.slices]
    return [
        " / ".join(level.classes[int(top[i])] for level, top in zip(task.levels, tops, strict=True))
        for i in range(len(logits))
    ]
