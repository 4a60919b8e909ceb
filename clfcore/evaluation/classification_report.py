"""What is known of each class, and each item's prediction as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clfcore.evaluation.auc import Areas, areas_under_curves
from clfcore.evaluation.counts import confusion_counts, label_rates, rates
from clfcore.evaluation.metrics import decide
from clfcore.evaluation.outcomes import one_label
from clfcore.predictions import Predictions
from clfcore.spreadsheet import csv_line

MANY = 5_000_000  # probabilities past which a table holds the likeliest alone
TOP = 5


@dataclass(frozen=True)
class ClassRow:
    """One class (or label). support: items of it; predicted: items taken for it. None where undefined: precision of a
    class never predicted, recall and average precision of one without items, auc of one with none or with all."""

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    predicted: int
    auc: float | None
    average_precision: float | None


def per_class(
    predictions: Predictions, *, thresholds: Sequence[float] | np.ndarray | None = None, ranked: bool = True
) -> tuple[ClassRow, ...]:
    """A row a class, in the task's order; of a hierarchical task at its finest level. thresholds: see `evaluate`.

    ranked: False leaves auc and average_precision None (they take a second at 50,000 x 1,000).
    """
    if predictions.task.kind == "multi-label":
        measured = label_rates(predictions.targets > 0, decide(predictions, thresholds))
    else:
        predictions = one_label(predictions)
        truth, predicted = predictions.targets.astype(np.int64), predictions.logits.argmax(axis=1)
        measured = rates(confusion_counts(truth, predicted, len(predictions.classes)))
    undefined = np.full(len(predictions.classes), np.nan)
    area = areas_under_curves(predictions) if ranked else Areas(undefined, undefined)
    rows = zip(
        predictions.classes,
        _known(measured.precision, measured.predicted > 0),
        _known(measured.recall, measured.support > 0),
        _known(measured.f1, measured.occurs),
        measured.support.tolist(),
        measured.predicted.tolist(),
        _known(area.auc, ~np.isnan(area.auc)),
        _known(area.average_precision, ~np.isnan(area.average_precision)),
        strict=True,
    )
    return tuple(ClassRow(*row) for row in rows)


def table_csv(predictions: Predictions) -> str:
    """An item a line: id, truth, predicted, right (yes or no) and a probability a class, six digits.

    Several labels are joined by `;`, levels by ` / `; the columns of a hierarchical task are named `level: class`. Past
    five million probabilities only the five likeliest classes of the finest level stand there, `likeliest` and
    `probability` each: a file of 50,000 x 1,000 would take 500 MB.
    """
    task = predictions.task
    p = predictions.probabilities()
    few = p.size > MANY and task.kind != "multi-label"
    several = len(task.levels) > 1
    if few:
        columns = [f"{what} {i}" for i in range(1, TOP + 1) for what in ("likeliest", "probability")]
    else:
        columns = [f"{level.name}: {name}" if several else name for level in task.levels for name in level.classes]
    lines = [csv_line(["id", "truth", "predicted", "right", *columns])]
    finest = task.slices[-1]
    truth, predicted = _labels_of(predictions, _truth(predictions)), _labels_of(predictions, _predicted(predictions))
    for name, true, answer, row in zip(predictions.ids, truth, predicted, p, strict=True):
        values = csv_line(_likeliest(row[finest], task.classes)) if few else ",".join(f"{value:.6g}" for value in row)
        lines.append(f"{csv_line([name, true, answer, 'yes' if true == answer else 'no'])},{values}")
    return "\n".join([*lines, ""])


def _likeliest(row: np.ndarray, classes: Sequence[str]) -> list[str]:
    first = np.argpartition(-row, min(TOP, len(row) - 1))[:TOP]
    first = first[np.argsort(-row[first], kind="stable")]
    return [text for i in first for text in (classes[i], f"{row[i]:.6g}")]


def _truth(predictions: Predictions) -> np.ndarray:
    """N x C bool of labels, or N x L class indices of levels."""
    if predictions.task.kind == "multi-label":
        return predictions.targets > 0
    return predictions.targets.reshape(len(predictions), len(predictions.task.levels))


def _predicted(predictions: Predictions) -> np.ndarray:
    """N x C bool of labels, or N x L class indices of levels."""
    if predictions.task.kind == "multi-label":
        return decide(predictions)
    return np.stack([predictions.logits[:, part].argmax(axis=1) for part in predictions.task.slices], axis=1)


def _labels_of(predictions: Predictions, answers: np.ndarray) -> list[str]:
    """The names of each item's labels, or of its class on every level."""
    task = predictions.task
    if task.kind == "multi-label":
        return [";".join(task.classes[c] for c in np.flatnonzero(row)) for row in answers]
    return [" / ".join(level.classes[i] for level, i in zip(task.levels, row, strict=True)) for row in answers]


def _known(values: np.ndarray, defined: np.ndarray) -> list[float | None]:
    return [value if known else None for value, known in zip(values.tolist(), defined.tolist(), strict=True)]
