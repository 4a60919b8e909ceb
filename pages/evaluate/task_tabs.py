"""Which tabs of Evaluate a task has beyond those of single labels."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.runs.folder import Run
from pages.evaluate.calibration import calibration_view
from pages.evaluate.curves import both_curves_view
from pages.evaluate.hierarchy import hierarchy_view, opened_view
from pages.evaluate.multilabel import label_errors_view, panels_view, thresholds_view, together_view
from pages.evaluate.operating_point import operating_view
from ui.messages import refusals

if TYPE_CHECKING:
    from clfcore.predictions import Predictions


def has_levels(run: Run) -> bool:
    return run.data.get("task", {}).get("kind") == "hierarchical"


def label_tabs(run: Run, predictions: "Predictions") -> None:
    """Several labels: thresholds, counts, errors, labels together, and the views that other tasks have too."""
    views = {
        "Thresholds": thresholds_view,
        "Each label": panels_view,
        "False alarms and misses": label_errors_view,
        "Labels together": together_view,
        "ROC and PR": lambda _, shown: both_curves_view(shown),
        "Operating point": operating_view,
        "Calibration": calibration_view,
    }
    _tabs(views, run, predictions, key="labels view")


def level_tabs(run: Run, predictions: "Predictions") -> None:
    """A hierarchy as a whole."""
    st.subheader("The hierarchy", anchor=False)
    views = {"Right by branch": hierarchy_view, "Open a class": opened_view}
    _tabs(views, run, predictions.split, key="hierarchy view")


def _tabs(views: dict, run: Run, shown: object, *, key: str) -> None:
    tabs = st.tabs(list(views), key=key, on_change="rerun", bind="query-params")
    for tab, view in zip(tabs, views.values(), strict=True):
        if tab.open:
            with tab, refusals(stop=False):
                view(run, shown)
