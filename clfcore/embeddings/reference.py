"""Reference: a bounded sample of training embeddings, and how far another picture's embedding is from them.

Letters: M sampled training images, D numbers of an embedding, N pictures. No torch.
"""

from dataclasses import dataclass

import numpy as np

NEIGHBOR = 5  # the distance is that to the fifth nearest: one odd training image does not make a stranger known
MOST_IMAGES, MOST_BYTES = 1_500, 4 << 20  # of training, as float16
LEAST_IMAGES = 10
MOST_VALIDATION = 500


@dataclass(frozen=True, eq=False)
class Reference:
    """Unit embeddings of training images, M x D float16; of V validation images ids and distances (float32).

    train_targets, validation_targets: as `Task` says; validation_embeddings: V x D float16, of length 1. All three are
    None where an older run did not keep them.
    """

    train: np.ndarray
    validation_ids: tuple[str, ...]
    validation: np.ndarray
    train_targets: np.ndarray | None = None
    validation_embeddings: np.ndarray | None = None
    validation_targets: np.ndarray | None = None

    def distance(self, embeddings: np.ndarray) -> np.ndarray:
        """Cosine distance to the fifth nearest training image, or the farthest of fewer: N x D -> N float32, 0 to 2."""
        return self.fifth(cosine_distance(embeddings, self.train))

    @staticmethod
    def fifth(distances: np.ndarray) -> np.ndarray:
        """The fifth smallest of each row, or the largest of fewer: N x M -> N."""
        place = min(NEIGHBOR, distances.shape[1]) - 1
        return np.partition(distances, place, axis=1)[:, place]


def cosine_distance(embeddings: np.ndarray, train: np.ndarray) -> np.ndarray:
    """N x D and M x D -> N x M float32, 0 to 2; those of training have length 1."""
    return np.clip(1 - unit(embeddings) @ train.astype(np.float32).T, 0, 2).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Embedded:
    """Some images of a split: embeddings N x D, targets as `Task` says, ids."""

    embeddings: np.ndarray
    targets: np.ndarray
    ids: tuple[str, ...]


def make_reference(known: Embedded, held_out: Embedded) -> Reference | None:
    """The reference of training and validation images; None where embeddings are no numbers, too few or too large."""
    train, validation = known.embeddings, held_out.embeddings
    if len(train) < LEAST_IMAGES or not (np.isfinite(train).all() and np.isfinite(validation).all()):
        return None
    if 2 * train.shape[1] * LEAST_IMAGES > MOST_BYTES:
        return None
    kept = unit(train[: MOST_BYTES // (2 * train.shape[1])]).astype(np.float16)
    distances = Reference(kept, (), np.zeros(0, np.float32)).distance(validation)
    targets = known.targets[: len(kept)]
    return Reference(kept, held_out.ids, distances, targets, unit(validation).astype(np.float16), held_out.targets)


def sampled(targets: np.ndarray, most: int, *, seed: int = 0) -> np.ndarray:
    """Places of at most `most` items, every class (or combination of labels) in turn, so that rare ones are in it.

    targets: N or N x columns. The first of them are such a sample too.
    """
    shuffled = np.random.default_rng(seed).permutation(len(targets))
    _, group = np.unique(targets[shuffled], axis=0, return_inverse=True)
    group = group.reshape(-1)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], group[order])
    turn = np.empty(len(targets), np.int64)
    turn[order] = np.arange(len(targets)) - starts  # how many of its group come before it
    return shuffled[np.argsort(turn, kind="stable")[:most]]


def unit(embeddings: np.ndarray) -> np.ndarray:
    """N x D of length 1, float32."""
    values = embeddings.astype(np.float32)
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
