"""Run report."""

import json

from clfcore.data.bit_depth import to_bytes
from clfcore.errors import InputError
from clfcore.evaluation import calibration, curves, errors
from clfcore.evaluation.classification_report import per_class
from clfcore.evaluation.confusion import most_confused
from clfcore.evaluation.metric_catalogue import MAIN_METRICS, METRICS
from clfcore.evaluation.missing_classes import missing_classes
from clfcore.figures.calibration import reliability_figure
from clfcore.figures.confusion import confusion_figure
from clfcore.figures.curves import precision_recall_figure, roc_figure
from clfcore.figures.history import history_figure
from clfcore.predictions import Predictions
from clfcore.reports.html import Section, Table, Thumbnail, page, thumbnail
from clfcore.reports.run_facts import (
    SplitReport,
    limits,
    metric_head,
    metric_rows,
    shareable,
    split_reports,
)
from clfcore.reports.sections import labels, levels
from clfcore.runs.best_epoch import chosen_by
from clfcore.runs.cautions import cautions
from clfcore.runs.data_title import data_title
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data
from clfcore.runs.temperature import temperature_of
from clfcore.train_command import command_of

LISTED = 50  # classes in the table per class
CURVES = 8
WHOLE = 40  # classes up to which the matrix is drawn whole
ERRORS = 12


def run_html(run: Run) -> str:
    """Run report as one self-contained HTML file. Raises InputError where predictions are missing or damaged."""
    config = run.config
    split = "test" if "test" in run.splits else "validation"
    about = f"Run {run.id}, evaluated on {split}, from its stored predictions."
    return page(f"{config.architecture} on {data_title(run)}", about, run_sections(run))


def run_sections(run: Run) -> list[Section]:
    """Sections of the run report. Raises as `run_html`."""
    reports = split_reports(run)
    first = reports[0]
    sections = [
        Section(
            "Results",
            [*_headline(first), *cautions(run, first.split)],
            [Table(metric_head(reports), metric_rows(reports))],
        ),
        Section("Limitations", limits(run, reports)),
        _training(run),
    ]
    if first.predictions.task.kind == "multi-label":
        sections += labels(first.predictions)
    else:
        whole = run.predictions(first.split)
        sections += [levels(whole)] if whole.task.kind == "hierarchical" else []
        sections += [_confusion(first), _errors(run, first.predictions)]
    return [*sections, _curves(first), _calibration(run, first), _classes(first), _settings(run)]


def _headline(first: SplitReport) -> list[str]:
    name = MAIN_METRICS[first.predictions.task.kind]
    text = [f"{METRICS[name].title} {first.formatted(name)} on {len(first.predictions):,} {first.split} images."]
    if first.baselines is not None:
        text.append(f"The majority baseline always predicts “{first.baselines.majority_answer}”.")
    return text


def _training(run: Run) -> Section:
    results, lines = run.results, run.history
    total = results.parameters
    text = []
    if results.reached:
        text.append(
            f"Best epoch {results.best_epoch}, {chosen_by(run)}; trained in {results.seconds or 0:.0f} "
            f"seconds; {total.trainable:,} of {total.total:,} parameters are trainable."
        )
    best = {"run": results.best_epoch or 0}
    drawn = [history_figure({"run": lines}, quantity=of, best=best) for of in ("loss", "accuracy")] if lines else []
    return Section("Training", [*text, *([run.message] if run.message else [])], figures=drawn)


def _confusion(first: SplitReport) -> Section:
    matrix = errors.confusion(first.predictions)
    rows = [[p.truth, p.predicted, f"{p.items:,}", f"{100 * p.share:.1f}%"] for p in errors.top_pairs(matrix, 10)]
    pairs = [Table(["true class", "predicted as", "images", "share of class"], rows)] if rows else []
    text, shown = [matrix.describe()], matrix
    if len(matrix.classes) > WHOLE:
        shown = matrix.part(most_confused(matrix, WHOLE))
        text.append(
            f"The figure shows the {len(shown.classes)} of {len(matrix.classes):,} classes confused most often."
        )
    return Section("Confusion matrix", text, pairs, [confusion_figure(shown)])


def _errors(run: Run, predictions: Predictions) -> Section:
    cases = errors.most_confident(predictions, ERRORS)
    if not cases:
        return Section("Most confident errors", [f"No {predictions.split} image is wrong."])
    rows = [
        [case.id, case.truth, case.predicted, f"{100 * case.p_truth:.1f}%", f"{100 * case.p_predicted:.1f}%"]
        for case in cases
    ]
    head = ["image", "true class", "predicted", "p(true class)", "p(predicted)"]
    try:
        return Section("Most confident errors", [], [Table(head, rows)], thumbnails=_thumbnails(run, cases))
    except (InputError, OSError):
        missing = "Images are not shown: the data is no longer where the run was trained."
        return Section("Most confident errors", [missing], [Table(head, rows)])


def _thumbnails(run: Run, cases: tuple[errors.Case, ...]) -> list[Thumbnail]:
    dataset, preprocess = open_run_data(run), run.classifier.preprocess
    positions = {name: i for i, name in enumerate(dataset.ids)}
    thumbnails = []
    for case in cases:
        if case.id not in positions:
            continue
        i = positions[case.id]
        pixels = dataset.image(i, least_side=144)
        caption = f"{case.truth}, predicted as {case.predicted} with {100 * case.p_predicted:.1f}%"
        thumbnails.append(thumbnail(to_bytes(preprocess.tones(pixels)), caption))
    return thumbnails


def _curves(first: SplitReport) -> Section:
    names = first.predictions.classes[:CURVES]
    some = f"The first {CURVES} of {len(first.predictions.classes):,} classes. "
    text = f"{some if len(first.predictions.classes) > CURVES else ''}Each class against the rest."
    drawn = [
        roc_figure(curves.roc(first.predictions, classes=names)),
        precision_recall_figure(curves.precision_recall(first.predictions, classes=names)),
    ]
    texts = [text, missing_classes(first.predictions).describe()]
    return Section("ROC and precision-recall curves", [text for text in texts if text], figures=drawn)


def _calibration(run: Run, first: SplitReport) -> Section:
    before = calibration.reliability(first.predictions)
    text, shown, value = [before.describe()], {"As trained": before}, temperature_of(run)
    if value is not None:
        after = calibration.reliability(calibration.rescaled(first.predictions, value))
        shown[f"At temperature {value:.2f}"] = after
        text.append(f"At temperature {value:.2f}, fitted on validation: {after.describe()}")
    return Section("Calibration", text, figures=[reliability_figure(shown)])


def _classes(first: SplitReport) -> Section:
    def cell(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    rows = per_class(first.predictions)
    shown = sorted(rows, key=lambda row: row.f1 if row.f1 is not None else 2.0)[:LISTED]
    text = [f"The {LISTED} of {len(rows):,} with the lowest F1."] if len(rows) > LISTED else ["The lowest F1 first."]
    table = [
        [r.name, *(cell(v) for v in (r.precision, r.recall, r.f1, r.auc, r.average_precision)), f"{r.support:,}"]
        for r in shown
    ]
    return Section(
        "Per-class metrics",
        text,
        [Table(["class", "precision", "recall", "F1", "AUC", "average precision", "images"], table)],
    )


def _settings(run: Run) -> Section:
    on = run.data.computed_on
    text = [f"Computed with {', '.join(f'{name} {value}' for name, value in on.items())}."] if on else []
    config = shareable(run.config)
    stored = json.dumps(config.model_dump(mode="json"), indent=2, ensure_ascii=False)
    return Section("Reproduce this run", text, code=f"{command_of(config)}\n\n{stored}")
