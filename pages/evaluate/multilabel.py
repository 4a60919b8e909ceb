"""What Evaluate shows of several labels: movable thresholds, 2 x 2 counts, wrong decisions, labels together."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation.classification_report import per_class
from clfcore.evaluation.error_lists import labels_csv, wrong_labels
from clfcore.evaluation.intervals import wilson
from clfcore.evaluation.multilabel import co_occurrence
from clfcore.evaluation.multilabel import panels as counted
from clfcore.evaluation.operating_point import operating_point
from clfcore.evaluation.threshold_sweep import threshold_curve
from clfcore.evaluation.thresholds import choose_label_thresholds
from clfcore.runs.folder import Run
from clfcore.runs.thresholds import keep_thresholds
from pages.evaluate.closeup import Item, close_view
from pages.evaluate.label_panels import panels
from pages.evaluate.review import list_button, review_view
from ui.cards import Card, cards
from ui.charts import chart, dark
from ui.formatting import count, percent, rate, shorten
from ui.loaders import run_thumbnail, stored
from ui.messages import Number, escape_markdown, metric_row, refusals

if TYPE_CHECKING:
    from clfcore.evaluation.error_lists import Review
    from clfcore.evaluation.multilabel import LabelCase, Thresholds
    from clfcore.predictions import Predictions


GOALS = {"f1": "Highest F1", "precision": "A wanted precision", "recall": "A wanted recall", "half": "0.5 each"}


def thresholds_view(run: Run, predictions: "Predictions") -> None:
    """A label's curve with a movable threshold and its counts, and the choice of all thresholds on validation."""
    from clfcore.figures.threshold_sweep import threshold_curve_figure

    kept = predictions.thresholds or (0.5,) * len(predictions.classes)
    left, right = st.columns([3, 2], gap="medium")
    with right:
        label = st.selectbox("Label", predictions.classes, format_func=shorten, key="label", bind="query-params")
        stored = kept[predictions.classes.index(label)]
        threshold = st.slider(
            "Threshold", 0.0, 1.0, round(float(stored), 3), 0.005, key=f"threshold {run.id} {label} {stored}"
        )
        point = operating_point(predictions, label, threshold=threshold)
        st.caption(point.describe())
        metric_row(
            [
                Number("Found", f"{count(point.true_positives)}", f"missed {count(point.false_negatives)}"),
                Number("False alarms", f"{count(point.false_positives)}", f"let pass {count(point.true_negatives)}"),
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
    """All thresholds anew, from validation; what is kept here is what Predict uses."""
    with st.expander("Choose all thresholds on validation"):
        goal = st.segmented_control(
            "By", list(GOALS), format_func=GOALS.__getitem__, default="f1", required=True, key="goal"
        )
        wanted = 0.9
        if goal in ("precision", "recall"):
            wanted = st.slider("At least", 0.05, 1.0, 0.9, 0.05, key="wanted")
        if st.button("Keep for this run"):
            with refusals():
                left = _keep(run, goal, wanted)
            if left is not None and left.left:
                names = ", ".join(left.left[:6])
                st.session_state["thresholds said"] = f"0.5 stays for {names}: validation cannot say more."
            st.rerun()
        st.caption(
            escape_markdown(st.session_state.pop("thresholds said", "")) or "Predict and the numbers above use them."
        )


def _keep(run: Run, goal: str, wanted: float) -> "Thresholds | None":
    chosen = choose_label_thresholds(stored(run, "validation"), goal, wanted=wanted)
    keep_thresholds(run, chosen)
    return chosen


def panels_view(run: Run, predictions: "Predictions") -> None:
    """The 2 x 2 counts of each label at its threshold, as panels and as a table; click a heading to sort."""
    points = counted(predictions)
    panels(points)
    areas = {row.name: row for row in per_class(predictions)}
    rows = []
    for p in points:
        low, high = wilson(p.true_positives, p.true_positives + p.false_negatives) or (None, None)
        rows.append(
            {
                "label": p.name,
                "threshold": p.threshold,
                "found": p.true_positives,
                "missed": p.false_negatives,
                "false alarms": p.false_positives,
                "let pass": p.true_negatives,
                "precision": p.precision,
                "recall": p.sensitivity,
                "recall from": low,
                "to": high,
                "F1": p.f1,
                "AUC": areas[p.name].auc,
                "average precision": areas[p.name].average_precision,
            }
        )
    three = st.column_config.NumberColumn(format="%.3f")
    shares = ("threshold", "precision", "recall", "recall from", "to", "F1", "AUC", "average precision")
    st.dataframe(rows, hide_index=True, column_config=dict.fromkeys(shares, three), alt="2 x 2 counts of each label")
    undefined = [row["label"] for row in rows if row["AUC"] is None]
    if undefined:
        st.caption(
            f"The area under the curve is undefined for {escape_markdown(', '.join(undefined[:8]))}: all or none "
            f"of the pictures "
            "have the label. It is left out of the mean."
        )
    st.caption("Recall from … to: 95 % Wilson interval.")


def label_errors_view(run: Run, predictions: "Predictions") -> None:
    """The surest false alarms and misses, of one label or of all."""
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
            ("False alarms", "Misses"),
            default="False alarms",
            required=True,
            key="errors",
            bind="query-params",
        )
        most = st.segmented_control(
            "How many", (12, 24, 48), default=12, required=True, key="shown", bind="query-params"
        )
        every = wrong_labels(
            predictions,
            predictions.logits.size,
            label=None if label == "all" else label,
            said=kind == "False alarms",
        )
        wanted = every[:most]
        truths = {case.id: _truth(case) for case in wanted}
        if wanted:
            list_button(run, kind.lower().replace(" ", "-"), lambda: every[:1000], _truth, _list_csv)
    if not wanted:
        st.write(f"No {kind.lower()} of {escape_markdown(label)} in this split.")
        return
    shown = [
        Card(
            run_thumbnail(run, case.id),
            name=case.id,
            truth=truths[case.id],
            predicted=f"{'says' if case.said else 'misses'} {case.label}",
            right=False,
            probability=case.probability,
        )
        for case in wanted
    ]
    cards(shown, side=140)
    st.caption(f"{count(len(every), 'decision')} of this kind; the surest first. The bar is the label's probability.")
    with refusals(stop=False):
        by_id = {case.id: case for case in wanted}  # one line a picture: a verdict is of all its labels
        rows = [
            {"picture": case.id, "true": truths[case.id], "error": f"{'says' if case.said else 'misses'} {case.label}",
             "of the label": percent(case.probability)}
            for case in by_id.values()
        ]  # fmt: skip
        review_view(run, f"{label} {kind} {most}", rows, truths)
        close_view(run, predictions.split, predictions.task.levels[-1].name, [_item(predictions, c) for c in wanted])


def _truth(case: "LabelCase") -> str:
    return "; ".join(case.labels) or "no label"


def _list_csv(found: "Sequence[LabelCase]", said: "Mapping[str, Review]") -> str:
    return labels_csv(found, said)


def _item(predictions: "Predictions", case: "LabelCase") -> Item:
    """Maps for the label in question, and for the likeliest one beside it."""
    p = predictions.row(case.index)
    first = sorted(range(len(p)), key=lambda i: -p[i])
    own = predictions.classes.index(case.label)
    beside = next((i for i in first if i != own), own)
    return Item(
        id=case.id,
        title=f"{'says' if case.said else 'misses'} {case.label}",
        targets={i: predictions.classes[i] for i in dict.fromkeys((own, beside))},
        truth=case.labels,
        top=tuple((predictions.classes[i], p[i]) for i in first[:5]),
    )


def together_view(run: Run, predictions: "Predictions") -> None:
    """Labels that stand on one picture, in truth and as predicted."""
    from clfcore.figures.matrices import co_occurrence_figure

    found = co_occurrence(predictions)
    left, right = st.columns(2, gap="medium")
    with left:
        st.caption("True labels")
        chart(co_occurrence_figure(found, dark=dark()), "together true")
    with right:
        st.caption("Predicted labels")
        chart(co_occurrence_figure(found, predicted=True, dark=dark()), "together predicted")
    none = int((predictions.targets == 0).all(axis=1).sum())
    st.caption(
        f"{count(none, 'picture')} of {count(len(predictions))} ({percent(none / len(predictions))}) has no label."
    )
