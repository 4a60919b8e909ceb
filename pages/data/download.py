"""Published datasets fetched by a click on the Data page."""

import streamlit as st

from clfcore.data.catalogue import entries
from clfcore.data.download import FILES, download
from ui.messages import escape_markdown, refusals


def fetch_datasets() -> None:
    """A button for each published set that is not here; nothing is fetched before it is clicked."""
    absent = [entry for entry in entries() if not entry.available and entry.name in FILES]
    if not absent:
        return
    st.caption("Not on this machine yet. A click downloads it from its publisher; nothing is downloaded before.")
    with st.container(horizontal=True):
        for entry in absent:
            size = sum(remote.size for remote in FILES[entry.name]) / 1e6
            if st.button(f"Download {entry.name} ({size:.0f} MB)", key=f"fetch {entry.name}"):
                _fetch(entry.name)


def _fetch(name: str) -> None:
    shown = st.progress(0.0, text=f"Downloading {escape_markdown(name)}")

    def show(done: int, total: int) -> None:
        shown.progress(done / total, text=f"Downloading {escape_markdown(name)}: {done / 1e6:.0f} MB")

    with refusals(stop=False):
        download(name, progress=show)
        st.rerun()
    shown.empty()


def catalogue_table() -> None:
    """What the lab knows by name: what is at hand, and where the files of the rest go."""
    rows = [
        {
            "name": e.name,
            "available": "✓ yes" if e.available else "– not downloaded",
            "task": e.task,
            "classes": e.classes,
            "images": e.items,
            "licence": e.licence,
            "where": e.note if e.available else f"copy its files to {e.where}",
            "source": e.source,
        }
        for e in entries()
    ]
    st.dataframe(rows, hide_index=True)
