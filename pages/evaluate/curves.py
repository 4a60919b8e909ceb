"""Receiver operating characteristic (ROC) and precision-recall curves, one class against the rest."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation import curves
from clfcore.evaluation.missing_classes import missing_classes
from ui.charts import chart, dark
from ui.formatting import count, join_names, shorten
from ui.messages import escape_markdown
from ui.session import kept

if TYPE_CHECKING:
    from clfcore.predictions import Predictions

KINDS = ("ROC", "Precision and recall")
FIRST = 8  # classes drawn until others are chosen
MOST = 20  # curves that can still be told apart


def curves_view(predictions: "Predictions") -> None:
    """The curves with their areas; of many classes the chosen ones, and micro and macro averages over all."""
    from clfcore.figures.curves import precision_recall_figure, roc_figure

    names = predictions.classes
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control("Curve", KINDS, default=KINDS[0], required=True, key="curve", bind="query-params")
        chosen = None
        if len(names) > FIRST:
            chosen = st.multiselect(
                "Classes", names, names[:FIRST], format_func=shorten, **kept("curve classes"), max_selections=MOST
            )
    if len(names) > FIRST:
        shown = chosen or names[:FIRST]
        others = [name for name in names if name not in shown]
        text = f"Drawn: {len(shown)} of {count(len(names), 'class')}; the averages are over all of them."
        st.caption(escape_markdown(f"{text} Without a curve: {join_names(others)}." if others else text))
    if missing := missing_classes(predictions).describe():
        st.caption(escape_markdown(missing))
    if kind == KINDS[0]:
        chart(roc_figure(curves.roc(predictions, classes=chosen or None), dark=dark(), height=460), "roc")
        st.caption(
            "The dotted diagonal is random guessing. Hover over a curve for its thresholds.",
            help="One class against all others. The area under the curve (AUC) is the probability that an image of the "
            "class scores higher than one of another class. Fawcett, 2006.",
        )
    else:
        pr = curves.precision_recall(predictions, classes=chosen or None)
        chart(precision_recall_figure(pr, dark=dark(), height=460), "pr")
        st.caption(
            "AP is the average precision of a class; random guessing reaches the class's share of images.",
            help="For rare classes it is more informative than ROC: false positives are compared with true positives, "
            "not with the many negatives. Saito and Rehmsmeier, 2015.",
        )
