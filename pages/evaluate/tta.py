"""Test-time augmentation: predictions averaged over several fixed views of an image, compared with the stored ones."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.evaluation.compare import compare
from clfcore.evaluation.metric_catalogue import METRICS
from clfcore.evaluation.metrics import evaluate_finest
from clfcore.progress import Progress
from clfcore.runs.folder import Run, open_run
from ui.formatting import percent, rate
from ui.jobs import background, result_beside
from ui.loaders import Files, by_files
from ui.messages import escape_markdown
from ui.pickers import VIEWS, VIEWS_HELP
from ui.session import AVERAGING_REQUESTED, kept

if TYPE_CHECKING:
    from clfcore.predictions import Predictions

# Those of them that the task has are shown.
_SHOWN = ("accuracy", "balanced_accuracy", "mean_average_precision", "macro_f1", "nll", "ece")


def tta_view(run: Run, predictions: "Predictions") -> None:
    """The split predicted from several views, compared with the stored predictions; and the command for it."""
    with st.expander("Test-time augmentation"):
        kind = st.segmented_control(
            "Views", [name for name in VIEWS if name != "none"], format_func=VIEWS.__getitem__, default="flip",
            required=True, **kept("views judged"), help=VIEWS_HELP,
        )  # fmt: skip
        st.code(f"python -m clfcore evaluate {run.id} --split {predictions.split} --views {kind}", language="bash")
        key = (str(run.path), predictions.split, kind)
        if st.button("Predict with test-time augmentation", key="views predict"):
            AVERAGING_REQUESTED.set(key)
        if AVERAGING_REQUESTED.get() != key:
            st.caption("Choose on validation, then evaluate once on test.")
            return
        averaged = result_beside(
            _predicted(str(run.path), split=predictions.split, kind=kind), "Decoding and predicting"
        )
        if averaged is not None:
            _compared(run, predictions, averaged)


def _compared(run: Run, predictions: "Predictions", averaged: "Predictions") -> None:
    """Metrics of both in a table, and whether the difference is significant."""
    if len(averaged.task.levels) > 1:
        averaged = averaged.level(predictions.task.levels[0].name)
    thresholds = run.thresholds if predictions.task.kind == "multi-label" else None
    before, after = (evaluate_finest(one, thresholds=thresholds).as_dict() for one in (predictions, averaged))
    rows = []
    for name in _SHOWN:
        if before.get(name) is not None and after.get(name) is not None:
            write = percent if METRICS[name].share else rate
            rows.append(
                {"metric": METRICS[name].title, "one view": write(before[name]), "averaged": write(after[name])}
            )
    st.dataframe(rows, hide_index=True, width="stretch", alt="Metrics of one view and averaged over views")
    pair = compare([("one view", predictions), ("averaged", averaged)]).pairs[0]
    st.caption(escape_markdown(pair.describe()))


@by_files
@background(entries=4)
def _predicted(progress: Progress, path: str, files: Files, *, split: str, kind: str) -> "Predictions":
    from clfcore.runs.open_classifier import classifier_of
    from clfcore.runs.tta import predict_split

    run = open_run(path)
    return predict_split(run, classifier_of(run), split, kind=kind, progress=progress)
