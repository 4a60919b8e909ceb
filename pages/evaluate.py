"""How good is a run, and where does it fail?"""

import streamlit as st

import ui

st.title("How good is it, and where does it fail?")
st.caption(
    "Computed from the run's stored predictions of its best epoch; nothing is predicted again unless you ask for it."
)

run, predictions = ui.choose_judged()
ui.headline(predictions, run)
beside, reports = st.columns([5, 3], gap="medium")
with beside:
    ui.baselines_beside(run, predictions)
with reports:
    ui.report_buttons(run)
ui.averaged_beside(run, predictions)

if predictions.task.kind == "multi-label":
    ui.label_tabs(run, predictions)
    st.stop()

names = ["Confusion", "Errors", "ROC and PR", "Each class", "Operating point", "Calibration"]
confused, errors, curves, classes, operating, calibrated = st.tabs(
    names, key="view", on_change="rerun", bind="query-params"
)
with ui.refusals(stop=False):
    if confused.open:
        with confused:
            ui.confusion_view(run, predictions)
    if errors.open:
        with errors:
            ui.mistakes_view(run, predictions)
    if curves.open:
        with curves:
            ui.both_curves_view(predictions)
    if classes.open:
        with classes:
            ui.classes_view(run, predictions)
    if operating.open:
        with operating:
            ui.operating_view(run, predictions)
    if calibrated.open:
        with calibrated:
            ui.calibration_view(run, predictions)

if ui.has_levels(run):
    ui.level_tabs(run, predictions)
