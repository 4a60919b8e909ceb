"""The queue: one picture large, its label and what it may be, its nearest training images, and a key a decision.

Everything is drawn in one fragment, so that a key costs the server the next picture alone.
"""

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.item import item_record
from clfcore.data.versions.log import read_decisions
from clfcore.data.versions.queue import QueueItem, QueueState, by_item, next_place, queue_state
from clfcore.errors import InputError
from pages.review.bulk import bulk_actions
from pages.review.inbox import join_view
from pages.review.keys import REFUSED, Review, decision_buttons, move_buttons, place_of
from pages.review.pictures import large, neighbors, preload
from pages.review.versions import make_view
from ui.closeup.stage import still
from ui.formatting import count, shorten
from ui.jobs import result_in_fragment
from ui.messages import complain, refusals

if TYPE_CHECKING:
    from clfcore.data.item import ItemRecord
    from clfcore.data.versions.decisions import Decision


def queue_view(review: Review) -> None:
    """The queue, with the place that was left; every decision is on disk before the next picture is shown."""
    st.fragment(_queue)(review)


def _queue(review: Review) -> None:
    with refusals(stop=False):
        decisions = by_item(read_decisions(review.spec))
        queue = review.queue
        state = queue_state(queue, decisions)
        place = place_of(review, state)
        item = queue.items[place]
        try:
            record = item_record(review.dataset, item.item)
        except InputError as error:
            complain(str(error))
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            _progress(review, state, place)
            move_buttons(review, place)
        left, right = st.columns([3, 2], gap="medium")
        with left:
            shown = st.container(key="review picture").empty()
        near = st.container()
        with right:
            _facts(item, record, decisions.get(item.item))
            if refusal := REFUSED.take():
                complain(refusal)
            labels = neighbors(review, record, near)
            decision_buttons(review, place, record, labels=labels, decided=decisions.get(item.item), state=state)
        picture = result_in_fragment(large(review, item.item), "Reading the picture", key=f"review {place}")
        if picture is not None:
            still(picture, item.item, shown)
        preload(review, queue.items[next_place(queue, place, state.decided)].item)
        bulk_actions(review, decisions)
        if review.joins is not None:
            join_view(review.dataset, inbox=review.spec, spec=review.joins.spec)
        else:
            make_view(review.spec)


def _progress(review: Review, state: QueueState, place: int) -> None:
    """How many are left, and how many of them are expected to be wrong."""
    of = len(review.queue.items)
    done = "changed" if review.dataset.labeled else "labeled or dropped"
    words = f"**{count(place + 1)}** of {count(of)} · {count(state.left)} left"
    if state.errors_left is not None and state.left:
        words += f", of which about {count(state.errors_left)} are expected to be wrong"
    if state.errors_found:
        words += f" · {count(state.errors_found)} {done} so far"
    if not state.left:
        words = f"Every image is decided; {count(state.errors_found)} {done}"
    with st.container(gap=None):
        st.progress(len(state.decided) / of, text=words)


def _facts(item: QueueItem, record: "ItemRecord", decided: "Decision | None") -> None:
    """The label as given, what it may be, why it is here, and what was decided."""
    rows = [
        ("Given", record.truth),
        ("Suggested", " / ".join(item.suggested)),
        ("Place", record.position if record.split else ""),
    ]
    rows += [("Why", item.reason), ("Decided", decision_text(decided) if decided else "")]
    body = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)
    title = f'<p class="clf-title" title="{escape(item.item)}">{escape(shorten(item.item, 60))}</p>'
    st.html(f'{title}<dl class="clf-facts">{body}</dl>')


def decision_text(decision: "Decision") -> str:
    """A decision in words."""
    words = {
        "keep": "keep the label",
        "label": f"label it {'; '.join(decision.label)}" if decision.label else "no label",
        "drop": "drop it",
        "group": f"same group as others ({decision.group})",
        "doubt": "in doubt",
        "wrong": "the label is wrong",
        "note": "noted",
    }[decision.action]
    return f"{words}; {decision.note}" if decision.note else words
