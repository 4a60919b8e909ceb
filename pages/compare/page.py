"""Compare: which run is better, whether the difference is significant, and what it costs."""

import streamlit as st

from clfcore.architectures.catalogue import networks_at_hand
from pages.compare.classes import classes_view
from pages.compare.costs import cost_view, measure_costs
from pages.compare.curves import curves_view
from pages.compare.disagreements import disagreements_view
from pages.compare.ensemble import ensemble_view
from pages.compare.one_image import one_image_view
from pages.compare.paired import best_pair_view, paired_view
from pages.compare.reports import report_button
from pages.compare.searches import searches
from pages.compare.selection import choose_compared, compared_table
from pages.compare.sweep import train_to_compare
from ui.formatting import count
from ui.photos.tab import tab_photos
from ui.pickers import MOST, tabs

st.title("Compare")
st.caption(
    "Which run is better, and is the difference significant? From stored predictions on the same images; nothing is "
    "predicted again."
)

at_hand = networks_at_hand()[:MOST]
if len(at_hand) > 1:
    st.page_link(
        "pages/predict/page.py",
        label=f"Or compare {count(len(at_hand), 'pretrained network')} on one photo",
        icon=":material/arrow_forward:",
        query_params={"model": at_hand, **({} if tab_photos() else {"sample": "coffee"})},
    )
train_to_compare()
searches()
sides = choose_compared()
compared_table(sides)
measure_costs(sides)
left, right = st.columns([5, 3], gap="medium")
with left:
    comparable = best_pair_view(sides)
with right:
    if comparable:
        report_button(sides)

tabs(
    {
        "Paired tests": lambda: paired_view(sides),
        "Training curves": lambda: curves_view(sides),
        "Accuracy vs. cost": lambda: cost_view(sides),
        "Disagreements": lambda: disagreements_view(sides),
        "Per class": lambda: classes_view(sides),
        "One image": lambda: one_image_view(sides),
        "Ensemble": lambda: ensemble_view(sides),
    },
    key="view",
    renamed={
        "Curves": "Training curves",
        "Accuracy against cost": "Accuracy vs. cost",
        "Where they differ": "Disagreements",
        "Class by class": "Per class",
    },
)
