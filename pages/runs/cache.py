"""Cache usage on disk, and the button that clears it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.cache import clear, usage
from ui.formatting import count, size_text
from ui.messages import refusals

if TYPE_CHECKING:
    from clfcore.cache import Usage

KINDS = {
    "decoded": "Decoded images",
    "embeddings": "Embeddings",
    "activations": "Activations of frozen layers",
    "checked": "Index of checked files",
    "fingerprints": "Content fingerprints",
    "photos": "Photos of open tabs",
    "measures": "Image measures",
    "maps": "Maps of datasets",
}


def cache_usage() -> None:
    """Size of the cache by content, its limit, and a button that clears it."""
    with refusals(stop=False):
        _panel(usage(), clear)


def _panel(now: "Usage", clear: Callable[[], int]) -> None:
    with st.expander(f"Cache: {size_text(now.bytes)} of at most {size_text(now.limit)}", key="cache"):
        st.dataframe(
            [
                {"content": KINDS[part.kind], "entries": count(part.entries), "size": size_text(part.bytes)}
                for part in now.parts
            ],
            hide_index=True,
            alt="Cache usage by content",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Clear cache", key="clear cache", disabled=not now.bytes):
                freed = clear()
                st.toast(f"Cache cleared: {size_text(freed)} freed.")
                st.rerun()
            st.caption(
                f"In `{now.folder}`. Safe to clear: its content is computed again when needed, and photos stay in "
                "their tab until it is reloaded. When it is full, the least recently used entries are removed; "
                "CLFLAB_CACHE_GB sets the limit."
            )
