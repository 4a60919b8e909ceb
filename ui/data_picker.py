"""Data chosen, read and checked once, and its pictures as cards."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.catalogue import entries, open_dataset
from clfcore.data.checks import check
from clfcore.data.dicom_heic import readable_kinds
from clfcore.data.importers.archives import imported, imported_folder
from clfcore.data.importers.readings import AmbiguousData
from clfcore.data.importers.uploads import keep_upload
from clfcore.data.value_ranges import shown_range
from clfcore.progress import Progress
from ui.cards import Picture, item_picture
from ui.jobs import PATIENCE, background, result_of
from ui.loaders import forget_run_data
from ui.messages import escape_markdown, refusals
from ui.pickers import data_name
from ui.session import DATA, RECENT_CHOICE, RECENT_DATA

if TYPE_CHECKING:
    from clfcore.data.bit_depth import ValueRange
    from clfcore.data.dataset import ImageDataset


RECENT = 12  # datasets that a session's list names


DEFAULT = "digits"


def choose_data() -> str:
    """A SPEC: a catalogue name, or the path of a folder, a zip or a CSV on this machine; kept in the address."""
    if DATA.get() is None and DATA.key not in st.query_params:
        DATA.set(DEFAULT)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    left, right = row.container(width="stretch"), row.container(width="content", horizontal=True)
    with right:
        _recent()
        with st.popover("Upload a dataset"):
            _upload()  # before the box, whose value it may set
    with left:
        typed = st.text_input(
            "Data",
            key="data",
            bind="query-params",
            placeholder=DEFAULT,
            help="The name of a catalogue dataset, or the path of a folder of class folders, a .zip or a .csv on this "
            "machine. Type a path and press Enter.",
        )
    return (typed or "").strip().strip("\"'").strip() or DEFAULT


def _recent() -> None:
    """The catalogue, what this session has opened, and what was imported in any session: a choice fills the box."""
    named = {entry.name: f"{entry.name} (catalogue)" for entry in entries() if entry.available}
    named |= {spec: spec for spec in RECENT_DATA.get() or () if spec not in named}
    named |= {spec: f"{name} (imported)" for name, spec in _imported()}
    st.menu_button(
        "Recent", list(named), key=RECENT_CHOICE.key, format_func=lambda spec: named[spec], on_click=_take_recent
    )


def _take_recent() -> None:
    DATA.set(RECENT_CHOICE.get() or DEFAULT)


def _imported() -> tuple[tuple[str, str], ...]:
    try:
        changed = imported_folder().stat().st_mtime_ns
    except OSError:
        return ()
    return _imported_at(str(imported_folder()), changed)


@st.cache_data(show_spinner=False, max_entries=4)
def _imported_at(folder: str, changed: int) -> tuple[tuple[str, str], ...]:
    return tuple((found.name, found.spec) for found in imported())


def _upload() -> None:
    files = st.file_uploader(
        "A .zip of class folders, or a .csv with its images",
        ["zip", "csv", *readable_kinds()],
        accept_multiple_files=True,
        key="data files",
    )
    if st.button("Import", type="primary", disabled=not files):
        with refusals(stop=False), st.spinner("Unpacking to disk"):
            spec = keep_upload([(file.name, file) for file in files])
            DATA.set(spec)


def read_data(spec: str, *, split_seed: int = 0) -> "ImageDataset":
    """The dataset, read and checked once for all sessions; what is wrong with it is among its problems."""
    words = f"Reading and checking {data_name(spec)}"
    job = _reading(spec, split_seed)
    job.thread.join(PATIENCE)
    if isinstance(job.error, AmbiguousData):
        job.forget()
        _ask(job.error)
        st.stop()
    dataset = result_of(job, words)
    RECENT_DATA.set([*dict.fromkeys([spec, *(RECENT_DATA.get() or ())])][:RECENT])
    return dataset


def forget_data() -> None:
    """Forget every dataset that was read, and the pictures of runs' data, after files were changed."""
    _reading.clear_all()
    _items.clear()
    thumbnail.clear()
    forget_run_data()


def _ask(error: "AmbiguousData") -> None:
    """How data shall be read that can be read in several ways: a button a reading, with what comes of it."""
    with st.container(border=True):
        st.write(escape_markdown(f"{error.question}. How should it be read?"))
        for choice in error.choices:
            name = choice.what or f"only the folder {data_name(choice.spec)}"
            label = escape_markdown(f"{name[:1].upper()}{name[1:]}: {choice.counts}")
            st.button(label, key=f"read as {choice.spec}", on_click=_read_as, args=(choice.spec,))


def _read_as(spec: str) -> None:
    DATA.set(spec)


@background(entries=6)
def _reading(progress: Progress, spec: str, split_seed: int) -> "ImageDataset":
    return check(open_dataset(spec, split_seed=split_seed), progress=progress)[0]


@st.cache_data(show_spinner=False, max_entries=4096)
def thumbnail(spec: str, split_seed: int, item: str) -> Picture:
    """One item's picture; an item that can no longer be read is an empty square."""
    dataset, at = _items(spec, split_seed)
    return item_picture(dataset, at.get(item), lambda: _value_range(spec, split_seed))


@st.cache_resource(show_spinner=False, max_entries=6)
def _items(spec: str, split_seed: int) -> tuple["ImageDataset", dict[str, int]]:
    dataset = open_dataset(spec, split_seed=split_seed)
    return dataset, {name: i for i, name in enumerate(dataset.ids)}


@st.cache_resource(show_spinner=False, max_entries=6)
def _value_range(spec: str, split_seed: int) -> "ValueRange | None":
    return shown_range(_items(spec, split_seed)[0])
