"""Predictions for pictures without labels: a run's logits, and the likeliest label in words."""

import numpy as np

from clfcore.data.dataset import ImageDataset
from clfcore.data.decode import decode
from clfcore.hierarchy import decoded
from clfcore.predictions import probabilities
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.task import Task

BATCH = 16


def run_logits(run: Run, pictures: ImageDataset, rows: np.ndarray, *, progress: Progress | None = None) -> np.ndarray:
    """A run's logits of some pictures, P x C float32. Raises InputError where its weights are gone."""
    from clfcore.runs.open_classifier import classifier_of

    classifier = classifier_of(run)
    readable, stored = decode(pictures, classifier.preprocess)
    at = {name: i for i, name in enumerate(readable.ids)}
    places = np.array([at[pictures.ids[i]] for i in rows], np.int64)
    parts = []
    for start in range(0, len(places), BATCH):
        chosen = places[start : start + BATCH]
        squares = stored.tones(chosen, classifier.preprocess)
        parts.append(classifier.logits(classifier.preprocess.center(squares)))
        if progress is not None:
            progress(start + len(chosen), len(places))
    return np.concatenate(parts)


def suggestions(task: Task, logits: np.ndarray) -> list[tuple[str, float]]:
    """The likeliest label of each picture as data writes it, and its probability; of labels the least sure one's."""
    likely = probabilities(logits, task)
    if task.kind == "multi-label":
        names = np.array(task.classes)
        sure = np.maximum(likely, 1 - likely).min(axis=1)
        return [
            ("; ".join(names[row > 0]) or "no label", round(float(p), 4)) for row, p in zip(logits, sure, strict=True)
        ]
    paths = decoded(logits, task, "path") if task.paths else logits
    tops = [paths[:, part].argmax(axis=1) for part in task.slices]
    last = task.slices[-1]
    return [
        (
            " / ".join(level.classes[int(top[i])] for level, top in zip(task.levels, tops, strict=True)),
            round(float(likely[i, last.start + int(tops[-1][i])]), 4),
        )
        for i in range(len(logits))
    ]
