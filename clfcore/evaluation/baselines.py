"""What needs no learning: even guesses, and always the most frequent class. A classifier must beat both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clfcore.evaluation.counts import label_rates, share
from clfcore.evaluation.outcomes import one_label
from clfcore.predictions import Predictions


@dataclass(frozen=True)
class Baselines:
    """Metric -> value, under the names of `metrics.evaluate`, where the baseline has one.

    chance: expected of even guesses (multi-label: of a coin for each label; average precision: of a random order).
    majority: of always answering `majority_answer`.
    """

    chance: dict[str, float]
    majority: dict[str, float]
    majority_answer: str


def baselines(predictions: Predictions, *, train_counts: Sequence[int] | np.ndarray | None = None) -> Baselines | None:
    """Baselines on the items of the predictions; None of no items. Hierarchical: at the finest level.

    train_counts: items of each class in the training split, C int64, from which the most frequent one is taken; None:
    from these items themselves, which flatters the baseline a little. Multi-label: each label is answered that more
    than half of these items have.
    """
    if len(predictions) == 0:
        return None
    if predictions.task.kind == "multi-label":
        return _multi_label(predictions)
    predictions = one_label(predictions)
    c, n = len(predictions.classes), len(predictions)
    support = np.bincount(predictions.targets, minlength=c)
    answer = int(np.argmax(support if train_counts is None else train_counts))
    occurs = support > 0
    f1 = share(2 * support[answer], n + support[answer])
    occurring = int(occurs.sum()) + int(not occurs[answer])
    chance = {"accuracy": 1 / c, "balanced_accuracy": 1 / c, "macro_auc": 0.5, "nll": float(np.log(c))}
    if c > 5:
        chance["top5_accuracy"] = 5 / c
    return Baselines(
        chance,
        {
            "accuracy": support[answer] / n,
            "balanced_accuracy": float(occurs[answer]) / int(occurs.sum()),
            "macro_f1": float(f1) / occurring,
            "macro_auc": 0.5,
        },
        predictions.classes[answer],
    )


def _multi_label(predictions: Predictions) -> Baselines:
    truth = predictions.targets > 0
    common = truth.mean(axis=0)  # C
    answer = np.broadcast_to(common > 0.5, truth.shape)
    rates = label_rates(truth, answer)
    names = [name for name, often in zip(predictions.classes, common > 0.5, strict=True) if often]
    prevalent = float(common[common > 0].mean()) if (common > 0).any() else 0.0
    return Baselines(
        {
            "mean_average_precision": prevalent,
            "macro_auc": 0.5,
            "hamming_loss": 0.5,
            "subset_accuracy": 0.5 ** truth.shape[1],
        },
        {
            "micro_f1": float(rates.pooled.f1),
            "macro_f1": float(rates.f1.mean()),
            "subset_accuracy": float((truth == answer).all(axis=1).mean()),
            "hamming_loss": float((truth != answer).mean()),
            "macro_auc": 0.5,
        },
        "; ".join(names) or "no label",
    )
