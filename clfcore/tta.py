"""Test-time augmentation: a run's predictions from several fixed views of each picture."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from clfcore.augment.tta_views import combined, evaluation_views
from clfcore.classifier import Classifier
from clfcore.data.decode import decode
from clfcore.errors import InputError, unknown
from clfcore.exclusive import exclusive
from clfcore.predictions import Predictions
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data
from clfcore.training.batches import normalised

Progress = Callable[[int, int], None]


def logits_of_views(classifier: Classifier, stored: np.ndarray, *, kind: str, batch_size: int = 16) -> np.ndarray:
    """N x columns float32: logits whose probabilities are the mean of the views'. stored: N x S x S x C bytes or tones.

    Raises InputError for an unknown kind, and where there is no room for five crops.
    """
    preprocess, device = classifier.preprocess, next(classifier.module.parameters()).device
    parts = []
    for start in range(0, len(stored), batch_size):
        with exclusive(classifier) as module, torch.inference_mode():
            pixels = torch.from_numpy(np.array(stored[start : start + batch_size])).permute(0, 3, 1, 2)
            views = evaluation_views(pixels.to(device), kind=kind, size=preprocess.size)
            said = torch.stack([module(normalised(view, preprocess)).float() for view in views])
            parts.append(combined(said, classifier.task).cpu().numpy())
    return np.concatenate(parts) if parts else np.empty((0, classifier.task.columns), np.float32)


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
        raise InputError(f"{absent} of the run's {split} split is no longer in {run.config.data}: bring it back")
    stored = decoded.tones(np.array([places[name] for name in before.ids], np.int64), classifier.preprocess)
    logits = logits_of_views(classifier, stored, kind=kind)
    return replace(before, logits=logits)
