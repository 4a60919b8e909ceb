"""Several pictures at once: the queue as a table, and one decision on all rows that are selected."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.versions.decisions import Decision, decide_item
from clfcore.errors import InputError
from pages.review.keys import REFUSED, Review, group_name, keep_step
from ui.formatting import count, shorten
from ui.messages import escape_markdown
from ui.session import SessionValue, selected_rows

if TYPE_CHECKING:
    from clfcore.data.versions.queue import QueueItem

MOST = 500  # rows


def bulk_actions(review: Review, decisions: Mapping[str, Decision]) -> None:
    """The items that are not decided yet, to select several of; closed until it is asked for."""
    more = st.expander("Decide on several at once", on_change="rerun", key="review several")
    if not more.open:
        return
    rows = [item for item in review.queue.items if item.item not in decisions][:MOST]
    with more:
        if not rows:
            st.write("Every image of the queue is decided.")
            return
        places = {name: i for i, name in enumerate(review.dataset.ids)}
        table = f"review table {review.key} {len(rows)}"
        st.dataframe(
            [
                {
                    "image": item.item,
                    "given": review.dataset.label(places[item.item]),
                    "suggested": " / ".join(item.suggested) or "–",
                    "why": item.reason,
                }
                for item in rows
            ],
            hide_index=True,
            key=table,
            on_select="rerun",
            selection_mode="multi-row",
            height=300,
            alt="The images of the queue that are not decided yet",
        )
        chosen = [rows[i] for i in selected_rows(table) if i < len(rows)]
        _buttons(review, chosen)


def _buttons(review: Review, chosen: "list[QueueItem]") -> None:
    target = SessionValue[str](f"review several class {review.key}")
    none = not chosen
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.write(f"{count(len(chosen), 'image')} selected")
        st.button("Accept the suggestions", key="several accept", on_click=_all, args=(review, chosen, "accept"),
                  disabled=none or not all(item.suggested for item in chosen))  # fmt: skip
        actions = (("Keep the labels", "keep"), ("Drop", "drop"), ("Same group", "group"))
        for name, action in actions if review.dataset.labeled else (("Drop", "drop"),):
            st.button(name, key=f"several {action}", on_click=_all, args=(review, chosen, action),
                      disabled=none or (action == "group" and len(chosen) < 2))  # fmt: skip
        label = st.selectbox("Class", review.dataset.classes, index=None, key=target.key, width=220,
                             format_func=lambda name: shorten(name, 30), placeholder="A class for all")  # fmt: skip
        words = f"Label all {escape_markdown(shorten(label, 20))}" if label else "Label all"
        st.button(words, key="several label", on_click=_all, args=(review, chosen, "label"), kwargs={"label": label},
                  disabled=none or not label)  # fmt: skip


def _all(review: Review, chosen: "list[QueueItem]", action: str, *, label: str | None = None) -> None:
    """One decision on all of them: one step, which one undo takes back."""
    group = group_name([item.item for item in chosen]) if action == "group" else ""
    try:
        decisions = [
            decide_item(
                review.dataset,
                item.item,
                "label" if action == "accept" else action,
                label=item.suggested if action == "accept" else (label,) if label else (),
                group=group,
                source=review.queue.source,
            )
            for item in chosen
        ]
    except InputError as error:
        REFUSED.set(str(error))
        return
    items = [item.item for item in review.queue.items]
    keep_step(review, decisions, place=items.index(chosen[-1].item))
