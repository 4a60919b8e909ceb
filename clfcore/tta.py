"""Test-time augmentation: logits from several fixed views of each image."""

import numpy as np
import torch

from clfcore.augment.tta_views import combined, evaluation_views
from clfcore.classifier import Classifier
from clfcore.exclusive import exclusive
from clfcore.training.batches import normalized


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
            of_views = torch.stack([module(normalized(view, preprocess)).float() for view in views])
            parts.append(combined(of_views, classifier.task).cpu().numpy())
    return np.concatenate(parts) if parts else np.empty((0, classifier.task.columns), np.float32)
