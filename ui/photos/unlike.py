"""Whether a photo is unlike what a classifier was trained on, as pages ask and show it."""

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.files import runs_folder
from clfcore.photos import Photo
from clfcore.progress import Progress
from clfcore.runs.unknown_file import UnknownFile
from clfcore.runs.unlike import Judge, judge_for
from ui.jobs import Job, background, result_if_ready
from ui.loaders import Files, by_files, classifier, files_of, photo_outputs

if TYPE_CHECKING:
    from clfcore.classifier import Classifier
    from clfcore.unlike import Unlike


def judge_job(name: str) -> Job[Judge | None]:
    """What tells a classifier's strangers; training images of an older run are embedded first, in the background."""
    return _judging(name, files_of(name), rule=_rule_file(name), _classifier=classifier(name))


def _rule_file(name: str) -> tuple[int, int]:
    """Which unknown.json a run keeps: another one is measured and kept now and then."""
    try:
        state = (runs_folder() / name / UnknownFile.file).stat()
    except (OSError, ValueError):
        return 0, 0
    return state.st_ino, state.st_mtime_ns


@background(entries=16)
def _judging(
    progress: Progress, name: str, files: Files, *, rule: tuple[int, int], _classifier: "Classifier"
) -> Judge | None:
    return judge_for(_classifier, progress)


@by_files
@st.cache_data(show_spinner=False, max_entries=512)
def photo_unlike(name: str, files: Files, photo: Photo, *, rule: tuple[int, int], _judge: Judge) -> "Unlike | None":
    """Whether a photo is unlike what the classifier was trained on, or none of its classes is likely."""
    seen = photo_outputs(name, photo).outputs
    return _judge.of_outputs(classifier(name).task, seen.logits, seen.embeddings)[0]


def unlike_of(photo: Photo, name: str) -> "Unlike | None":
    """Whether the photo is unlike; None while older training images are embedded, and where it cannot be told."""
    words = "Embedding the run's training images, once, to tell whether the photo is unlike them"
    judged = result_if_ready(judge_job(name), key=f"judge {name} {photo.name}", words=words)
    return None if judged is None else photo_unlike(name, photo, rule=_rule_file(name), _judge=judged)


def unlike_html(verdict: "Unlike | None") -> str:
    """HTML of what is said before the classes; empty where nothing is."""
    if verdict is None or not verdict.unlike:
        return ""
    return f'<div class="clf-unlike"><b>{escape(verdict.message)}</b><p>{escape(verdict.basis)}</p></div>'
