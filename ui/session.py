"""Navigation between pages."""

from collections.abc import Mapping
from typing import NoReturn

import streamlit as st


def go_to(page: str, address: Mapping[str, str] | None = None) -> NoReturn:
    """Open a page, as `pages/train/page.py`, with this address and nothing of the one before. Ends the script.

    Always with an address, be it empty: Streamlit refuses to clear one that a widget is bound to, and only a page whose
    every choice is the default has none. (Seen in 1.67: st.switch_page without query_params.)
    """
    st.switch_page(page, query_params=dict(address or {}))
