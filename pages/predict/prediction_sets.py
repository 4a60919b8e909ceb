"""The prediction set of a photo: the classes of which one is the true one as often as was asked."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from clfcore.errors import InputError
from clfcore.evaluation.conformal import COVERAGE
from clfcore.files import runs_folder
from clfcore.hierarchy import decoded
from clfcore.photos import Photo
from clfcore.runs.folder import Run
from clfcore.runs.prediction_sets import kept_sets, run_set_rule
from ui.formatting import join_names
from ui.loaders import Files, by_files, classifier, photo_outputs
from ui.session import SessionValue, kept

COVERAGES = (0.0, 0.8, 0.9, 0.95, 0.99)
_COVERAGE = SessionValue[float]("set coverage")


def choose_coverage(models: Sequence[str]) -> None:
    """Where one of the classifiers is a run: how often its sets should include the true class."""
    runs = [Run(runs_folder() / name) for name in models if (runs_folder() / name).is_dir()]
    if runs:
        asked = next((found.coverage for run in runs if (found := kept_sets(run)).coverage), COVERAGE)
        st.segmented_control(
            "Prediction set",
            sorted({*COVERAGES, asked}),
            format_func=lambda share: f"{100 * share:g}%" if share else "Off",
            default=asked,
            required=True,
            **kept(_COVERAGE.key),
            help="The set includes the true class (of several labels: all of them) as often as chosen, for photos like "
            "the validation images. Evaluate, Prediction sets shows how often it does on test.",
        )


def set_html(photo: Photo, name: str) -> str:
    """HTML of the photo's set below the classes; empty where there is none, with the reason where that is refused."""
    coverage = _COVERAGE.get()
    if not coverage or not (runs_folder() / name).is_dir():
        return ""
    try:
        members, known = _members(name, photo, coverage=coverage)
    except InputError as error:
        return f'<p class="clf-note clf-path">No prediction set: {escape(str(error))}</p>'
    task = classifier(name).task
    noun = "labels" if task.kind == "multi-label" else "classes"
    listed = join_names(members) if members else f"none of the {known:,} {noun}"
    what = "includes every label" if task.kind == "multi-label" else "includes the class"
    title = f"In {100 * coverage:g}% of photos like the validation images, such a set {what}."
    return (
        f'<p class="clf-note clf-path" title="{escape(title)}">{100 * coverage:g}% set '
        f"({len(members):,} of {known:,} {noun}): <b>{escape(listed)}</b></p>"
    )


@by_files
@st.cache_data(show_spinner=False, max_entries=512)
def _members(name: str, files: Files, photo: Photo, *, coverage: float) -> tuple[tuple[str, ...], int]:
    """The classes of the set, and how many its level has."""
    model = classifier(name)
    run = Run(runs_folder() / name)
    kept_with_run = kept_sets(run)
    rule = run_set_rule(run, coverage, level=kept_with_run.level if kept_with_run.coverage == coverage else None)
    logits = photo_outputs(name, photo).outputs.logits
    known = next(len(level.classes) for level in model.task.levels if level.name == rule.level)
    return rule.classes(decoded(logits, model.task, model.decoding), model.task), known
