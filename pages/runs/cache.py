"""Cache usage on disk, and the button that clears it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.cache import clear, usage
from ui.formatting import count
from ui.messages import refusals

if TYPE_CHECKING:
    from clfcore.cache import Usage

KINDS = {
    "decoded": "Decoded images",
    "embeddings": "Embeddings",
    "checked": "Index of checked files",
    "fingerprints": "Content fingerprints",
    "photos": "Photos of open tabs",
}


def cache_usage() -> None:
    """Size of the cache by content, its limit, and a button that clears it."""
    with refusals(stop=False):
        _panel(usage(), clear)


def _panel(now: "Usage", clear: Callable[[], int]) -> None:
    with st.expander(f"Cache: {megabytes(now.bytes)} of at most {megabytes(now.limit)}", key="cache"):
        st.dataframe(
            [
                {"content": KINDS[part.kind], "entries": count(part.entries), "size": megabytes(part.bytes)}
                for part in now.parts
            ],
            hide_index=True,
            alt="Cache usage by content",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Clear cache", key="clear cache", disabled=not now.bytes):
                freed = clear()
                st.toast(f"Cache cleared: {megabytes(freed)} freed.")
                st.rerun()
            st.caption(
                f"In `{now.folder}`. Safe to clear: its content is computed again when needed, and photos stay in "
                "their tab until it is reloaded. When it is full, the least recently used entries are removed; "
                "CLFLAB_CACHE_GB sets the limit."
            )


def megabytes(amount: int) -> str:
    """A size in MB, or GB from 1 GB on.

    >>> megabytes(0), megabytes(1_234_567), megabytes(25_200_000_000)
    ('0 MB', '1.2 MB', '25.2 GB')
    """
    if amount < 100_000:
        return "0 MB" if not amount else "0.1 MB"
    return f"{amount / 1e9:,.1f} GB" if amount >= 1e9 else f"{amount / 1e6:,.1f} MB"
