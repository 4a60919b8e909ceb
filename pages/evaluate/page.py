"""Evaluate: how good a run is, and where it fails."""

import streamlit as st

from clfcore.runs.index import listed
from pages.evaluate.calibration import calibration_view
from pages.evaluate.classes import classes_view
from pages.evaluate.confusion import confusion_view
from pages.evaluate.curves import curves_view
from pages.evaluate.errors import errors_view
from pages.evaluate.hierarchy import branches_view, drill_down_view
from pages.evaluate.multilabel import co_occurrence_view, label_errors_view, labels_view, thresholds_view
from pages.evaluate.operating_point import operating_point_view
from pages.evaluate.overview import baselines_view, choose_evaluated, headline
from pages.evaluate.prediction_sets import prediction_sets_view
from pages.evaluate.reports import report_buttons
from pages.evaluate.robustness import robustness_view
from pages.evaluate.slices import slices_view
from pages.evaluate.tta import tta_view
from pages.evaluate.unknown import unknown_view
from ui.pickers import tabs
from ui.runs.next_steps import next_steps

st.title("Evaluate")
st.caption(
    "How good is a run, and where does it fail? Computed from the stored predictions of its best epoch; nothing is "
    "predicted again unless you ask for it."
)

run, predictions = choose_evaluated()
headline(run, predictions)
left, right = st.columns([5, 3], gap="medium")
with left:
    baselines_view(run, predictions)
with right:
    report_buttons(run)
tta_view(run, predictions)
next_steps(listed(run), here="evaluate")

if predictions.task.kind == "multi-label":
    tabs(
        {
            "Thresholds": lambda: thresholds_view(run, predictions),
            "Per label": lambda: labels_view(predictions),
            "False positives and negatives": lambda: label_errors_view(run, predictions),
            "Co-occurrence": lambda: co_occurrence_view(predictions),
            "ROC and PR": lambda: curves_view(predictions),
            "Operating point": lambda: operating_point_view(run, predictions),
            "Calibration": lambda: calibration_view(run, predictions),
        },
        key="labels view",
        renamed={
            "Each label": "Per label",
            "False alarms and misses": "False positives and negatives",
            "Labels together": "Co-occurrence",
        },
    )
else:
    tabs(
        {
            "Confusion": lambda: confusion_view(run, predictions),
            "Errors": lambda: errors_view(run, predictions),
            "ROC and PR": lambda: curves_view(predictions),
            "Per class": lambda: classes_view(run, predictions),
            "Operating point": lambda: operating_point_view(run, predictions),
            "Calibration": lambda: calibration_view(run, predictions),
        },
        key="view",
        renamed={"Each class": "Per class"},
    )

if run.data.task is not None and run.data.task.kind == "hierarchical":
    st.subheader("Hierarchy", anchor=False)
    tabs(
        {
            "Accuracy by branch": lambda: branches_view(run, predictions.split),
            "Drill down": lambda: drill_down_view(run, predictions.split),
        },
        key="hierarchy view",
        renamed={"Right by branch": "Accuracy by branch", "Open a class": "Drill down"},
    )

st.subheader("How far it can be trusted", anchor=False)
tabs(
    {
        "None of these": lambda: unknown_view(run),
        "Prediction sets": lambda: prediction_sets_view(run, predictions),
        "Slices": lambda: slices_view(run, predictions),
        "Robustness": lambda: robustness_view(run),
    },
    key="limits view",
)
