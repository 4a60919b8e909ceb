"""Operating point of one class against the rest: a threshold chosen on validation, and what it gives on the split."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation import curves, thresholds
from clfcore.runs.folder import Run
from ui.charts import chart, dark
from ui.formatting import count, ends, percent, rate, shorten
from ui.loaders import stored
from ui.messages import Number, metric_row
from ui.session import kept

if TYPE_CHECKING:
    from clfcore.evaluation.curves import Curves
    from clfcore.evaluation.intervals import Interval
    from clfcore.predictions import Predictions


GOALS = {"sensitivity": "Sensitivity", "precision": "Precision", "threshold": "Threshold"}


def operating_point_view(run: Run, predictions: "Predictions") -> None:
    """Sensitivity and specificity of one class at the operating point, with intervals, and both curves."""
    from clfcore.figures.binary_confusion import binary_confusion_figure
    from clfcore.figures.curves import precision_recall_figure, roc_figure

    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = predictions.classes
        last = len(names) - 1  # of two classes, the second is usually the positive one
        name = st.selectbox(
            "Positive class", names, last, format_func=shorten, key="positive", bind="query-params", width=260
        )
        goal = st.segmented_control(
            "Set by", list(GOALS), format_func=GOALS.__getitem__, default="sensitivity", required=True,
            key="move by", bind="query-params",
        )  # fmt: skip
        first = {"sensitivity": 0.95, "precision": 0.9, "threshold": 0.5}[goal]
        label = GOALS[goal] if goal == "threshold" else f"Minimum {goal} on validation"
        target = st.slider(
            label, 0.0 if goal == "threshold" else 0.5, 1.0, first, 0.01, **kept(f"wanted {goal}"), width=320
        )
    validation = stored(run, "validation")
    if validation.task.kind == "hierarchical":
        validation = validation.level(predictions.task.levels[-1].name)
    threshold = thresholds.choose_operating_point(validation, name, **{goal: target})
    report = thresholds.report_operating_point(predictions, name, threshold)
    point = report.point
    metric_row(
        [
            Number(
                "Threshold",
                rate(threshold),
                "set by hand" if goal == "threshold" else "chosen on validation, never on test",
            ),
            Number(
                "Sensitivity",
                percent(point.sensitivity),
                _of(point.true_positives, point.false_negatives, report.sensitivity),
            ),
            Number(
                "Specificity",
                percent(point.specificity),
                _of(point.true_negatives, point.false_positives, report.specificity),
            ),
            Number(
                "Precision",
                percent(point.precision),
                f"of {count(point.true_positives + point.false_positives, 'image')} predicted positive",
            ),
        ]
    )
    st.caption(f"On {predictions.split}: {point.describe()}")
    matrix, left, right = st.columns([3, 4, 4], gap="medium")
    with matrix:
        chart(binary_confusion_figure(point, dark=dark()), "operating matrix")
    with left:
        roc = curves.roc(predictions, classes=[name], pooled=False)
        figure = roc_figure(roc, point=point, dark=dark(), height=320)
        chart(figure.update_layout(showlegend=False), "operating roc")
        st.caption(f"Area under the ROC curve: {_area(roc)}. The diamond marks the threshold.")
    with right:
        pr = curves.precision_recall(predictions, classes=[name], pooled=False)
        figure = precision_recall_figure(pr, point=point, dark=dark(), height=320)
        chart(figure.update_layout(showlegend=False), "operating pr")
        st.caption(f"Average precision: {_area(pr)}.")
    st.caption(
        "These numbers hold for this dataset only: they may change with the source of the images, the device or the "
        "class distribution."
    )


def _area(curve: "Curves") -> str:
    """A dash where the class has no items in the split, or all."""
    return rate(curve.curves[0].area if curve.curves else None)


def _of(part: int, rest: int, interval: "Interval | None") -> str:
    if interval is None:
        return "no such image"
    return f"{count(part)} of {count(part + rest)}, 95% interval {ends(interval, share=True)}"
