"""Nearest class mean and k nearest neighbors on embeddings: baselines that need no fitting.

Both read the embeddings block by block, so that these may be more than memory holds. scikit-learn's NearestCentroid
and KNeighborsClassifier are the oracle of the tests. A run does not call them: importing sklearn.neighbors costs 1.7
seconds of processor time, more than fitting a head on cached embeddings.
"""

import numpy as np

from clfcore.training.embedding_rows import Rows

K = 5
CHUNK = 256  # items a block of distances, so that memory stays small


def nearest_class_mean(train: Rows, targets: np.ndarray, x: Rows) -> np.ndarray:
    """Nearest class mean: the class with the nearest mean (Euclidean), N int64. train: M x D, targets: M, x: N x D."""
    classes, of_class = np.unique(targets, return_inverse=True)
    sums = np.zeros((len(classes), train.width))
    first = 0
    for block in train.blocks():
        values, numbers = block.numpy(), of_class[first : first + len(block)]
        for number in np.unique(numbers).tolist():
            sums[number] += values[numbers == number].sum(axis=0, dtype=np.float64)
        first += len(block)
    means = (sums / np.bincount(of_class)[:, None]).astype(np.float32)  # C x D
    return np.concatenate([classes[_distances(block.numpy(), means).argmin(axis=1)] for block in x.blocks()])


def k_nearest(train: Rows, targets: np.ndarray, x: Rows, *, k: int = K) -> np.ndarray:
    """k nearest neighbors: the most frequent class of the k nearest training items (Euclidean).

    Ties go to the lower class. Arguments and result as of `nearest_class_mean`.
    """
    k = min(k, len(train))
    predicted: list[int] = []
    for block in x.blocks():
        nearest = _nearest(train, block.numpy(), k)
        predicted += [int(np.bincount(row).argmax()) for row in targets[nearest]]
    return np.array(predicted, np.int64)


def _nearest(train: Rows, x: np.ndarray, k: int) -> np.ndarray:
    """The places of the k nearest training items of each, N x k: the nearest of each block and of those before it."""
    places, distances = np.zeros((len(x), 0), np.int64), np.zeros((len(x), 0), np.float32)
    first = 0
    for block in train.blocks():
        values, here = block.numpy(), min(k, len(block))
        merged_places, merged_distances = [], []
        for start in range(0, len(x), CHUNK):
            rows = slice(start, start + CHUNK)
            far = _distances(x[rows], values)
            chosen = np.argpartition(far, here - 1, axis=1)[:, :here]
            all_places = np.concatenate([places[rows], chosen + first], axis=1)
            all_distances = np.concatenate([distances[rows], np.take_along_axis(far, chosen, axis=1)], axis=1)
            if all_places.shape[1] > k:
                best = np.argpartition(all_distances, k - 1, axis=1)[:, :k]
                all_places = np.take_along_axis(all_places, best, axis=1)
                all_distances = np.take_along_axis(all_distances, best, axis=1)
            merged_places.append(all_places)
            merged_distances.append(all_distances)
        places, distances = np.concatenate(merged_places), np.concatenate(merged_distances)
        first += len(block)
    return places


def _distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances, N x M."""
    return (x**2).sum(axis=1)[:, None] - 2 * x @ y.T + (y**2).sum(axis=1)
