"""A photo that the network sees in part alone, shown whole; and the classes that a classifier knows."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from clfcore.files import runs_folder
from clfcore.photos import Photo
from clfcore.runs.folder import Run
from ui.data_picker import open_data
from ui.formatting import count
from ui.loaders import PhotoPrediction, classifier
from ui.messages import escape_markdown
from ui.photos.unlike import judge_job
from ui.pickers import model_name
from ui.session import ARCHITECTURE, PICTURE_RESIZING, RECENT_DATA, go_to, kept

LISTED = 1000  # classes that a popover lists


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
        open_data(config.data)
        RECENT_DATA.set([*dict.fromkeys([config.data, *(RECENT_DATA.get() or ())])])
        ARCHITECTURE.set(config.architecture)
        PICTURE_RESIZING.set("pad")
        go_to("pages/train/page.py", {"architecture": config.architecture})


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
        if judged is not None and judged.limit is not None:
            basis = judged.rule.basis(judged.limit)
            st.caption(f"When it says that a photo is none of them: {escape_markdown(basis)}")
        if popover.open:
            with popover:
                _search(name, task.classes, noun)


def _search(name: str, classes: Sequence[str], noun: str) -> None:
    text = st.text_input("Search", **kept(f"known search {name}"), placeholder="Part of a name")
    matching = [label for label in classes if text.lower() in label.lower()]
    if matching:
        st.dataframe({noun: matching[:LISTED]}, hide_index=True, height=280)
    st.caption(f"{len(matching):,} of {count(len(classes), noun)}; on the command line: `clflab classes`")
