"""Nearest class mean and k nearest neighbors on embeddings: baselines that need no fitting.

scikit-learn's NearestCentroid and KNeighborsClassifier are the oracle of the tests. A run does not call them: importing
sklearn.neighbors costs 1.7 seconds of processor time, more than fitting a head on cached embeddings.
"""

import numpy as np

K = 5
CHUNK = 256  # items a block of distances, so that memory stays small


def nearest_class_mean(train: np.ndarray, targets: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Nearest class mean: the class with the nearest mean (Euclidean), N int64. train: M x D, targets: M, x: N x D."""
    classes = np.unique(targets)
    means = np.stack([train[targets == c].mean(axis=0) for c in classes])  # C x D
    return classes[_distances(x, means).argmin(axis=1)]


def k_nearest(train: np.ndarray, targets: np.ndarray, x: np.ndarray, *, k: int = K) -> np.ndarray:
    """k nearest neighbors: the most frequent class of the k nearest training items (Euclidean).

    Ties go to the lower class. Arguments and result as of `nearest_class_mean`.
    """
    k = min(k, len(train))
    predicted: list[int] = []
    for start in range(0, len(x), CHUNK):
        nearest = np.argpartition(_distances(x[start : start + CHUNK], train), k - 1, axis=1)[:, :k]
        predicted += [int(np.bincount(row).argmax()) for row in targets[nearest]]
    return np.array(predicted, np.int64)


def _distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances, N x M."""
    return (x**2).sum(axis=1)[:, None] - 2 * x @ y.T + (y**2).sum(axis=1)
