"""Ensemble: the mean of the probabilities of several runs, and its gain over each member."""

from collections.abc import Sequence

import streamlit as st

from clfcore.evaluation.ensembles import ensemble, gains
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.evaluation.metrics import evaluate_finest
from pages.compare.selection import Side, side_names
from ui.charts import chart, dark
from ui.formatting import percent
from ui.messages import escape_markdown, refusals
from ui.session import kept


def ensemble_view(sides: Sequence[Side]) -> None:
    """The chosen members, the accuracy of their mean, and the paired test against each."""
    from clfcore.figures.paired_comparison import differences_figure

    names = [side.name for side in sides]
    chosen = st.multiselect("Members", names, names, **kept(f"members {names}"))
    if len(chosen) < 2:
        st.write("An ensemble needs at least two members.")
        return
    with refusals():
        runs = side_names([side for side in sides if side.name in chosen])
        averaged, differences = ensemble(runs), gains(runs)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chart(differences_figure(differences, dark=dark()), "gains")
    with right:
        values = evaluate_finest(averaged).as_dict()
        name = "accuracy" if "accuracy" in values else "subset_accuracy"
        st.metric(f"{METRICS[name].title} of the ensemble", percent(values[name] or 0))
        for gain in differences:
            st.markdown(("**≠** " if gain.better else "**≈** ") + escape_markdown(gain.describe()))
    st.caption(
        "The ensemble averages the members' probabilities and costs as much as all of them together. Each gain is "
        "tested on its own, against one member."
    )
