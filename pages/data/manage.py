"""What can be done with the dataset that is open: train on it, rename it, find its folder, delete it."""

import streamlit as st

from clfcore.data.library.edit import delete, rename
from clfcore.data.library.entries import LibraryEntry
from clfcore.data.library.specs import address_spec, display_name, entry_of, named_spec
from clfcore.data.library.versioned import is_version
from clfcore.data.versions.versions import read_version
from clfcore.errors import Failure, InputError
from clfcore.runs.index import list_runs
from ui.data_picker import DEFAULT, forget_data, leave_version
from ui.formatting import count, moment, size_text
from ui.messages import complain, escape_markdown, refusals
from ui.pickers import listed_name
from ui.session import DATA, SessionValue, go_to

NEW_NAME = SessionValue[str]("new name")
MOST_NAMED = 5  # runs
REFUSED = SessionValue[str]("dataset refused")


def open_dataset_bar(spec: str) -> None:
    """The name of the open dataset, what is known of it, and its actions."""
    entry = entry_of(spec)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(escape_markdown(display_name(spec)), anchor=False, width="content")
        if st.button("Train on this data", key="train on data", type="primary"):
            go_to("pages/train/page.py")  # the box there names the same data
        if st.button("Review labels", key="review data", icon=":material/keyboard:"):
            go_to("pages/review/page.py", {} if (named := address_spec(spec)) is None else {"data": named})
        if is_version(spec):
            with st.popover("Delete this version"), st.container(key="danger version"):
                _dependent_runs(spec)
                st.button("Delete permanently", key="delete version", on_click=_forget_version, args=(spec,))
        elif entry is not None:
            _entry_actions(entry)
    if is_version(spec):
        _version_facts(spec)
    elif entry is not None:
        _entry_facts(entry)


def _entry_actions(entry: LibraryEntry) -> None:
    if st.button("Rename", key="rename data"):
        NEW_NAME.set(entry.name)
        REFUSED.forget()
        _rename(entry)
    with st.popover("Folder"):
        st.caption("Its files are here. Copy the path to open it in your file manager.")
        st.code(str(entry.folder), language=None, wrap_lines=True)
    delete_button(entry)


def _entry_facts(entry: LibraryEntry) -> None:
    origin = f"Imported from {entry.source}" if entry.unpacked else "Read from your folder"
    size = f", {size_text(entry.bytes)}" if entry.bytes is not None else ""
    digest = f", digest {entry.digest}" if entry.digest else ""
    st.caption(escape_markdown(f"{origin}, added {moment(entry.added)}{size}{digest}"))


def _version_facts(spec: str) -> None:
    """What the version was made of, and what it changes."""
    with refusals(stop=False):
        version = read_version(spec)
        counts = version.counts
        changes = f"{counts.relabeled:,} relabeled, {counts.dropped:,} dropped, {counts.grouped:,} grouped"
        changes += f", {counts.added:,} added" if counts.added else ""
        parent = f"version {version.parent}" if version.parent else "the original data"
        words = f"Based on {parent}, {moment(version.created)}: {changes}; digest {version.digest}"
        st.caption(escape_markdown(words))
    if refusal := REFUSED.take():
        complain(refusal)


def _dependent_runs(spec: str) -> None:
    """What is lost with the version: the pictures of the runs that were trained on it, by their names."""
    with refusals(stop=False):
        added = read_version(spec).counts.added
        copies = f" Its copies of {count(added, 'photo')} from an inbox are deleted." if added else ""
        st.write(f"Decisions and files stay.{copies}")
    of_it = [run for run in list_runs() if run.config and run.config.data == spec]
    if not of_it:
        st.write("No run was trained on it.")
        return
    names = [escape_markdown(listed_name(run)) for run in of_it[:MOST_NAMED]]
    rest = [f"{len(of_it) - MOST_NAMED:,} more"] if len(of_it) > MOST_NAMED else []
    st.write(
        f"{count(len(of_it), 'run')} trained on it: weights, scores and reports stay, but their pictures can no longer "
        "be shown:\n\n" + "\n".join(f"- {name}" for name in (*names, *rest))
    )


def _forget_version(spec: str) -> None:
    try:
        leave_version(spec)
    except (InputError, Failure) as error:
        REFUSED.set(str(error))


def delete_button(entry: LibraryEntry) -> None:
    """Delete what the lab unpacked, forget what is a person's own; asked about first."""
    action = "Delete" if entry.unpacked else "Forget"
    with st.container(key=f"danger {entry.id}", width="content"):
        if st.button(action, key=f"delete {entry.id}"):
            REFUSED.forget()
            st.dialog(f"{action} this dataset?")(_confirm)(entry)


@st.dialog("Rename this dataset")
def _rename(entry: LibraryEntry) -> None:
    with st.form("rename dataset", border=False):
        st.text_input("Name", key=NEW_NAME.key, max_chars=60)
        st.caption("Pages, new runs and reports show this name, and commands take it as the data.")
        renamed = st.form_submit_button("Rename", type="primary", on_click=_take_name, args=(entry,))
    _end(is_done=renamed)


def _confirm(entry: LibraryEntry) -> None:
    name = escape_markdown(entry.name)
    if entry.unpacked:
        st.write(f"{name}: these files are deleted from disk.")
        st.code(str(entry.folder), language=None, wrap_lines=True)
        runs = sum(1 for one in list_runs() if one.config and _is_of(one.config.data, entry))
        if runs:
            st.write(
                f"{count(runs, 'run')} trained on it: weights, scores and reports stay, but their pictures can no "
                "longer be shown."
            )
        st.write("This cannot be undone; the same file can be imported again.")
    else:
        st.write(f"{name} is taken off the list. No file of yours is touched.")
        st.code(str(entry.path if entry.spec else entry.id), language=None, wrap_lines=True)
    with st.container(horizontal=True):
        with st.container(key="danger confirm", width="content"):
            words = "Delete permanently" if entry.unpacked else "Forget"
            done = st.button(words, key="confirm delete data", on_click=_delete, args=(entry,))
        cancelled = st.button("Cancel", key="cancel delete data")
    _end(is_done=done or cancelled)


def _end(*, is_done: bool) -> None:
    """Close the dialog, or say in it why its work was refused."""
    if refusal := REFUSED.get():
        complain(refusal)
    elif is_done:
        st.rerun()


def _take_name(entry: LibraryEntry) -> None:
    """Before the page is drawn anew: the box names the open dataset as it is called now."""
    was_open = _is_of(DATA.get() or "", entry)
    REFUSED.forget()
    try:
        renamed = rename(entry.id, NEW_NAME.get() or "")
    except (InputError, Failure) as error:
        REFUSED.set(str(error))
        return
    if was_open:
        DATA.set(named_spec(renamed.spec))


def _delete(entry: LibraryEntry) -> None:
    """Before the page is drawn anew: the box cannot go on naming what is gone."""
    was_open = _is_of(DATA.get() or "", entry)
    REFUSED.forget()
    try:
        delete(entry.id)
    except (InputError, Failure) as error:
        REFUSED.set(str(error))
        return
    forget_data()
    if was_open:
        DATA.set(DEFAULT)


def _is_of(spec: str, entry: LibraryEntry) -> bool:
    own = entry_of(spec)
    return own is not None and own.id == entry.id
