"""The inbox of a served model: its photos as a queue, and a version of the data with those that are labeled."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from clfcore import api
from clfcore.data.library.specs import display_name, named_spec
from clfcore.data.versions.added import check_files, labeled_photos
from clfcore.data.versions.log import read_decisions
from clfcore.errors import Failure, InputError
from clfcore.serving.inbox_photos import InboxPhotos, open_inbox
from pages.review.versions import MADE, REFUSED, version_name
from ui.formatting import count
from ui.messages import complain, escape_markdown, refusals
from ui.session import SessionValue

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset
    from clfcore.task import Task

FOLDER = SessionValue[str]("inbox folder")


def choose_inbox(dataset: "ImageDataset") -> InboxPhotos | None:
    """The photos of the folder that is named; None before, and where it has none."""
    folder = st.text_input(
        "Folder of the photos",
        key=FOLDER.key,
        persist_state="session",
        placeholder="odd/",
        help="The folder of `clflab serve RUN --keep-odd FOLDER`, or any folder of photos without labels on this "
        "machine. Type it and press Enter.",
    )
    folder = (folder or "").strip()
    if not folder:
        st.caption(
            "A served model keeps the photos that it is unsure of, with its answers: "
            "`clflab serve RUN --keep-odd odd/`. Label them here; a photo without a label never gets into training."
        )
        return None
    with refusals(stop=False):
        check_files(dataset)
        return _opened(folder, _state(folder), dataset.task.as_dict(), _task=dataset.task)
    return None


@st.cache_resource(show_spinner="Listing the photos", max_entries=4)
def _opened(folder: str, state: int, classes: dict[str, object], *, _task: "Task") -> InboxPhotos:
    return open_inbox(folder, _task)


def _state(folder: str) -> int:
    """What changes with the photos of a folder; photos come and go by their names."""
    try:
        return Path(folder).expanduser().stat().st_mtime_ns
    except (OSError, RuntimeError, ValueError):
        return 0


def join_view(photos: "ImageDataset", *, inbox: str, spec: str) -> None:
    """How many photos have a label, and the button that makes a version of the data with them."""
    with refusals(stop=False):
        labeled = labeled_photos(photos, read_decisions(inbox))
        if refusal := REFUSED.get():
            complain(refusal)
        data = escape_markdown(display_name(spec))
        if not labeled:
            st.write("No photo has a label yet. Labels are saved as you give them, apart from the photos.")
            return
        st.write(
            f"{count(len(labeled), 'photo')} labeled. A version of {data} has copies of them in its training split, "
            "and whatever else is decided on it; validation and test stay as they are."
        )
        name = version_name(spec)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Name of the version", key=name.key, max_chars=40, width=240)
            if st.button("Add to training", key="join inbox", type="primary", on_click=_join,
                         args=(inbox, spec)) and not REFUSED.get():  # fmt: skip
                st.rerun()
            with st.popover("As a command"):
                st.code(
                    f"clflab inbox {shlex.quote(named_spec(spec))} {shlex.quote(inbox)} "
                    f"--version {shlex.quote(name.get() or 'v1')}",
                    language="bash",
                    wrap_lines=True,
                )


def _join(inbox: str, spec: str) -> None:
    REFUSED.forget()
    name = version_name(spec)
    try:
        made = api.label_inbox(spec, inbox, version=(name.get() or "").strip())
    except (InputError, Failure) as error:
        REFUSED.set(str(error))
        return
    name.forget()
    if made.version is not None:
        MADE.set(made.version.spec)
