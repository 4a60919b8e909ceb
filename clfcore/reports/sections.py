"""What a report says beyond one label: each label at its threshold, or the levels of a hierarchy and their paths."""

from clfcore.evaluation import hierarchy
from clfcore.evaluation.auc import areas_under_curves
from clfcore.evaluation.class_tree import summary, tree
from clfcore.evaluation.intervals import wilson
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.evaluation.metrics import consistent, evaluate_levels
from clfcore.evaluation.multilabel import co_occurrence, mistaken_labels, panels
from clfcore.figures.matrices import co_occurrence_figure
from clfcore.figures.sunburst import sunburst_figure
from clfcore.predictions import Predictions
from clfcore.reports.html import Section, Table

ERRORS = 12


def labels(predictions: Predictions) -> list[Section]:
    """The 2 x 2 counts of each label, the surest false alarms and misses, and labels that stand together."""
    chosen = "0.5 each" if predictions.thresholds is None else "chosen on validation"
    rows = []
    for p in panels(predictions):
        ends = wilson(p.true_positives, p.true_positives + p.false_negatives)
        recall = "–" if ends is None else f"{100 * p.sensitivity:.1f} %, {100 * ends.low:.1f} to {100 * ends.high:.1f}"
        counts = (p.true_positives, p.false_negatives, p.false_positives, p.true_negatives)
        rows.append([p.name, f"{p.threshold:.3f}", *(f"{n:,}" for n in counts), recall])
    head = ["label", "threshold", "found", "missed", "false alarms", "let pass", "recall, 95 % interval"]
    words = [f"A label counts from its threshold, {chosen}."]
    if lacking := undefined(predictions):
        words.append(
            f"All or none of the {predictions.split} images have {', '.join(lacking[:8])}: the area under the curve is "
            "undefined there, and left out of the mean."
        )
    together = co_occurrence(predictions)
    return [
        Section("Label by label", words, [Table(head, rows)]),
        Section("The surest false alarms and misses", *_mistaken(predictions)),
        Section(
            "Labels that stand together",
            [together.describe(), "First as they are, then as they are predicted."],
            figures=[co_occurrence_figure(together), co_occurrence_figure(together, predicted=True)],
        ),
    ]


def undefined(predictions: Predictions) -> list[str]:
    """Labels whose area under the curve does not exist: all or none of the items have them."""
    auc = areas_under_curves(predictions).auc
    return [name for name, value in zip(predictions.classes, auc.tolist(), strict=True) if value != value]


def _mistaken(predictions: Predictions) -> tuple[list[str], list[Table]]:
    found = mistaken_labels(predictions, ERRORS)
    if not found:
        return [f"No label of a {predictions.split} image is wrong."], []
    rows = [
        [one.id, one.label, "false alarm" if one.said else "missed", f"{100 * one.probability:.1f} %",
         "; ".join(one.labels) or "no label"]
        for one in found
    ]  # fmt: skip
    return [], [Table(["image", "label", "error", "probability", "true labels"], rows)]


def levels(whole: Predictions) -> Section:
    """Every level, whether the levels agree, and how far errors are from the truth."""
    found, each = hierarchy.report(whole), evaluate_levels(whole, ranked=False).levels
    rows = [
        [name, f"{m.right:,} of {m.items:,}", _percent(m.accuracy), _percent(m.balanced_accuracy),
         _percent(found.level_accuracy_decoded[name])]
        for name, m in each.items()
    ]  # fmt: skip
    real = float(consistent(whole).mean()) if len(whole) else None
    words = [
        summary(whole),
        f"Answers that form a real path: {_percent(real)}; right on every level: {_percent(found.path_accuracy)}, "
        f"read along the likeliest real path {_percent(found.path_accuracy_decoded)}.",
    ]
    if found.severity is not None:
        words.append(f"A wrong answer is {found.severity:.2f} levels from the truth on average, 1 being a sibling.")
    shown = (METRICS[name].in_text for name in ("accuracy", "balanced_accuracy"))
    head = ["level", "right", *shown, "accuracy along real paths"]
    drawn = [sunburst_figure(tree(whole), words=summary(whole))] if len(whole) else []
    return Section("The hierarchy", words, [Table(head, rows)], drawn)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
