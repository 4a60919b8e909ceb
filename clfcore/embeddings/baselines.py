"""Nearest class mean and k nearest neighbours on embeddings: baselines that need no fitting.

scikit-learn's NearestCentroid and KNeighborsClassifier are the oracle of the tests. A run does not call them: importing
sklearn.neighbors takes longer than fitting a head on embeddings that are there.
"""

import numpy as np

K = 5
CHUNK = 256  # items a block of distances, so that memory stays small


def nearest_class_mean(train: np.ndarray, targets: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The class whose mean embedding is nearest (Euclidean), N int64. train: M x D, targets: M, x: N x D."""
    classes = np.unique(targets)
    means = np.stack([train[targets == c].mean(axis=0) for c in classes])  # C x D
    return classes[_distances(x, means).argmin(axis=1)]


def k_nearest(train: np.ndarray, targets: np.ndarray, x: np.ndarray, *, k: int = K) -> np.ndarray:
    """The most frequent class among the k nearest training items (Euclidean); ties go to the lower class."""
    k = min(k, len(train))
    answers = []
    for start in range(0, len(x), CHUNK):
        nearest = np.argpartition(_distances(x[start : start + CHUNK], train), k - 1, axis=1)[:, :k]
        answers += [np.bincount(row).argmax() for row in targets[nearest]]
    return np.array(answers, np.int64)


def _distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances, N x M."""
    return (x**2).sum(axis=1)[:, None] - 2 * x @ y.T + (y**2).sum(axis=1)
