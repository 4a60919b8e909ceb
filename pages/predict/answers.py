"""Predictions of a photo by task: top classes, labels with thresholds, or a path; and all of them as CSV."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import streamlit as st

from clfcore.errors import Failure, InputError
from clfcore.files import runs_folder
from clfcore.photos import Photo
from clfcore.runs.folder import Run
from clfcore.spreadsheet import csv_text
from ui.cards import bar, top_bars
from ui.formatting import percent, shorten
from ui.loaders import PhotoPrediction
from ui.pickers import answer_of
from ui.session import STOP_BELOW_CONFIDENCE, kept

BARS = 12  # of labels, where fewer reach their thresholds


def choose_certainty(models: Sequence[str]) -> None:
    """Where a classifier is hierarchical: the confidence at which its path stops."""
    if any(_kind(name) == "hierarchical" for name in models):
        st.slider(
            "Stop below confidence",
            0.0,
            1.0,
            0.0,
            0.05,
            **kept(STOP_BELOW_CONFIDENCE.key),
            help="A path goes from the coarsest level to the finest, with less confidence at each step. 0 always goes "
            "to the finest level.",
        )


def answer_html(prediction: PhotoPrediction, *, sure: float = 0.0, below: str = "") -> str:
    """HTML of the prediction: top classes of each level with their path, or each label on its own; `below` under it."""
    if prediction.thresholds:
        return f'<div class="clf-said">{_labels(prediction)}{below}</div>'
    path = _path(prediction, sure) if prediction.path else ""
    bars = "".join(top_bars(rows, level) for level, rows in prediction.levels)
    return f'<div class="clf-said">{path}{bars}{below}</div>'


def _labels(prediction: PhotoPrediction) -> str:
    """Independent bars with the thresholds marked; a tick where a threshold is reached."""
    thresholds, rows = dict(prediction.thresholds), []
    predicted = sum(p >= thresholds[label] for label, p in prediction.top)
    for label, p in prediction.top[: max(BARS, predicted)]:
        reached = p >= thresholds[label]
        mark = "✓" if reached else "✗"
        title = f"{label}: {percent(p)}, threshold {percent(thresholds[label])}"
        line = f'<b style="left: {100 * thresholds[label]:.1f}%"></b>'
        shown = bar(p).replace("</i>", f"</i>{line}", 1)
        rows.append(
            f'<li title="{escape(title)}"><span>{mark} {escape(shorten(label, 32))}</span>'
            f"<em>{percent(p)}</em>{shown}</li>"
        )
    rest = f"; top {len(rows)} shown" if len(rows) < len(prediction.top) else ""
    heading = f'<li class="clf-level">{predicted or "none"} of {len(prediction.top)} labels predicted{rest}</li>'
    return f'<ol class="clf-top clf-labels">{heading}{"".join(rows)}</ol>'


def _path(prediction: PhotoPrediction, sure: float) -> str:
    """The most probable valid path, down to the last level that is confident enough."""
    taken = []
    for step in prediction.path:
        if step[2] < sure:
            break
        taken.append(step)
    steps = " → ".join(f"{escape(shorten(label, 26))} <em>{percent(p)}</em>" for _, label, p in taken)
    stopped = (
        ""
        if len(taken) == len(prediction.path)
        else f" · confidence too low for {escape(prediction.path[len(taken)][0])}"
    )
    return f'<p class="clf-note clf-path">{steps or "Confidence too low at every level"}{stopped}</p>'


def _kind(name: str) -> str:
    folder: Path = runs_folder() / name
    if not folder.is_dir():
        return "single-label"
    task = Run(folder).data.task
    return "single-label" if task is None else task.kind


def predictions_csv(photos: Sequence[Photo], models: Sequence[str]) -> str:
    """A row for each of the five most probable classes (of a hierarchy, of each level), or for every label.

    The columns level and threshold are filled where a classifier has levels or thresholds; error says why a photo has
    no answer, and the other columns are empty then.
    """
    table: list[list[object]] = [["image", "model", "rank", "label", "probability", "level", "threshold", "error"]]
    for photo in photos:
        for model in models:
            try:
                prediction = answer_of(model, photo)
            except (InputError, Failure) as error:
                table.append([photo.name, model, "", "", "", "", "", str(error)])
                continue
            thresholds = {label: f"{threshold:.6g}" for label, threshold in prediction.thresholds}
            for level, rows in prediction.levels:
                table.extend(
                    [photo.name, model, i, label, f"{p:.6f}", level, thresholds.get(label, ""), ""]
                    for i, (label, p) in enumerate(rows, 1)
                )
    return csv_text(table)
