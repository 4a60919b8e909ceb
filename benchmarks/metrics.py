"""Headline metrics and areas of 50,000 items x 1,000 classes: this project beside scikit-learn, in one run.

Promise, on two cores: headline metrics with the confusion matrix under 0.3 s, per-class areas under 1.5 s, values equal
to scikit-learn's. Both sides start from the same float32 logits; scikit-learn is handed ready probabilities.

    python benchmarks/metrics.py [ITEMS CLASSES]
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import metrics as sk

sys.path.insert(0, str(Path(__file__).parents[1]))

from clfcore.evaluation.auc import areas_under_curves
from clfcore.evaluation.errors import confusion
from clfcore.evaluation.metrics import evaluate
from clfcore.predictions import Predictions
from clfcore.task import single_label

ROUNDS = 5


def made(n: int, c: int) -> Predictions:
    """A classifier that is right on about two items of five, from a seed."""
    rng = np.random.default_rng(0)
    targets = rng.integers(c, size=n)
    logits = rng.standard_normal((n, c), dtype=np.float32)
    logits[np.arange(n), targets] += 3
    return Predictions(single_label([str(i) for i in range(c)]), "test", tuple(map(str, range(n))), targets, logits)


@dataclass(frozen=True)
class Timed:
    """Wall and processor seconds of the quickest round, and what the work gave."""

    wall: float
    processor: float
    value: Any


def timed(work: Callable[[], object], *, rounds: int = 1) -> Timed:
    found = []
    for _ in range(rounds):
        wall, processor = time.perf_counter(), time.process_time()
        value = work()
        found.append(Timed(time.perf_counter() - wall, time.process_time() - processor, value))
    return min(found, key=lambda one: one.wall)


def row(name: str, ours: Timed, theirs: Timed, gap: float, *, share: float = 1.0) -> None:
    """share: the part of the work that scikit-learn was given."""
    print(
        f"{name:32} ours {ours.wall:6.3f} s ({ours.processor:6.3f} s of processor)   scikit-learn "
        f"{theirs.wall / share:7.3f} s ({theirs.processor / share:7.3f} s)   x{theirs.wall / share / ours.wall:6.1f}   "
        f"largest gap {gap:.1e}"
    )


def by_sklearn(predictions: Predictions, probabilities: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
    predicted, labels = probabilities.argmax(axis=1), list(range(len(predictions.classes)))
    averaged = {"average": "macro", "zero_division": 0}
    precision, recall, f1, _ = sk.precision_recall_fscore_support(predictions.targets, predicted, **averaged)
    values = {
        "accuracy": sk.accuracy_score(predictions.targets, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(predictions.targets, predicted),
        "top5_accuracy": sk.top_k_accuracy_score(predictions.targets, probabilities, k=5, labels=labels),
        "macro_precision": precision,
        "macro_recall": recall,
        "macro_f1": f1,
        "nll": sk.log_loss(predictions.targets, probabilities, labels=labels),
    }
    return values, sk.confusion_matrix(predictions.targets, predicted, labels=labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("items", type=int, nargs="?", default=50_000)
    parser.add_argument("classes", type=int, nargs="?", default=1_000)
    args = parser.parse_args()
    n, c = args.items, args.classes
    predictions = made(n, c)
    print(f"{n:,} items x {c:,} classes, numpy {np.__version__}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"quickest of {ROUNDS} rounds of ours, one round of scikit-learn")
    headline = timed(lambda: (evaluate(predictions, ranked=False), confusion(predictions)), rounds=ROUNDS)
    ranked = timed(lambda: areas_under_curves(predictions), rounds=ROUNDS)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory with ours: {megabytes:,.0f} MB, of which logits {predictions.logits.nbytes / 2**20:,.0f} MB")

    probabilities = predictions.probabilities()
    theirs = timed(lambda: by_sklearn(predictions, probabilities))
    (found, matrix), (expected, counts) = headline.value, theirs.value
    gap = max(abs(getattr(found, name) - value) for name, value in expected.items())
    row("headline and confusion matrix", headline, theirs, max(gap, np.abs(matrix.counts - counts).max()))

    theirs = timed(lambda: sk.roc_auc_score(predictions.targets, probabilities, multi_class="ovr", average=None))
    row("areas of every class: AUC", ranked, theirs, np.abs(ranked.value.auc - theirs.value).max())
    some = list(range(0, c, max(1, c // 20)))
    theirs = timed(lambda: [sk.average_precision_score(predictions.targets == k, probabilities[:, k]) for k in some])
    gap = np.abs(ranked.value.average_precision[some] - theirs.value).max()
    row(f"  average precision (from {len(some)} of {c})", ranked, theirs, gap, share=len(some) / c)


if __name__ == "__main__":
    main()
