"""What to label next: the pictures of a folder without labels that would teach a model most."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from clfcore import api
from clfcore.data.library.specs import named_spec
from clfcore.data.pixels import gray_square, read_image
from clfcore.errors import InputError
from clfcore.progress import Progress
from clfcore.spreadsheet import csv_text
from ui.cards import THUMBNAIL, Card, Picture, picture
from ui.closeup.grid import A_PAGE, open_cards
from ui.closeup.loaders import embedder
from ui.formatting import count, percent, rate
from ui.jobs import background, result_beside
from ui.review.checks import identity_of
from ui.session import SessionValue

if TYPE_CHECKING:
    from clfcore.api.exploration import NextToLabel
    from clfcore.data.dataset import ImageDataset
    from clfcore.quality.next_to_label import PoolPicture

POOL, COUNT, BY = (SessionValue[str]("next pool"), SessionValue[int]("next count"), SessionValue[str]("next by"))
ASKED = SessionValue[tuple[str, str, int, str]]("next asked")  # the data, the folder, how many, by what
STRATEGIES = ("margin", "entropy", "core-set", "random")


def label_next(dataset: "ImageDataset", spec: str) -> None:
    """The folder, how many and by what; then the pictures, the most wanted first."""
    network = embedder()
    if not network:
        st.write("This needs a pretrained network, and none is on this machine: install one, as `clflab doctor` says.")
        return
    with st.form("label next", border=False):
        left, middle = st.columns([3, 1], vertical_alignment="bottom")
        with left:
            st.text_input(
                "Folder of images without labels",
                key=POOL.key,
                help="The path of a folder on this machine. Images that the dataset already has are left out.",
            )
        with middle:
            st.number_input("How many", 1, 10_000, 50, key=COUNT.key)
        st.segmented_control(
            "Choose by",
            STRATEGIES,
            default="margin",
            required=True,
            key=BY.key,
            help="Margin takes images between two classes: in our measurements it needed a third fewer labels than "
            "random choice. Entropy and core-set are at first often worse than random; they favor outliers.",
        )
        asked = st.form_submit_button("Choose images", type="primary")
    pool = (POOL.get() or "").strip()
    if asked and pool:
        ASKED.set((spec, pool, COUNT.get() or 50, BY.get() or "margin"))
    request = ASKED.get()
    if request is None or request[0] != spec:
        st.caption(
            "With margin, labeling these first usually teaches a model more than labeling at random. Nothing is moved "
            "or changed."
        )
        return
    _, folder, wanted, by = request
    job = _choosing(spec, identity_of(dataset), pool=folder, wanted=wanted, by=by, architecture=network)
    result = result_beside(job, "Embedding the images")
    if result is None:
        if not job.thread.is_alive():
            ASKED.forget()
        return
    _show(result, folder, spec)


def _show(result: "NextToLabel", folder: str, spec: str) -> None:
    words = f"{count(len(result.pictures), 'image')} of {count(result.pool, 'image')}, by {result.by}: {result.advice}."
    if result.labeled:
        words += f" {count(result.labeled, 'image')} are in the dataset already."
    if result.unreadable:
        words += f" {count(result.unreadable, 'image')} cannot be read."
    st.caption(words)
    pages = -(-len(result.pictures) // A_PAGE)
    page = min(pages, st.pagination(pages, key=f"page next {spec}")) if pages > 1 else 1
    shown = result.pictures[(page - 1) * A_PAGE : page * A_PAGE]
    open_cards([_card(one, folder) for one in shown], key=f"next {spec} {page}", side=112)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button("Download the list", _table(result.pictures), "label-next.csv", "text/csv")
        with st.popover("As a command"):
            st.code(
                f"clflab next {shlex.quote(named_spec(spec))} --pool {shlex.quote(folder)} "
                f"--count {len(result.pictures)} --by {result.by}",
                language="bash",
                wrap_lines=True,
            )


def _card(picture: "PoolPicture", folder: str) -> Card:
    return Card(
        _picture(folder, picture.file),
        name=f"{picture.file}: {picture.suggested}, {percent(picture.probability)}; score {rate(picture.score)}",
        predicted=picture.suggested,
        probability=picture.probability,
    )


@st.cache_data(show_spinner=False, max_entries=512)
def _picture(folder: str, file: str) -> Picture:
    try:
        return picture(read_image(Path(folder).expanduser() / file, least_side=THUMBNAIL))
    except InputError:
        return picture(gray_square(8))


def _table(pictures: "Sequence[PoolPicture]") -> str:
    return csv_text(
        [
            ("path", "suggested", "probability", "score"),
            *((p.file, p.suggested, p.probability, p.score) for p in pictures),
        ]
    )


@background(entries=4)
def _choosing(
    progress: Progress, spec: str, digest: str, *, pool: str, wanted: int, by: str, architecture: str
) -> "NextToLabel":
    return api.next_to_label(spec, pool, count=wanted, by=by, architecture=architecture, progress=progress)
