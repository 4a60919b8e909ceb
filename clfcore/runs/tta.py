"""Test-time augmentation of a run: its predictions on one of its splits from several fixed views of each image."""

from dataclasses import replace

import numpy as np

from clfcore.classifier import Classifier
from clfcore.data.decode import decode
from clfcore.data.library.specs import without_paths
from clfcore.errors import InputError, unknown
from clfcore.predictions import Predictions
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data
from clfcore.tta import logits_of_views


def predict_split(
    run: Run, classifier: Classifier, split: str, *, kind: str, progress: Progress | None = None
) -> Predictions:
    """The run's answers on one of its splits from views of each picture. Raises InputError where the data has gone."""
    if split not in run.splits:
        raise unknown("split", split, run.splits)
    before = run.predictions(split)
    dataset = open_run_data(run)
    dataset, decoded = decode(dataset, classifier.preprocess, progress=progress)
    places = {name: i for i, name in enumerate(dataset.ids)}
    absent = next((name for name in before.ids if name not in places), None)
    if absent is not None:
        raise InputError(
            f"{absent} of the run's {split} split is no longer in {without_paths(run.config.data)}: bring it back"
        )
    stored = decoded.tones(np.array([places[name] for name in before.ids], np.int64), classifier.preprocess)
    logits = logits_of_views(classifier, stored, kind=kind)
    return replace(before, logits=logits)
