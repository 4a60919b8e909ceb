"""ROC and precision-recall curves of each class against the rest."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation import curves
from ui.charts import chart, dark
from ui.formatting import shorten

if TYPE_CHECKING:
    from clfcore.predictions import Predictions

KINDS = ("ROC", "Precision and recall")
MOST = 20  # curves that can still be told apart


def both_curves_view(predictions: "Predictions") -> None:
    """The curves with their areas; of many classes, those that are chosen, with micro and macro averages over all."""
    from clfcore.figures.curves import precision_recall_figure, roc_figure

    names = predictions.classes
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control("Curve", KINDS, default=KINDS[0], required=True, key="curve", bind="query-params")
        chosen = None
        if len(names) > 8:
            chosen = st.multiselect(
                "Classes", names, names[:8], format_func=shorten, key="curve classes", max_selections=MOST
            )
    if kind == KINDS[0]:
        chart(roc_figure(curves.roc(predictions, classes=chosen or None), dark=dark(), height=460), "roc")
        st.caption(
            "The dotted diagonal is guessing. Hover a curve for its thresholds.",
            help="Each class against all others; the area is the chance that a picture of the class scores higher than "
            "another one. Fawcett, 2006.",
        )
    else:
        found = curves.precision_recall(predictions, classes=chosen or None)
        chart(precision_recall_figure(found, dark=dark(), height=460), "pr")
        st.caption(
            "The number behind a class is its average precision; guessing reaches the class's share of the pictures.",
            help="For rare classes it says more than ROC: false alarms are set against hits, not against the many "
            "others. Saito and Rehmsmeier, 2015.",
        )
