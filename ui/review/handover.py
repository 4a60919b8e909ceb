"""A queue handed over to the Review page: by its name in the address, or as a list that a page made."""

import streamlit as st

from clfcore.data.library.specs import address_spec, path_spec
from clfcore.data.versions.queue import Queue
from ui.data_picker import open_data
from ui.session import SessionValue, go_to

REVIEW = "pages/review/page.py"
HANDED = SessionValue[Queue]("queue handed over")
HANDED_DATA = SessionValue[str]("queue handed over of")  # the SPEC that its items are of
FROM = "from"  # of the address: which queue


def review_queue(spec: str, queue: Queue) -> None:
    """Open Review with a queue of this data: what a selection, a cell or a list holds."""
    spec = path_spec(spec)
    HANDED.set(queue)
    HANDED_DATA.set(spec)
    open_review(spec, "list")


def open_review(spec: str, name: str, **address: str) -> None:
    """Open Review with one of its own queues: suspects, duplicates, problems, flaws or errors (with `run`)."""
    open_data(spec)
    named = address_spec(spec)
    go_to(REVIEW, {**({} if named is None else {"data": named}), FROM: name, **address})


def review_button(spec: str, name: str, **address: str) -> None:
    """The button that opens Review with one of its own queues, beside the list that fills it."""
    if st.button("Review one by one", key=f"review {name}", icon=":material/keyboard:"):
        open_review(spec, name, **address)
