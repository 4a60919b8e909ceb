"""Outliers: items far from all others in the embedding space (Sun and others 2022), the farthest first.

Letters: N items, D numbers of an embedding.
"""

from dataclasses import dataclass

import numpy as np

from clfcore.embeddings.reference import NEIGHBOR, unit
from clfcore.results import Result

CHUNK = 1024  # rows of a block of similarities


@dataclass(frozen=True)
class Outlier(Result):
    """An item far from all others. score: cosine distance to its fifth nearest, 0 to 2."""

    item: str
    score: float


def find_outliers(ids: tuple[str, ...], embeddings: np.ndarray, clusters: np.ndarray) -> tuple[Outlier, ...]:
    """Every item with its distance to the fifth nearest item of another cluster (or the farthest of fewer).

    embeddings: N x D; clusters: N integers, equal where items are copies, which are no evidence for each other. Empty
    where all items are one cluster.
    """
    directions = unit(embeddings)
    distances = np.full(len(ids), np.nan, np.float32)
    for start in range(0, len(ids), CHUNK):
        rows = slice(start, start + CHUNK)
        similar = directions[rows] @ directions.T
        similar[clusters[rows, None] == clusters[None]] = -np.inf
        others = int(np.isfinite(similar).sum(axis=1).min())
        if not others:
            return ()
        place = similar.shape[1] - min(NEIGHBOR, others)
        distances[rows] = 1 - np.partition(similar, place, axis=1)[:, place]
    order = np.argsort(-distances, kind="stable")
    return tuple(Outlier(ids[i], float(np.clip(distances[i], 0, 2))) for i in order)
