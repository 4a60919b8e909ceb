"""How good is a run, and where does it fail?"""

import streamlit as st

import ui

st.title("How good is it, and where does it fail?")
st.caption("Computed from the run's stored predictions of its best epoch; nothing is predicted again.")

run, predictions = ui.choose_judged()
ui.headline(predictions)

if predictions.task.kind == "multi-label":
    ui.classes_view(predictions)
    st.stop()

confused, errors, curves, classes = st.tabs(
    ["Confusion", "Most confident errors", "ROC", "Each class"], key="view", on_change="rerun", bind="query-params"
)
with ui.refusals(stop=False):
    if confused.open:
        with confused:
            ui.confusion_view(run, predictions)
    if errors.open:
        with errors:
            ui.errors_view(run, predictions)
    if curves.open:
        with curves:
            ui.curves_view(predictions)
    if classes.open:
        with classes:
            ui.classes_view(predictions)
