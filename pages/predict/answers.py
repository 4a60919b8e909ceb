"""What a classifier says of a photo, in the words of its task: likeliest classes, labels with thresholds, a path."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import streamlit as st

from clfcore.files import runs_folder
from clfcore.runs.folder import Run
from ui.cards import bar, top_bars
from ui.formatting import percent, shorten
from ui.loaders import PhotoPrediction

BARS = 12  # of labels, where fewer reach their threshold


def choose_certainty(models: Sequence[str]) -> None:
    """Where one of the classifiers knows a hierarchy: how sure a level must be for its path to go on."""
    if any(_kind(name) == "hierarchical" for name in models):
        st.slider(
            "Stop where less sure than",
            0.0,
            1.0,
            0.0,
            0.05,
            key="sure",
            help="A path goes from the coarsest level to the finest, and each step is less sure than the one before. "
            "0 goes to the end.",
        )


def answer_html(said: PhotoPrediction, *, sure: float = 0.0) -> str:
    """HTML of the answer: the likeliest classes level by level, a path above them, or each label by itself."""
    if said.thresholds:
        return f'<div class="clf-said">{_labels(said)}</div>'
    path = _path(said, sure) if said.path else ""
    return f'<div class="clf-said">{path}{"".join(top_bars(rows, level) for level, rows in said.levels)}</div>'


def _labels(said: PhotoPrediction) -> str:
    """Independent bars, each with the mark of its threshold; a tick where it is reached."""
    thresholds, rows = dict(said.thresholds), []
    there = sum(p >= thresholds[label] for label, p in said.top)
    for label, p in said.top[: max(BARS, there)]:
        reached = p >= thresholds[label]
        mark = "✓" if reached else "✗"
        title = f"{label}: {percent(p)}, counts from {percent(thresholds[label])}"
        line = f'<b style="left: {100 * thresholds[label]:.1f}%"></b>'
        shown = bar(p).replace("</i>", f"</i>{line}", 1)
        rows.append(
            f'<li title="{escape(title)}"><span>{mark} {escape(shorten(label, 32))}</span>'
            f"<em>{percent(p)}</em>{shown}</li>"
        )
    rest = f"; the {len(rows)} likeliest" if len(rows) < len(said.top) else ""
    heading = f'<li class="clf-level">{there or "none"} of {len(said.top)} labels, each by itself{rest}</li>'
    return f'<ol class="clf-top clf-labels">{heading}{"".join(rows)}</ol>'


def _path(said: PhotoPrediction, sure: float) -> str:
    """The likeliest real path, down to the last level that is sure enough."""
    kept = []
    for place in said.path:
        if place[2] < sure:
            break
        kept.append(place)
    steps = " → ".join(f"{escape(shorten(label, 26))} <em>{percent(p)}</em>" for _, label, p in kept)
    stopped = "" if len(kept) == len(said.path) else f" · not sure enough of the {escape(said.path[len(kept)][0])}"
    return f'<p class="clf-note clf-path">{steps or "Nothing is sure enough"}{stopped}</p>'


def _kind(name: str) -> str:
    folder: Path = runs_folder() / name
    if not folder.is_dir():
        return "single-label"
    return Run(folder).data.get("task", {}).get("kind", "single-label")
