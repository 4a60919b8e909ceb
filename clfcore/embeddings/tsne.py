"""t-SNE: embeddings laid out in a plane so that neighbors stay neighbors (van der Maaten and Hinton 2008), by openTSNE.

Only near distances mean something: how far apart two clusters lie, and how large they are, does not. Principal
components, which need no library, are no substitute: they mix classes that t-SNE parts. Letters: N items, D numbers of
an embedding.
"""

import contextlib
import hashlib
import os
from pathlib import Path

import numpy as np

from clfcore import cache
from clfcore.data.thread_pool import threads
from clfcore.embeddings.reference import unit
from clfcore.errors import Failure, InputError
from clfcore.files import write_whole
from clfcore.progress import Progress

MOST = 10_000  # points: more are not told apart, and take minutes
COMPONENTS, PERPLEXITY = 50, 30
EARLY, LATER, EVERY = 250, 500, 25  # iterations, and how often they are counted
LEAST = 8  # items that make a map
THREADS_FROM = 2_000  # items from which threads gain more than they cost
VERSION = 1


def sampled_rows(count: int, *, most: int = MOST, seed: int = 0) -> np.ndarray:
    """Rows that a map shows, sorted int64: all, or a random sample of `most`."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def tsne(embeddings: np.ndarray, *, seed: int = 0, progress: Progress | None = None) -> np.ndarray:
    """Positions of N embeddings (N x D) in a plane, N x 2 float32, kept by the digest of the embeddings.

    progress: called with iterations. Raises InputError where openTSNE is not installed, or for fewer than eight items.
    """
    n = len(embeddings)
    if n < LEAST:
        raise InputError(f"{n} images are too few for a map: it needs at least {LEAST}")
    values = np.ascontiguousarray(embeddings, np.float32)
    digest = hashlib.blake2b(f"{VERSION} {seed} {values.shape} ".encode(), digest_size=16)
    digest.update(values.tobytes())
    path = cache.folder("maps") / f"{digest.hexdigest()}.npy"
    positions = _read(path, n)
    if positions is None:
        positions = _computed(values, seed=seed, progress=progress)
        if cache.make_room(positions.nbytes):
            with contextlib.suppress(Failure):  # a full disk takes nothing from the result
                write_whole(path, lambda partial: _write(partial, positions))
    return positions


def check_installed() -> None:
    """Raises InputError where openTSNE is missing."""
    try:
        import openTSNE  # noqa: F401 - whether it is there
    except ImportError:
        raise InputError("a map needs openTSNE, which is not installed: pip install 'clflab[map]'") from None


def _computed(embeddings: np.ndarray, *, seed: int, progress: Progress | None) -> np.ndarray:
    check_installed()
    from openTSNE import TSNE

    total = EARLY + LATER
    done = 0

    def count(iteration: int, _error: float, _embedding: np.ndarray) -> None:
        nonlocal done
        done += EVERY
        if progress is not None:
            progress(min(done, total), total)  # what it raises ends the work

    count_phase = {"callbacks": count, "callbacks_every_iters": EVERY} if progress is not None else {}
    layout = TSNE(
        perplexity=min(PERPLEXITY, (len(embeddings) - 1) // 3),
        early_exaggeration_iter=EARLY,
        n_iter=LATER,
        random_state=seed,
        n_jobs=threads() if len(embeddings) >= THREADS_FROM else 1,
        **count_phase,
    )
    return np.asarray(layout.fit(_components(unit(embeddings))), np.float32)


def _components(values: np.ndarray) -> np.ndarray:
    """Principal components, N x at most 50: the distances of neighbors, in less time."""
    centered = values - values.mean(axis=0)
    if centered.shape[1] <= COMPONENTS:
        return centered
    _, vectors = np.linalg.eigh(centered.T @ centered)
    return np.ascontiguousarray(centered @ vectors[:, : -COMPONENTS - 1 : -1])


def _read(path: Path, n: int) -> np.ndarray | None:
    try:
        with path.open("rb") as file:
            values = np.load(file, allow_pickle=False)
    except Exception:  # numpy raises many kinds on damaged files: they are computed anew, as absent ones are
        return None
    if not isinstance(values, np.ndarray) or values.shape != (n, 2) or not np.isfinite(values).all():
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # the cache drops what was used longest ago
    return values


def _write(path: Path, values: np.ndarray) -> None:
    with path.open("wb") as file:
        np.save(file, values)
