"""Multi-label classification: thresholds, counts per label, false positives and negatives, co-occurrence."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation.classification_report import per_class
from clfcore.evaluation.error_lists import labels_csv, wrong_labels
from clfcore.evaluation.intervals import wilson
from clfcore.evaluation.multilabel import co_occurrence
from clfcore.evaluation.multilabel import panels as label_counts
from clfcore.evaluation.operating_point import operating_point
from clfcore.evaluation.threshold_sweep import threshold_curve
from clfcore.evaluation.thresholds import choose_label_thresholds
from clfcore.runs.folder import Run
from clfcore.runs.review_queue import error_queue
from clfcore.runs.thresholds import keep_thresholds
from pages.evaluate.errors import choose_length, pictures_of
from pages.evaluate.review import list_button, review_view
from ui.cards import Card, count_panels
from ui.charts import chart, dark
from ui.closeup.grid import open_cards
from ui.closeup.sources import Entry
from ui.formatting import count, ends, join_names, percent, rate, shorten
from ui.loaders import run_dataset, run_thumbnail, stored
from ui.messages import Number, escape_markdown, metric_row, refusals
from ui.pickers import read_renamed
from ui.review.handover import review_queue
from ui.session import THRESHOLDS_MESSAGE, kept

if TYPE_CHECKING:
    from clfcore.evaluation.multilabel import LabelCase
    from clfcore.evaluation.thresholds import Goal
    from clfcore.predictions import Predictions


GOALS: "Mapping[Goal, str]" = {
    "f1": "Highest F1",
    "precision": "Minimum precision",
    "recall": "Minimum recall",
    "half": "0.5 each",
}

FALSE_POSITIVES, FALSE_NEGATIVES = "False positives", "False negatives"
FILES = {FALSE_POSITIVES: "false-alarms", FALSE_NEGATIVES: "misses"}  # in the name of the downloaded file


def thresholds_view(run: Run, predictions: "Predictions") -> None:
    """Precision, recall and F1 of a label by threshold, its counts, and the choice of all thresholds on validation."""
    from clfcore.figures.threshold_sweep import threshold_curve_figure

    saved = predictions.thresholds or (0.5,) * len(predictions.classes)
    left, right = st.columns([3, 2], gap="medium")
    with right:
        label = st.selectbox("Label", predictions.classes, format_func=shorten, key="label", bind="query-params")
        saved_threshold = saved[predictions.classes.index(label)]
        threshold = st.slider(
            "Threshold",
            0.0,
            1.0,
            round(float(saved_threshold), 3),
            0.005,
            **kept(f"threshold {run.id} {label} {saved_threshold}"),
        )
        point = operating_point(predictions, label, threshold=threshold)
        st.caption(point.describe())
        metric_row(
            [
                Number(
                    "True positives", count(point.true_positives), f"{count(point.false_negatives)} false negatives"
                ),
                Number(
                    "False positives", count(point.false_positives), f"{count(point.true_negatives)} true negatives"
                ),
            ]
        )
        metric_row(
            [
                Number("Precision", rate(point.precision)),
                Number("Recall", rate(point.sensitivity)),
                Number("F1", rate(point.f1)),
            ]
        )
    with left:
        chart(threshold_curve_figure(threshold_curve(predictions, label), threshold=threshold, dark=dark()), "sweep")
    _choose(run)


def _choose(run: Run) -> None:
    """Choice of all thresholds on validation; Predict uses the saved ones."""
    with st.expander("Choose all thresholds on validation"):
        goal = st.segmented_control(
            "Criterion", list(GOALS), format_func=GOALS.__getitem__, default="f1", required=True, **kept("goal")
        )
        least = 0.9
        if goal in ("precision", "recall"):
            least = st.slider("At least", 0.05, 1.0, 0.9, 0.05, **kept("wanted"))
        if st.button("Save for this run"):
            with refusals():
                chosen = choose_label_thresholds(stored(run, "validation"), goal, wanted=least)
                keep_thresholds(run, chosen)
            if chosen is not None and chosen.left:
                names = join_names(chosen.left, 6)
                THRESHOLDS_MESSAGE.set(f"Too few validation examples to choose a threshold for {names}: 0.5 is kept.")
            st.rerun()
        message = escape_markdown(THRESHOLDS_MESSAGE.take() or "")
        st.caption(message or "Predict and the numbers above use these thresholds.")


def labels_view(predictions: "Predictions") -> None:
    """The 2 x 2 counts of each label at its threshold, as panels and as a table."""
    points = label_counts(predictions)
    count_panels(points)
    areas = {row.name: row for row in per_class(predictions)}
    rows = []
    for p in points:
        recall_interval = wilson(p.true_positives, p.true_positives + p.false_negatives)
        rows.append(
            {
                "label": p.name,
                "threshold": p.threshold,
                "TP": p.true_positives,
                "FN": p.false_negatives,
                "FP": p.false_positives,
                "TN": p.true_negatives,
                "precision": p.precision,
                "recall": p.sensitivity,
                "recall, 95%": ends(recall_interval, share=False),
                "F1": p.f1,
                "AUC": areas[p.name].auc,
                "AP": areas[p.name].average_precision,
            }
        )
    three = st.column_config.NumberColumn(format="%.3f")
    shares = ("threshold", "precision", "recall", "F1", "AUC", "AP")
    columns = dict.fromkeys(shares, three)
    st.dataframe(rows, hide_index=True, column_config=columns, placeholder="–", alt="Counts and metrics of each label")
    undefined = [p.name for p in points if areas[p.name].auc is None]
    if undefined:
        st.caption(
            f"AUC is undefined for {escape_markdown(join_names(undefined))}: all or none of the images have the label. "
            "The mean AUC is over the other labels."
        )
    st.caption(
        "TP, FN, FP, TN: true positives, false negatives, false positives, true negatives. AP: average precision. "
        "Recall has a Wilson interval."
    )


def label_errors_view(run: Run, predictions: "Predictions") -> None:
    """The most confident false positives and false negatives, of one label or of all."""
    read_renamed("errors", {"False alarms": FALSE_POSITIVES, "Misses": FALSE_NEGATIVES})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            "Label",
            ["all", *predictions.classes],
            format_func=shorten,
            key="error label",
            bind="query-params",
            width=260,
        )
        kind = st.segmented_control(
            "Errors",
            (FALSE_POSITIVES, FALSE_NEGATIVES),
            default=FALSE_POSITIVES,
            required=True,
            key="errors",
            bind="query-params",
        )
        most = choose_length()
        every = wrong_labels(
            predictions,
            predictions.logits.size,
            label=None if label == "all" else label,
            said=kind == FALSE_POSITIVES,
        )
        shown = every[:most]
        truths = {case.id: _truth(case) for case in shown}
        if shown:
            list_button(run, FILES[kind], lambda: every[:1000], truth=_truth, write=labels_csv)
    if not shown:
        st.write(f"No {kind.lower()} for {'any label' if label == 'all' else escape_markdown(label)} in this split.")
        return
    case_cards = [
        Card(
            run_thumbnail(run, case.id),
            name=case.id,
            item=case.id,
            truth=truths[case.id],
            predicted=_error(case),
            right=False,
            probability=case.probability,
        )
        for case in shown
    ]
    open_cards(
        case_cards,
        key=f"labels {kind}",
        side=140,
        source=pictures_of(run, predictions),
        entries=[Entry(case.id, _error(case), (case.label,)) for case in shown],
    )
    st.caption(f"{count(len(every), kind.lower()[:-1])}, most confident first. The bar is the label's probability.")
    with refusals(stop=False):
        by_id = {case.id: case for case in shown}  # one row per image: a review is of all its labels
        rows = [
            {"image": case.id, "true labels": truths[case.id], "error": _error(case), "p": percent(case.probability)}
            for case in by_id.values()
        ]  # fmt: skip
        if st.button("Review one by one", key="review labels", icon=":material/keyboard:"):
            review_queue(run.config.data, error_queue(predictions, run_dataset(run)))
        review_view(run, f"{label} {kind} {most}", rows=rows, truths=truths)


def _truth(case: "LabelCase") -> str:
    return "; ".join(case.labels) or "no label"


def _error(case: "LabelCase") -> str:
    return f"{'false positive' if case.said else 'false negative'}: {case.label}"


def co_occurrence_view(predictions: "Predictions") -> None:
    """How often labels occur on the same image, in truth and as predicted."""
    from clfcore.figures.matrices import co_occurrence_figure

    counts = co_occurrence(predictions)
    left, right = st.columns(2, gap="medium")
    with left:
        st.caption("True labels")
        chart(co_occurrence_figure(counts, dark=dark()), "together true")
    with right:
        st.caption("Predicted labels")
        chart(co_occurrence_figure(counts, predicted=True, dark=dark()), "together predicted")
    none = int((predictions.targets == 0).all(axis=1).sum())
    st.caption(
        f"{count(none)} of {count(len(predictions), 'image')} ({percent(none / len(predictions))}) "
        f"{'has' if none == 1 else 'have'} no label."
    )
