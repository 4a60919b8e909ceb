"""Which run is better, is the difference real, and what does it cost?"""

import streamlit as st

from pages.compare.costs import cost_view, measure_costs
from pages.compare.disagreements import differ_view, ensemble_view, moved_view
from pages.compare.one_image import same_view
from pages.compare.reports import report_button
from pages.compare.selection import choose_compared, compared_table, overlaid_view, paired_view, paired_words
from pages.compare.sweep import train_to_compare
from ui.messages import refusals

st.title("Which run is better, and is the difference real?")
st.caption("From stored predictions on the same images: nothing is predicted again.")

train_to_compare()
sides = choose_compared()
compared_table(sides)
measure_costs(sides)
words, reports = st.columns([5, 3], gap="medium")
with words:
    paired_words(sides)
with reports:
    report_button(sides)

VIEWS = {
    "Paired tests": paired_view,
    "Curves": overlaid_view,
    "Accuracy against cost": cost_view,
    "Where they differ": differ_view,
    "Class by class": moved_view,
    "One image": same_view,
    "Ensemble": ensemble_view,
}
for tab, view in zip(
    st.tabs(list(VIEWS), key="view", on_change="rerun", bind="query-params"), VIEWS.values(), strict=True
):
    if tab.open:
        with tab, refusals(stop=False):
            view(sides)
