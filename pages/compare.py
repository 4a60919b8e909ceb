"""Which run is better, is the difference real, and what does it cost?"""

import streamlit as st

import ui

st.title("Which run is better, and is the difference real?")
st.caption("From stored predictions on the same images: nothing is predicted again.")

ui.train_to_compare()
sides = ui.choose_compared()
ui.compared_table(sides)
ui.measure_costs(sides)
words, reports = st.columns([5, 3], gap="medium")
with words:
    ui.paired_words(sides)
with reports:
    ui.compare_report(sides)

VIEWS = {
    "Paired tests": ui.paired_view,
    "Curves": ui.overlaid_view,
    "Accuracy against cost": ui.cost_view,
    "Where they differ": ui.differ_view,
    "Class by class": ui.moved_view,
    "One image": ui.same_view,
    "Ensemble": ui.ensemble_view,
}
for tab, view in zip(
    st.tabs(list(VIEWS), key="view", on_change="rerun", bind="query-params"), VIEWS.values(), strict=True
):
    if tab.open:
        with tab, ui.refusals(stop=False):
            view(sides)
