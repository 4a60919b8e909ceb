"""Out-of-fold predictions: what heads say of items that they were not fitted on.

Letters: N items, D numbers of an embedding.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from clfcore.config import Recipe
from clfcore.data.splits import strata
from clfcore.device import one_thread
from clfcore.errors import InputError
from clfcore.predictions import Predictions
from clfcore.progress import Progress
from clfcore.randomness import Stream
from clfcore.task import Task
from clfcore.training import linear_probe
from clfcore.training.embedding_rows import HeldRows, standardize
from clfcore.training.losses import hits_of, plain_loss_of

FOLDS = 5
ITERATIONS = 100
SMALL = 1 << 24  # numbers of all embeddings, below which threads would wait for each other more than they compute


def assign_folds(
    task: Task, targets: np.ndarray, clusters: np.ndarray, *, folds: int = FOLDS, seed: int = 0
) -> np.ndarray:
    """Cross-validation folds, N int64: stratified, and no cluster is cut.

    clusters: N integers, equal where items must stay together (a group, copies of one image).
    """
    stratum = strata(task, targets)
    _, first, cluster = np.unique(clusters, return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    order = order[np.argsort(stratum[first[order]], kind="stable")]  # the clusters of a stratum one after another
    fold = np.empty(len(first), np.int64)
    fold[order] = np.arange(len(first)) % folds
    return fold[cluster.reshape(-1)]


def out_of_fold(
    task: Task,
    targets: np.ndarray,
    embeddings: np.ndarray,
    *,
    folds: np.ndarray,
    progress: Progress | None = None,
) -> np.ndarray:
    """Logits of logistic heads (N x columns float32), each item's by a head that was fitted on the other folds.

    embeddings: N x D. One L2 for all folds, that of the lowest out-of-fold cross-entropy; those weaker than the first
    that makes the first fold worse are not tried, for they take longest. Raises InputError where the items are too few
    for two folds.
    """
    present = np.unique(folds)
    if len(present) < 2:
        raise InputError(f"{len(targets)} images are in {len(present)} group: at least two groups are needed")
    logits: dict[float, np.ndarray] = {}  # of each L2 that every fold has reached
    for done, fold in enumerate(present):
        held_out = folds == fold
        path = _solutions(task, targets=targets, embeddings=embeddings, held_out=held_out)
        path = _until_worse(task, targets[held_out], path) if done == 0 else islice(path, len(logits))
        solutions = {solution.l2: solution.logits for solution in path}
        for l2 in solutions if done == 0 else logits.keys() & solutions.keys():
            logits.setdefault(l2, np.zeros((len(targets), task.columns), np.float32))[held_out] = solutions[l2]
        logits = {l2: values for l2, values in logits.items() if l2 in solutions}
        if progress is not None:
            progress(done + 1, len(present))
    return min(logits.values(), key=lambda values: _cross_entropy(task, targets, values))


def fitted_logits(
    task: Task, targets: np.ndarray, embeddings: np.ndarray, *, chooses: np.ndarray, pool: np.ndarray
) -> np.ndarray:
    """Logits of unlabeled items (P x columns float32) by a head that was fitted on labeled ones.

    embeddings: N x D; pool: P x D; chooses: N bool, the items that are not fitted on but choose the L2.
    """
    chosen = int(chooses.sum())
    unlabeled = np.zeros((len(pool), *targets.shape[1:]), targets.dtype)
    every = np.concatenate([targets[~chooses], targets[chooses], unlabeled])
    x = np.concatenate([embeddings[~chooses], embeddings[chooses], pool])
    solutions = _solutions(task, targets=every, embeddings=x, held_out=np.arange(len(x)) >= (~chooses).sum())
    best, lowest = np.zeros((0, task.columns), np.float32), float("inf")
    for solution in solutions:
        loss = _cross_entropy(task, targets[chooses], solution.logits[:chosen]) if chosen else 0.0
        if loss > lowest:
            break
        best, lowest = solution.logits[chosen:], loss
        if not chosen:
            break  # nothing chooses: the strongest penalty
    return best


def _cross_entropy(task: Task, targets: np.ndarray, logits: np.ndarray) -> float:
    y = torch.from_numpy(np.ascontiguousarray(targets))
    return float(plain_loss_of(task, Recipe())(torch.from_numpy(logits), y).item())


class _Solution(NamedTuple):
    """A converged head's L2, and its logits of the held-out items."""

    l2: float
    logits: np.ndarray


def _until_worse(task: Task, targets: np.ndarray, solutions: Iterator[_Solution]) -> Iterator[_Solution]:
    """Solutions up to the first whose cross-entropy is higher than that of the one before, with it."""
    last = float("inf")
    for solution in solutions:
        yield solution
        loss = _cross_entropy(task, targets, solution.logits)
        if loss > last:
            return
        last = loss


def _solutions(task: Task, *, targets: np.ndarray, embeddings: np.ndarray, held_out: np.ndarray) -> Iterator[_Solution]:
    """The held-out items' logits by the head of each L2 on the path from strong to weak."""
    mean, deviation = standardize([embeddings[~held_out]])
    x, others = (torch.from_numpy((embeddings[rows] - mean) / deviation) for rows in (~held_out, held_out))
    y = torch.from_numpy(np.ascontiguousarray(targets[~held_out]))
    with Stream(0).drawn():
        head = nn.Linear(x.shape[1], task.columns)
    ids = tuple(map(str, range(len(others))))

    def validate(model: nn.Module) -> Predictions:
        with torch.inference_mode():
            return Predictions(task, "validation", ids, targets[held_out], model(others).numpy())

    epochs = linear_probe.logistic(
        head,
        HeldRows(x),
        y,
        loss_of=plain_loss_of(task, Recipe()),
        hits_of=hits_of(task),
        validate=validate,
        iterations=ITERATIONS,
        labels=task.columns if task.kind == "multi-label" else 1,
    )
    while True:
        with one_thread() if x.numel() <= SMALL else nullcontext():
            epoch = next(epochs, None)
        if epoch is None:
            return
        if epoch.candidate:
            yield _Solution(epoch.learning_rate, epoch.validation.logits)
