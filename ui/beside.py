"""What stands beside the headline: what needs no learning, and every number with its interval."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from clfcore.runs.store import Run
from ui.feedback import plain
from ui.judge import METRICS
from ui.words import percent, rate, shorten

if TYPE_CHECKING:
    from clfcore.evaluation.baselines import Baselines
    from clfcore.predictions import Predictions


def baselines_beside(run: Run, predictions: "Predictions") -> None:
    """A line with the two baselines, and on demand a table of all metrics with 95 % intervals beside them."""
    from clfcore.evaluation.baselines import baselines

    found = baselines(predictions, train_counts=_train_counts(run, predictions))
    if found is None:
        return
    st.caption(_line(found))
    more = st.expander("Every number with its 95\u00a0% interval and the baselines", on_change="rerun", key="intervals")
    if not more.open:
        return
    changed = run.predicted_at(predictions.split)
    values, ends = _numbers(str(run.path), predictions.task.levels[-1].name, predictions.split, changed, predictions)
    rows = []
    for name in ("accuracy", *METRICS):
        if name not in values:
            continue
        label, share, _ = METRICS.get(name, ("Accuracy", True, ""))
        write = percent if share else rate
        rows.append(
            {
                "metric": label,
                "this run": write(values[name]),
                "95 % interval": _ends(ends.get(name), share=share),
                "most frequent class": write(found.majority.get(name)),
                "even guesses": write(found.chance.get(name)),
            }
        )
    with more:
        st.dataframe(rows, hide_index=True, alt="Metrics with intervals and baselines")
        st.caption("Wilson intervals for shares of images, a bootstrap of 1,000 resamples for the rest.")


def _line(found: "Baselines") -> str:
    name = "accuracy" if "accuracy" in found.majority else "subset_accuracy"
    answer = plain(shorten(found.majority_answer, 40))
    guesses, majority = percent(found.chance.get(name)), percent(found.majority[name])
    return f"Without learning: even guesses reach {guesses}, always answering “{answer}” reaches {majority}."


def _train_counts(run: Run, predictions: "Predictions") -> Any:
    """Items of each class in training, where the run tells them of exactly these classes."""
    import numpy as np

    counts = run.data.get("train_counts", [])
    usable = predictions.task.kind == "single-label" and len(counts) == len(predictions.classes)
    return np.asarray(counts, np.int64) if usable else None


@st.cache_data(show_spinner="Drawing resamples for the intervals", max_entries=16)
def _numbers(path: str, level: str, split: str, changed: float, _predictions: "Predictions") -> tuple[dict, dict]:
    from clfcore.evaluation.intervals import headline
    from clfcore.evaluation.metrics import evaluate

    return evaluate(_predictions).as_dict(), headline(_predictions)


def _ends(interval: Any, *, share: bool) -> str:
    if interval is None:
        return "–"
    low, high = interval
    return f"{100 * low:.1f} to {100 * high:.1f}" if share else f"{rate(low)} to {rate(high)}"
