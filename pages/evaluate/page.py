"""How good is a run, and where does it fail?"""

import streamlit as st

from pages.evaluate.baselines import baselines_view
from pages.evaluate.calibration import calibration_view
from pages.evaluate.confusion import confusion_view
from pages.evaluate.curves import both_curves_view
from pages.evaluate.errors import mistakes_view
from pages.evaluate.operating_point import operating_view
from pages.evaluate.overview import choose_evaluated, classes_view, headline
from pages.evaluate.reports import report_buttons
from pages.evaluate.task_tabs import has_levels, label_tabs, level_tabs
from pages.evaluate.tta import tta_view
from ui.messages import refusals

st.title("How good is it, and where does it fail?")
st.caption(
    "Computed from the run's stored predictions of its best epoch; nothing is predicted again unless you ask for it."
)

run, predictions = choose_evaluated()
headline(predictions, run)
beside, reports = st.columns([5, 3], gap="medium")
with beside:
    baselines_view(run, predictions)
with reports:
    report_buttons(run)
tta_view(run, predictions)

if predictions.task.kind == "multi-label":
    label_tabs(run, predictions)
    st.stop()

names = ["Confusion", "Errors", "ROC and PR", "Each class", "Operating point", "Calibration"]
confused, errors, curves, classes, operating, calibrated = st.tabs(
    names, key="view", on_change="rerun", bind="query-params"
)
with refusals(stop=False):
    if confused.open:
        with confused:
            confusion_view(run, predictions)
    if errors.open:
        with errors:
            mistakes_view(run, predictions)
    if curves.open:
        with curves:
            both_curves_view(predictions)
    if classes.open:
        with classes:
            classes_view(run, predictions)
    if operating.open:
        with operating:
            operating_view(run, predictions)
    if calibrated.open:
        with calibrated:
            calibration_view(run, predictions)

if has_levels(run):
    level_tabs(run, predictions)
