"""All datasets at a glance: a person's own, then the catalogue's, each opened by one click."""

import streamlit as st

from clfcore.data.catalogue import entries
from clfcore.data.catalogue_rows import Entry
from clfcore.data.download import FILES
from clfcore.data.download import download as download_dataset
from clfcore.data.library.entries import LibraryEntry, library
from clfcore.data.library.names import is_catalogue
from clfcore.data.library.specs import entry_of
from pages.data.manage import delete_button
from ui.data_picker import open_data
from ui.formatting import count, moment, shorten, size_text
from ui.jobs import download
from ui.messages import escape_markdown

HEIGHT = 196  # pixels; the rest scrolls inside


def dataset_list(spec: str) -> None:
    """A row a dataset; the one that is open is marked."""
    own = entry_of(spec)
    with st.container(key="datasets", border=True, height=HEIGHT, gap=None):
        for entry in library():
            _own_row(entry, is_open=own is not None and own.id == entry.id)
        for row in entries():
            _catalogue_row(row, is_open=is_catalogue(spec) and spec.partition(":")[0] == row.name)


def _own_row(entry: LibraryEntry, *, is_open: bool) -> None:
    with _row():
        _name(entry.name, entry.spec, key=entry.id, is_open=is_open, disabled=not entry.available)
        why = None
        if entry.damaged:
            why = words = entry.damaged
        elif not entry.available:
            why = words = f"not found: {entry.source} was moved, deleted, or is on a drive that is not connected"
        elif entry.items is None:
            words = f"not read yet, added {moment(entry.added)}"
        else:
            words = f"{entry_facts(entry)}, added {moment(entry.added)}"
        st.caption(escape_markdown(words), help=why and escape_markdown(why), width="stretch")
        if not entry.available:
            delete_button(entry)


def _catalogue_row(row: Entry, *, is_open: bool) -> None:
    """One of the catalogue's; where it is not here, the button that downloads it, or how far its download is."""
    with _row():
        _name(row.name, row.name, key=row.name, is_open=is_open, disabled=not row.available)
        facts = f"{count(row.items, 'image')}, {count(row.classes, 'class')}, {row.task}"
        if row.available:
            st.caption(f"{facts}: {escape_markdown(row.note)}", width="stretch")
            return
        st.caption(f"{facts}: not on this machine", help=f"Or copy its files to {row.where}.", width="stretch")
        if row.name not in FILES:
            return
        size = sum(remote.size for remote in FILES[row.name]) / 1e6
        download(
            row.name,
            f"Download {size:.0f} MB",
            lambda progress: download_dataset(row.name, progress=progress),
            help="Downloads it from its publisher; nothing is downloaded before. The page stays usable meanwhile.",
        )


def entry_facts(entry: LibraryEntry) -> str:
    """Images, classes, size and task, in a row; nothing where the data was never read."""
    if entry.items is None or entry.classes is None:
        return ""
    return (
        f"{count(entry.items, 'image')}, {count(entry.classes, 'class')}, {size_text(entry.bytes or 0)}, {entry.task}"
    )


def _row() -> "st.delta_generator.DeltaGenerator":
    return st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small")


def _name(name: str, spec: str, *, key: str, is_open: bool, disabled: bool) -> None:
    st.button(
        escape_markdown(shorten(name, 26)),
        key=f"open {key}",
        type="tertiary",
        icon=":material/radio_button_checked:" if is_open else ":material/radio_button_unchecked:",
        help=escape_markdown(name) if len(name) > 26 else None,
        width=210,
        disabled=disabled,
        on_click=open_data,
        args=(spec,),
    )


def catalogue_table() -> None:
    """What the lab knows by name: licence and source of each, and where the files of the rest go."""
    rows = [
        {
            "name": e.name,
            "available": "✓ yes" if e.available else "– not downloaded",
            "task": e.task,
            "classes": e.classes,
            "images": e.items,
            "license": e.licence,
            "where": e.note if e.available else f"copy its files to {e.where}",
            "source": e.source,
        }
        for e in entries()
    ]
    st.dataframe(rows, hide_index=True)
