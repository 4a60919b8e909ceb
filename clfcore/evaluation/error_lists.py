"""The lists of errors by name, and each as a table: what pages show and the command `errors` prints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from clfcore.errors import InputError, unknown
from clfcore.evaluation import errors
from clfcore.evaluation.errors import Case
from clfcore.evaluation.multilabel import LabelCase, mistaken_labels
from clfcore.predictions import Predictions
from clfcore.spreadsheet import csv_text

TOP = 5  # likeliest classes of each line
_LIKELY = tuple(f"{what} {i}" for i in range(1, TOP + 1) for what in ("likeliest", "probability"))
_NUMBERS = ("of the truth", "of the prediction", "margin", "loss")
CASES_HEAD = ("id", "true", "predicted", *_NUMBERS, *_LIKELY, "verdict", "note")
LABELS_HEAD = ("id", "label", "error", "probability", "true labels", "verdict", "note")

# name -> the function that finds it
LISTS: Mapping[str, Callable[..., tuple[Case, ...]]] = {
    "most_confident": errors.most_confident,
    "least_confident_correct": errors.least_confident_correct,
    "closest_calls": errors.closest_calls,
    "highest_loss": errors.highest_loss,
}
PAIR = "pair"  # the items of one class taken for another


@dataclass(frozen=True)
class Review:
    """What somebody said of a picture: a verdict's kind and note, or nothing."""

    verdict: str = ""
    note: str = ""


def error_list(
    predictions: Predictions, name: str, n: int, *, true: str | None = None, predicted: str | None = None
) -> tuple[Case, ...]:
    """The n first of a list: one of LISTS, or `pair` with a true and a predicted class, the surest first.

    Raises InputError for an unknown list, an unknown class, and a pair without both of its classes.
    """
    if name == PAIR:
        if true is None or predicted is None:
            raise InputError("list is pair: name its true and its predicted class")
        return errors.cases(predictions, errors.cell(predictions, true, predicted)[:n])
    if name not in LISTS:
        raise unknown("list", name, [*LISTS, PAIR])
    return LISTS[name](predictions, n)


def wrong_labels(
    predictions: Predictions, n: int, *, label: str | None = None, said: bool | None = None
) -> tuple[LabelCase, ...]:
    """The n surest wrong decisions of a multi-label task, of one label or of all. said: False alarms (True) or misses.

    Raises InputError for an unknown label.
    """
    if label is not None and label not in predictions.classes:
        raise unknown("label", label, predictions.classes)
    mistakes = mistaken_labels(predictions, predictions.logits.size)
    wanted = (case for case in mistakes if label in (None, case.label) and said in (None, case.said))
    return tuple(wanted)[:n]


def cases_csv(cases: Sequence[Case], reviews: Mapping[str, Review] | None = None) -> str:
    """A line an item: truth, prediction, both probabilities, margin, loss, the likeliest classes, verdict and note."""
    rows = []
    for case in cases:
        likely = [word for label, p in case.top[:TOP] for word in (label, f"{p:.6g}")]
        numbers = [f"{value:.6g}" for value in (case.p_truth, case.p_predicted, case.margin, case.loss)]
        own = (reviews or {}).get(case.id, Review())
        empty = [""] * (2 * TOP - len(likely))
        rows.append([case.id, case.truth, case.predicted, *numbers, *likely, *empty, own.verdict, own.note])
    return csv_text([CASES_HEAD, *rows])


def labels_csv(cases: Sequence[LabelCase], reviews: Mapping[str, Review] | None = None) -> str:
    """A line a wrong decision: the label, whether it is said or missed, its probability, the item's true labels."""
    rows = []
    for case in cases:
        own = (reviews or {}).get(case.id, Review())
        kind = "false alarm" if case.said else "miss"
        true = ";".join(case.labels)
        rows.append([case.id, case.label, kind, f"{case.probability:.6g}", true, own.verdict, own.note])
    return csv_text([LABELS_HEAD, *rows])
