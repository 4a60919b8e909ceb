"""Data chosen, read and checked once, and its pictures as cards."""

import contextlib
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.catalogue import entries, open_dataset
from clfcore.data.checks import check
from clfcore.data.importers.readings import AmbiguousData, parted
from clfcore.data.importers.uploads import keep_upload
from clfcore.data.library.edit import record, reread
from clfcore.data.library.entries import library
from clfcore.data.library.specs import address_spec, display_name, named_spec, path_spec
from clfcore.data.library.versioned import split_version
from clfcore.data.readable_kinds import readable_kinds
from clfcore.data.value_ranges import shown_range
from clfcore.data.versions.versions import delete_version, list_versions
from clfcore.errors import Failure, InputError
from clfcore.progress import Progress
from clfcore.remote import is_remote, transfer_progress
from ui.cards import Picture, item_picture
from ui.jobs import background, result_of
from ui.loaders import forget_run_data
from ui.messages import escape_markdown, refusals
from ui.session import (
    DATA,
    RECENT_CHOICE,
    RECENT_DATA,
    SessionValue,
    in_address,
    opened_anew,
    write_address,
)

if TYPE_CHECKING:
    from clfcore.data.bit_depth import ValueRange
    from clfcore.data.dataset import ImageDataset


RECENT = 12  # datasets that a session's list names


DEFAULT = "digits"


def choose_data() -> str:
    """A SPEC: a catalogue name, or the path of a folder, a zip or a CSV on this machine; kept in the address by name.

    The box shows an import under its name. What is typed there stays as it was typed.
    """
    linked = _take_address()
    row = st.container(horizontal=True, vertical_alignment="bottom")
    left, right = row.container(width="stretch"), row.container(width="content", horizontal=True)
    with right:
        _datasets()
        with st.popover("Upload a dataset"):
            _upload()  # before the box, whose value it may set
    with left:
        typed = st.text_input(
            "Data",
            key=DATA.key,
            persist_state="session",
            placeholder=DEFAULT,
            help="The name of a dataset, or the path of a folder of class folders, a .zip or a .csv on this machine, "
            "or an address, such as s3://bucket/photos or https://host/photos.zip, which is copied to this machine. "
            "Type it and press Enter.",
        )
    spec = (typed or "").strip().strip("\"'").strip() or DEFAULT
    with refusals():
        full = path_spec(spec)
    named = address_spec(full)
    if named is not None or (spec != linked and full != _NAMED.get()):
        write_data_address(named)
    return full


def open_data(spec: str) -> None:
    """Before the box is drawn: have it name this dataset."""
    DATA.set(named_spec(spec))


def leave_version(spec: str) -> str:
    """Before the box is drawn: delete a version, and have the box name the data that it was made of, which is returned.

    Raises InputError, or Failure, where the version stays.
    """
    delete_version(spec)
    forget_data()
    base = split_version(spec).base
    open_data(base)
    return base


def write_data_address(named: str | None) -> None:
    """Write what `address_spec` gives into the address; the default, and data without a name, need no place in it."""
    write_address(DATA.key, None if named == DEFAULT else named)


_NAMED = SessionValue[str]("data named in address")  # the SPEC whose name was found once it was read
_LINKED = SessionValue[str]("data linked")  # what a link named, until other data is chosen
_BARE = SessionValue[str]("data of an address without any")


def _take_address() -> str | None:
    """Before the box is drawn: the data that a link, a reload or Back names; what the last link named.

    A page that is opened without it in its address keeps the session's data, and Back to that address does, too.
    """
    linked, written = st.query_params.get(DATA.key), in_address(DATA.key).get()
    if linked is not None and is_remote(parted(linked).path):
        linked = None  # a link has the lab fetch nothing: whoever wants it types it
    if linked is not None and [linked] != written:
        in_address(DATA.key).set([linked])
        _LINKED.set(named_spec(linked))
        DATA.set(named_spec(linked))
    elif linked is None and opened_anew():
        _BARE.set(DATA.get() or DEFAULT)
    elif linked is None and written:
        DATA.set(_BARE.get() or DEFAULT)
    if not DATA.exists:
        DATA.set(DEFAULT)
    return _LINKED.get()


def _datasets() -> None:
    """The library, the catalogue, and what else this session has opened: a choice fills the box."""
    named = {entry.spec: entry.name for entry in library() if entry.available}
    named |= {entry.name: f"{entry.name} (catalogue)" for entry in entries() if entry.available}
    named = {spec: name for data, words in named.items() for spec, name in [(data, words), *_versions(data)]}
    for spec in RECENT_DATA.get() or ():
        if display_name(spec) not in named.values():
            named.setdefault(spec, display_name(spec))
    st.menu_button(
        "Datasets", list(named), key=RECENT_CHOICE.key, format_func=lambda spec: named[spec], on_click=_take_dataset
    )


def _versions(spec: str) -> list[tuple[str, str]]:
    """The versions of a dataset, each with what it is called."""
    return [(version.spec, display_name(version.spec)) for version in list_versions(spec)]


def _take_dataset() -> None:
    open_data(RECENT_CHOICE.get() or DEFAULT)


def _upload() -> None:
    files = st.file_uploader(
        "A .zip of class folders, or a .csv with its images",
        ["zip", "csv", *readable_kinds()],
        accept_multiple_files=True,
        key="data files",
    )
    if st.button("Import", type="primary", disabled=not files):
        with refusals(stop=False), st.spinner("Unpacking to disk"):
            open_data(keep_upload([(file.name, file) for file in files]))


def read_data(spec: str, *, split_seed: int = 0) -> "ImageDataset":
    """The dataset, read and checked once for all sessions; what is wrong with it is among its problems."""
    words = f"Reading and checking {display_name(spec)}"
    job = _reading(spec, split_seed)
    if job.has_ended() and isinstance(job.error, AmbiguousData):
        job.forget()
        _ask(job.error)
        st.stop()
    dataset = result_of(job, words)
    RECENT_DATA.set([*dict.fromkeys([spec, *(RECENT_DATA.get() or ())])][:RECENT])
    with contextlib.suppress(InputError):
        if spec == path_spec(DATA.get() or DEFAULT):
            write_data_address(address_spec(spec, dataset))
            _NAMED.set(spec)
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
            name = choice.what or f"only the folder {display_name(choice.spec)}"
            label = escape_markdown(f"{name[:1].upper()}{name[1:]}: {choice.counts}")
            st.button(label, key=f"read as {choice.spec}", on_click=_read_as, args=(choice.spec,))


def _read_as(spec: str) -> None:
    with refusals(stop=False):
        reread(spec)
    open_data(spec)


@background(entries=6)
def _reading(progress: Progress, spec: str, split_seed: int) -> "ImageDataset":
    with transfer_progress(progress):
        dataset = open_dataset(spec, split_seed=split_seed)
    dataset = check(dataset, progress=progress)[0]
    with contextlib.suppress(Failure, InputError):  # the list of datasets lacks it then, and nothing else does
        record(spec, dataset)
    return dataset


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
