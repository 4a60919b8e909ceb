"""What a classifier says of a photo, in the words of its task: likeliest classes, labels with thresholds, a path."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import streamlit as st

from clfcore.errors import Failure, InputError
from clfcore.files import runs_folder
from clfcore.runs.folder import Run
from clfcore.spreadsheet import csv_text
from ui.cards import Picture, bar, square, top_bars
from ui.formatting import percent, shorten
from ui.loaders import Photo, PhotoPrediction, classifier, photo_saliency
from ui.messages import escape_markdown, refusals
from ui.pickers import answer_of, model_name

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


def predictions_csv(photos: Sequence[Photo], models: Sequence[str]) -> str:
    """A row for each of the five most probable classes (of a hierarchy, of each level), or for every label.

    The columns level and threshold are filled where a classifier has levels or thresholds; error says why a photo has
    no answer, and the other columns are empty then.
    """
    table: list[list[object]] = [["image", "model", "rank", "label", "probability", "level", "threshold", "error"]]
    for photo in photos:
        for model in models:
            try:
                found = answer_of(model, photo)
            except (InputError, Failure) as error:
                table.append([photo.name, model, "", "", "", "", "", str(error)])
                continue
            at = {label: f"{threshold:.6g}" for label, threshold in found.thresholds}
            for level, rows in found.levels:
                table.extend(
                    [photo.name, model, i, label, f"{p:.6f}", level, at.get(label, ""), ""]
                    for i, (label, p) in enumerate(rows, 1)
                )
    return csv_text(table)


def answers_view(photo: Photo, models: Sequence[str]) -> None:
    """What each model makes of one photo: the exact square it sees, where it looked, its five most probable classes."""
    st.subheader(escape_markdown(shorten(photo.name, 60)), anchor=False)
    for column, name in zip(st.columns(len(models), gap="medium"), models, strict=True):
        with column:
            if len(models) > 1:
                st.markdown(f"**{escape_markdown(model_name(name))}**")
            _answer(photo, name)


def _answer(photo: Photo, name: str) -> None:
    place = st.empty()
    with refusals(stop=False):
        with (
            place,
            st.spinner(
                f"Loading {escape_markdown(model_name(name))}; the first time takes some seconds", show_time=True
            ),
        ):
            classifier(name)
        answer = answer_of(name, photo)
        bars, first = answer_html(answer, sure=st.session_state.get("sure", 0.0)), answer.top[0][0]
        sees = _figure(answer.square, f"{photo.name} as {name} sees it", f"What it sees: {answer.side} × {answer.side}")
        waiting = '<figure><div class="clf-square"></div><figcaption>Where it looked …</figcaption></figure>'
        place.html(f'<div class="clf-verdict"><div class="clf-seen">{sees}{waiting}</div>{bars}</div>')
        found = photo_saliency(name, photo)
        words = f"Where it looked for {first}" if found.evidence else f"Nothing in it speaks for {first}: no map"
        if found.own:
            words = "Where its attention head looked"
        by = "The map of the attention head" if found.own else "Grad-CAM"
        where = _figure(found.overlay, words, words, hover=f"{by} at layer {found.layer}")
        place.html(f'<div class="clf-verdict"><div class="clf-seen">{sees}{where}</div>{bars}</div>')


def _figure(shown: Picture, alt: str, caption: str, *, hover: str = "") -> str:
    title = f' title="{escape(hover)}"' if hover else ""
    return f"<figure{title}>{square(shown, alt)}<figcaption>{escape(shorten(caption, 60))}</figcaption></figure>"
