"""Report sections of multi-label tasks, each label at its threshold, and of hierarchies, level by level."""

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
    """Multi-label sections: confusion counts of each label, most confident errors, and co-occurrence."""
    chosen = "0.5 each" if predictions.thresholds is None else "chosen on validation"
    rows = []
    for p in panels(predictions):
        ends = wilson(p.true_positives, p.true_positives + p.false_negatives)
        recall = (
            "–"
            if ends is None or p.sensitivity is None
            else f"{100 * p.sensitivity:.1f}%, {100 * ends.low:.1f} to {100 * ends.high:.1f}"
        )
        counts = (p.true_positives, p.false_negatives, p.false_positives, p.true_negatives)
        rows.append([p.name, f"{p.threshold:.3f}", *(f"{n:,}" for n in counts), recall])
    head = ["label", "threshold", "true positives", "false negatives", "false positives", "true negatives",
            "recall, 95% interval"]  # fmt: skip
    text = [f"A label is predicted from its threshold on, {chosen}."]
    if lacking := undefined(predictions):
        text.append(
            f"All or none of the {predictions.split} images have {', '.join(lacking[:8])}: the area under the curve is "
            "undefined for them, and they are left out of the mean."
        )
    pairs = co_occurrence(predictions)
    return [
        Section("Per-label metrics", text, [Table(head, rows)]),
        _label_errors(predictions),
        Section(
            "Label co-occurrence",
            [pairs.describe(), "First the true labels, then the predicted ones."],
            figures=[co_occurrence_figure(pairs), co_occurrence_figure(pairs, predicted=True)],
        ),
    ]


def undefined(predictions: Predictions) -> list[str]:
    """Labels whose area under the curve is undefined: all or none of the items have them."""
    auc = areas_under_curves(predictions).auc
    return [name for name, value in zip(predictions.classes, auc.tolist(), strict=True) if value != value]


def _label_errors(predictions: Predictions) -> Section:
    title = "Most confident label errors"
    cases = mistaken_labels(predictions, ERRORS)
    if not cases:
        return Section(title, [f"No label of a {predictions.split} image is wrong."])
    rows = [
        [case.id, case.label, "false positive" if case.said else "false negative", f"{100 * case.probability:.1f}%",
         "; ".join(case.labels) or "no label"]
        for case in cases
    ]  # fmt: skip
    return Section(title, tables=[Table(["image", "label", "error", "probability", "true labels"], rows)])


def levels(whole: Predictions) -> Section:
    """Hierarchy section: metrics of every level, consistency, and how far errors are from the true class."""
    found, measured = hierarchy.report(whole), evaluate_levels(whole, ranked=False)
    rows = [
        [name, f"{m.right:,} of {m.items:,}", _percent(m.accuracy), _percent(m.balanced_accuracy),
         _percent(found.level_accuracy_decoded[name])]
        for name, m in measured.levels.items()
    ]  # fmt: skip
    share = float(consistent(whole).mean()) if len(whole) else None
    text = [
        summary(whole),
        f"Predictions that form a path of the hierarchy: {_percent(share)}; correct on every level: "
        f"{_percent(found.path_accuracy)}, or {_percent(found.path_accuracy_decoded)} along the most probable path.",
    ]
    if found.severity is not None:
        text.append(f"Errors are {found.severity:.2f} levels from the true class on average; a sibling is 1 away.")
    shown = (METRICS[name].in_text for name in ("accuracy", "balanced_accuracy"))
    head = ["level", "correct", *shown, "accuracy along paths"]
    drawn = [sunburst_figure(tree(whole), words=summary(whole))] if len(whole) else []
    return Section("Hierarchy", text, [Table(head, rows)], drawn)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%"
