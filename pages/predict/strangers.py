"""What is said before the classes: that a photo is unlike the training images, or seen in part; and what is known."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.files import runs_folder
from clfcore.photos import Photo
from clfcore.progress import Progress
from clfcore.runs.folder import Run
from clfcore.runs.unlike import Judge, judge_for
from ui.formatting import count
from ui.jobs import Job, background, result_if_ready
from ui.loaders import Files, PhotoPrediction, by_files, classifier, files_of, photo_square
from ui.messages import escape_markdown
from ui.pickers import model_name
from ui.session import ARCHITECTURE, DATA, PICTURE_RESIZING, RECENT_DATA, go_to

if TYPE_CHECKING:
    from clfcore.classifier import Classifier
    from clfcore.unlike import Unlike

LISTED = 1000  # classes that a popover lists


def judge_job(name: str) -> Job[Judge | None]:
    """What tells a classifier's strangers; training images of an older run are embedded first, in the background."""
    return _judging(name, files_of(name), classifier(name))


@background(entries=16)
def _judging(progress: Progress, name: str, files: Files, _classifier: "Classifier") -> Judge | None:
    return judge_for(_classifier, progress)


@by_files
@st.cache_data(show_spinner=False, max_entries=512)
def photo_unlike(name: str, files: Files, photo: Photo, _judge: Judge) -> "Unlike":
    """Whether a photo is unlike what the classifier was trained on, or none of its classes is likely."""
    model = classifier(name)
    return _judge.of(model, photo_square(model, photo))


def unlike_of(photo: Photo, name: str) -> "Unlike | None":
    """Whether the photo is unlike; None while older training images are embedded, and where it cannot be told."""
    judged = result_if_ready(judge_job(name), key=f"judge {name} {photo.name}")
    return None if judged is None else photo_unlike(name, photo, judged)


def unlike_html(found: "Unlike | None") -> str:
    """HTML of what is said before the classes; empty where nothing is."""
    if found is None or not found.unlike:
        return ""
    return f'<div class="clf-unlike"><b>{escape(found.message)}</b><p>{escape(found.basis)}</p></div>'


def whole_html(photo: Photo, answer: PhotoPrediction) -> str:
    """HTML of the whole photo with the part that the network sees framed; empty where it is about square."""
    seen, whole = answer.seen, answer.whole
    if seen is None or whole is None or not seen.sentence:
        return ""
    frame = (
        f'<i style="left: {100 * seen.left:.2f}%; top: {100 * seen.top:.2f}%; '
        f'width: {100 * seen.width:.2f}%; height: {100 * seen.height:.2f}%"></i>'
    )
    alt = f"{photo.name}, whole: {seen.sentence}"
    return (
        f'<figure class="clf-whole"><div><img src="{whole.source}" alt="{escape(alt)}">{frame}</div>'
        f"<figcaption>{escape(seen.sentence)}</figcaption></figure>"
    )


def offer_pad(answer: PhotoPrediction, name: str, *, key: str) -> None:
    """For a photo of which a run's network sees the middle alone: train the run's network to see all of each."""
    seen, folder = answer.seen, runs_folder() / name
    if seen is None or not seen.far_from_square or seen.fit != "crop":
        return
    if not folder.is_dir():
        st.caption(
            "Its published weights always crop: cut out the part that you mean, or train a network with fit pad."
        )
        return
    if st.button("Train with fit pad, which shows all of each picture", key=key, icon=":material/fit_screen:"):
        config = Run(folder).config
        DATA.set(config.data)
        RECENT_DATA.set([*dict.fromkeys([config.data, *(RECENT_DATA.get() or ())])])
        ARCHITECTURE.set(config.architecture)
        PICTURE_RESIZING.set("pad")
        go_to("pages/train/page.py", {"data": config.data, "architecture": config.architecture})


def known_classes(models: Sequence[str]) -> None:
    """What each classifier knows, to be searched; and how it tells what is unlike its training images."""
    for name in models:
        task = classifier(name).task
        noun = "label" if task.kind == "multi-label" else "class"
        known = count(len(task.classes), noun)
        with st.container(horizontal=True, vertical_alignment="center"):
            popover = st.popover(f"Search its {known}", key=f"known {name}", on_change="rerun")
            st.caption(f"{escape_markdown(model_name(name))} knows {known} and nothing else.")
        judged = judge_job(name).result
        if judged is not None:
            st.caption(f"What it does not know: {escape_markdown(judged.rule.basis)}")
        if popover.open:
            with popover:
                _search(name, task.classes, noun)


def _search(name: str, classes: Sequence[str], noun: str) -> None:
    text = st.text_input("Search", key=f"known search {name}", placeholder="Part of a name")
    found = [label for label in classes if text.lower() in label.lower()]
    if found:
        st.dataframe({noun: found[:LISTED]}, hide_index=True, height=280)
    st.caption(f"{len(found):,} of {count(len(classes), noun)}; on the command line: `clflab classes`")
