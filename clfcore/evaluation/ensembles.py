"""Several runs together: where they agree, what only one gets right, and what their average would gain."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from clfcore.evaluation.compare import Difference, Named, aligned, compare, hits
from clfcore.evaluation.metrics import decide
from clfcore.predictions import Predictions

FLOOR = 1e-30  # least probability: its logarithm is finite


@dataclass(frozen=True, eq=False)
class Agreement:
    """K runs on N items. same: K x K float64, share of items with the same answer; both_right: K x K int64 items.

    only: run -> int64 indices (in the first run's order) of the items that it alone gets right; none_right, all_right:
    int64 indices.
    """

    runs: tuple[str, ...]
    same: np.ndarray
    both_right: np.ndarray
    only: dict[str, np.ndarray]
    none_right: np.ndarray
    all_right: np.ndarray

    def describe(self) -> str:
        alone = ", ".join(f"{name} {len(errors):,}" for name, errors in self.only.items())
        return (
            f"All runs are right on {len(self.all_right):,} items and none on {len(self.none_right):,}; "
            f"items that a single run gets right: {alone}."
        )


def agreement(runs: Sequence[Named]) -> Agreement:
    """Where the runs give the same answer, and who is right alone. Raises InputError where items or tasks differ."""
    runs = aligned(runs)
    names = tuple(name for name, _ in runs)
    right = np.stack([hits(predictions) for _, predictions in runs])  # K x N
    answers = [_answers(predictions) for _, predictions in runs]
    n = max(right.shape[1], 1)
    same = np.array([[(a == b).all(axis=1).sum() / n for b in answers] for a in answers])
    how_many = right.sum(axis=0)
    return Agreement(
        names,
        same,
        right.astype(np.int64) @ right.T.astype(np.int64),
        {name: np.flatnonzero(row & (how_many == 1)) for name, row in zip(names, right, strict=True)},
        np.flatnonzero(how_many == 0),
        np.flatnonzero(how_many == len(runs)),
    )


def dividing(runs: Sequence[Named]) -> np.ndarray:
    """Indices (int64, in the first run's order) of the items to which not all runs give the same answer, those that the
    fewest get right first."""
    runs = aligned(runs)
    answers = [_answers(predictions) for _, predictions in runs]
    divided = np.any([(one != answers[0]).any(axis=1) for one in answers[1:]], axis=0)
    right = np.sum([hits(predictions) for _, predictions in runs], axis=0)
    disagreements = np.flatnonzero(divided)
    return disagreements[np.argsort(right[disagreements], kind="stable")]


def ensemble(runs: Sequence[Named]) -> Predictions:
    """The runs as one: the mean of their probabilities, as logits that give it back. Raises InputError as `aligned`.

    A label counts from the mean of the members' thresholds.
    """
    runs = aligned(runs)
    first = runs[0][1]
    logits = _log_mean((predictions.probabilities() for _, predictions in runs), len(runs))
    if first.task.kind == "multi-label":
        logits -= _log_mean((_misses(predictions) for _, predictions in runs), len(runs))
    return replace(first, logits=logits, thresholds=_thresholds([predictions for _, predictions in runs]))


def _log_mean(several: Iterator[np.ndarray], n: int) -> np.ndarray:
    """The logarithm of the mean of n arrays, one of which is held at a time: at 50,000 x 1,000 each takes 400 MB."""
    total = next(several)
    for one in several:
        total += one
    total /= n
    return np.log(np.maximum(total, FLOOR, out=total), out=total)


def gains(runs: Sequence[Named], *, name: str = "ensemble") -> tuple[Difference, ...]:
    """What the ensemble of all runs gains over each of them, in accuracy."""
    together = ensemble(runs)
    return tuple(compare([run, (name, together)]).pairs[0] for run in aligned(runs))


def _thresholds(members: Sequence[Predictions]) -> tuple[float, ...] | None:
    if all(predictions.thresholds is None for predictions in members):
        return None
    halves = (0.5,) * len(members[0].classes)
    return tuple(np.mean([predictions.thresholds or halves for predictions in members], axis=0).tolist())


def _misses(predictions: Predictions) -> np.ndarray:
    """1 - p of each label, without losing what lies below the last digit of p."""
    return replace(predictions, logits=-predictions.logits).probabilities()


def _answers(predictions: Predictions) -> np.ndarray:
    """N x (levels or labels): what was answered."""
    if predictions.task.kind == "multi-label":
        return decide(predictions)
    return np.stack([predictions.logits[:, part].argmax(axis=1) for part in predictions.task.slices], axis=1)
