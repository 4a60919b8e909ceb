"""What became of each item of single-label predictions, in one pass over the logits; most else is derived from it.

Letters: N items, C classes. Rows are taken in blocks that fit the processor's cache, by two threads where that pays.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from clfcore.errors import InputError
from clfcore.predictions import Predictions

BLOCK = 128_000  # values: a block in float64 is 1 MB
WORTH_THREADS = 2_000_000  # values; below, starting threads costs more than it saves


@dataclass(frozen=True, eq=False)
class Outcomes:
    """One value an item, all of length N.

    truth, predicted: int64 class indices; rank: int64, how many classes score above the truth (of equal scores the
    lower index counts as higher, so that rank 0 is exactly `predicted == truth`); confidence: probability of the
    predicted class; p_truth: of the true one; loss: negative log-likelihood in nats; squares: sum over classes of
    p ** 2; peak and total: the largest logit and sum(exp(logit - peak)), from which any probability follows.
    """

    classes: int
    truth: np.ndarray
    predicted: np.ndarray
    rank: np.ndarray
    confidence: np.ndarray
    p_truth: np.ndarray
    loss: np.ndarray
    squares: np.ndarray
    peak: np.ndarray
    total: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def right(self) -> np.ndarray:
        """N bool."""
        return self.predicted == self.truth


def outcomes(predictions: Predictions) -> Outcomes:
    """The outcome of each item; of a hierarchical task, at its finest level. A multi-label task is refused."""
    predictions = one_label(predictions)
    logits, truth = predictions.logits, predictions.targets.astype(np.int64)
    n, c = logits.shape
    out = Outcomes(c, truth, *(np.empty(n, np.int64) for _ in range(2)), *(np.empty(n, np.float64) for _ in range(6)))

    def fill(rows: slice) -> None:
        x, y = logits[rows], truth[rows]  # n x C
        there = np.arange(len(x))
        own = x[there, y][:, None]  # n x 1
        out.predicted[rows] = x.argmax(axis=1)
        out.rank[rows] = np.count_nonzero(x > own, axis=1)
        equal = x == own
        for i in np.flatnonzero(np.count_nonzero(equal, axis=1) > 1):
            out.rank[rows][i] += np.count_nonzero(equal[i, : y[i]])
        e = x.astype(np.float64)
        peak = e.max(axis=1)
        e -= peak[:, None]
        gap = e[there, y]
        np.exp(e, out=e)
        total = e.sum(axis=1)
        out.peak[rows], out.total[rows] = peak, total
        out.confidence[rows] = 1 / total
        out.p_truth[rows] = e[there, y] / total
        out.loss[rows] = np.log(total) - gap
        out.squares[rows] = np.einsum("nc,nc->n", e, e) / total**2

    over_blocks(fill, n, max(1, BLOCK // c), threads=n * c >= WORTH_THREADS)
    return out


def one_label(predictions: Predictions) -> Predictions:
    """Single-label predictions: themselves, or the finest level of a hierarchical task."""
    if predictions.task.kind == "multi-label":
        raise InputError(
            "this view needs one true class an item, and the task is multi-label: use the views per label instead"
        )
    if predictions.task.kind == "hierarchical":
        return predictions.level(predictions.task.levels[-1].name)
    return predictions


def over_blocks(work: Callable[[slice], None], n: int, size: int, *, threads: bool) -> None:
    """Call `work` on each slice of `size` of 0..n; NumPy lets threads run beside each other inside its loops."""
    parts = [slice(start, min(start + size, n)) for start in range(0, n, size)]
    if not threads or len(parts) < 2:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for _ in pool.map(work, parts):
            pass
