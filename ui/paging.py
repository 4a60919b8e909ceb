"""Many pictures, a page at a time."""

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st

T = TypeVar("T")
A_PAGE = 24


def paged(found: Sequence[T], key: str, *, most: int = A_PAGE) -> Sequence[T]:
    """The part of a list that is on the chosen page; the pages are drawn here, where there are several."""
    pages = -(-len(found) // most)
    page = min(pages, st.pagination(pages, key=f"page {key}")) if pages > 1 else 1
    return found[(page - 1) * most : page * most]
