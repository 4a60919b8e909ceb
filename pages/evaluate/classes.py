"""Per class: precision, recall, F1, AUC and support of each class, and the images behind them."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation import errors
from clfcore.runs.folder import Run
from pages.evaluate.errors import open_cases
from ui.formatting import count
from ui.loaders import class_rows, key_of
from ui.messages import escape_markdown
from ui.session import kept

if TYPE_CHECKING:
    from clfcore.predictions import Predictions


def classes_view(run: Run, predictions: "Predictions") -> None:
    """Metrics of each class in a table, and the images of the selected one."""
    metric = st.column_config.NumberColumn(format="%.3f")
    rows = [
        {"class": r.name, "precision": r.precision, "recall": r.recall, "F1": r.f1, "AUC": r.auc, "images": r.support}
        for r in class_rows(key_of(run, predictions), predictions)
    ]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chosen = st.dataframe(
            rows,
            hide_index=True,
            height="content" if len(rows) <= 15 else 563,
            column_config=dict.fromkeys(("precision", "recall", "F1", "AUC"), metric),
            key=f"classes {run.id} {predictions.split} {predictions.task.levels[-1].name}",
            on_select="rerun",
            selection_mode="single-row",
            placeholder="–",
            alt="Precision, recall, F1, AUC and support of each class",
        )["selection"]["rows"]
    with right:
        if chosen:
            _images(run, predictions, chosen[0])
        else:
            st.write("Select a class to see its false negatives, false positives and true positives.")


def _images(run: Run, predictions: "Predictions", index: int) -> None:
    name = predictions.classes[index]
    groups: dict[str, list[int]] = {
        "False negatives": errors.cell(predictions, index, None, errors_only=True).tolist(),
        "False positives": errors.cell(predictions, None, index, errors_only=True).tolist(),
        "True positives": errors.cell(predictions, index, index).tolist(),
    }
    group = st.segmented_control(
        escape_markdown(name), list(groups), format_func=lambda name: f"{name} ({count(len(groups[name]))})",
        default="False negatives", required=True, **kept("class group"),
    )  # fmt: skip
    if not groups[group]:
        st.write("No images in this group.")
        return
    open_cases(run, predictions, groups[group], key=f"class {index} {group}")
