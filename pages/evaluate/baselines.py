"""What stands beside the headline: what needs no learning, and every number with its interval."""

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from clfcore.evaluation.baselines import baselines
from clfcore.evaluation.metrics import METRICS
from clfcore.runs.folder import Run
from pages.evaluate.overview import INTERVALS, written_ends
from ui.formatting import percent, rate, shorten
from ui.loaders import intervals, key_of, scores
from ui.messages import escape_markdown

if TYPE_CHECKING:
    from clfcore.evaluation.baselines import Baselines
    from clfcore.predictions import Predictions


def baselines_view(run: Run, predictions: "Predictions") -> None:
    """A line with the two baselines, and on demand a table of all metrics with 95 % intervals beside them."""
    found = baselines(predictions, train_counts=_train_counts(run, predictions))
    if found is None:
        return
    st.caption(_line(found, quick=len(predictions) <= INTERVALS))
    more = st.expander("Every number with its 95\u00a0% interval and the baselines", on_change="rerun", key="intervals")
    if not more.open:
        return
    key = key_of(run, predictions)
    values, ends = scores(key, predictions).as_dict(), intervals(key, predictions)
    rows = []
    for name, metric in METRICS.items():
        if name not in values:
            continue
        write = percent if metric.share else rate
        rows.append(
            {
                "metric": metric.title,
                "this run": write(values[name]),
                "95 % interval": written_ends(ends.get(name), share=metric.share),
                "most frequent class": write(found.majority.get(name)),
                "even guesses": write(found.chance.get(name)),
            }
        )
    with more:
        st.dataframe(rows, hide_index=True, alt="Metrics with intervals and baselines")
        st.caption("Wilson intervals for shares of images, a bootstrap of 1,000 resamples for the rest.")


def _line(found: "Baselines", *, quick: bool) -> str:
    name = "accuracy" if "accuracy" in found.majority else "subset_accuracy"
    answer = escape_markdown(shorten(found.majority_answer, 40))
    guesses, majority = percent(found.chance.get(name)), percent(found.majority[name])
    below = "Below each number its 95\u00a0% interval. " if quick else ""
    return f"{below}Without learning: even guesses reach {guesses}, always answering “{answer}” reaches {majority}."


def _train_counts(run: Run, predictions: "Predictions") -> Any:
    """Items of each class in training, where the run tells them of exactly these classes."""
    counts = run.data.get("train_counts", [])
    usable = predictions.task.kind == "single-label" and len(counts) == len(predictions.classes)
    return np.asarray(counts, np.int64) if usable else None
