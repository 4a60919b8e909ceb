"""Stored predictions, and what is computed of them: read and reckoned once, kept between reruns within bounds."""

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import streamlit as st

from clfcore.evaluation.classification_report import per_class
from clfcore.evaluation.intervals import headline
from clfcore.evaluation.metrics import evaluate
from clfcore.runs.folder import Run, open_run

if TYPE_CHECKING:
    from clfcore.evaluation.classification_report import ClassRow
    from clfcore.evaluation.metrics import Metrics
    from clfcore.predictions import Predictions

ROOM = 700 << 20  # bytes of logits that stay in memory, for all sessions: 50,000 x 1,000 take 200 MB
Key = tuple[str, str, str, float]

_kept: "OrderedDict[tuple[str, str, float], Predictions]" = OrderedDict()
_lock = threading.Lock()


def stored(run: Run, split: str) -> "Predictions":
    """A split's predictions; those that were not asked for longest make room. Raises InputError where damaged."""
    key = (str(run.path), split, run.predicted_at(split))
    with _lock:
        if key not in _kept:
            _kept[key] = open_run(str(run.path)).predictions(split)
        _kept.move_to_end(key)
        while len(_kept) > 1 and sum(found.logits.nbytes for found in _kept.values()) > ROOM:
            _kept.popitem(last=False)
        return _kept[key]


def key_of(run: Run, predictions: "Predictions") -> Key:
    """What results are kept under: the run's folder, the finest level, the split, the time of its files."""
    return str(run.path), predictions.task.levels[-1].name, predictions.split, run.predicted_at(predictions.split)


@st.cache_data(show_spinner=False, max_entries=64)
def scores(key: Key, _predictions: "Predictions") -> "Metrics":
    return evaluate(_predictions)


@st.cache_data(show_spinner="Drawing resamples for the intervals", max_entries=64)
def intervals(key: Key, _predictions: "Predictions") -> dict[str, Any]:
    """Metric -> its 95 % interval, or None."""
    return headline(_predictions)


@st.cache_data(show_spinner=False, max_entries=16)
def class_rows(key: Key, _predictions: "Predictions") -> "tuple[ClassRow, ...]":
    """Precision, recall, F1 and areas of each class or label."""
    return per_class(_predictions)
