"""The training images nearest to one picture, by embeddings that are at hand or computed on request."""

import streamlit as st

from clfcore.data.item import ItemRecord
from ui.cards import Card, cards
from ui.closeup.loaders import embedder, is_quick, item_thumbnail, space_job
from ui.closeup.sources import RunPictures, Source
from ui.formatting import count, rate
from ui.jobs import result_in_fragment
from ui.messages import escape_markdown, refusals
from ui.session import SessionValue

NEAREST = 5
WANTED = SessionValue[bool]("closeup neighbors")


@st.fragment
def neighbors(source: Source, record: ItemRecord) -> None:
    """The five nearest, with their labels; a button where they take a pass over the data."""
    with refusals(stop=False):
        _neighbors(source, record)


def _neighbors(source: Source, record: ItemRecord) -> None:
    if record.split is None:
        return
    run = isinstance(source, RunPictures)
    if not run and not embedder():
        st.caption("The nearest training images need a pretrained network, and none is at hand.")
        return
    who = "the run's" if run else f"{embedder()}'s"
    if not (WANTED.get() or is_quick(source)):
        st.button("Find the nearest training images", key="closeup nearest", on_click=WANTED.set, args=(True,))
        st.caption(f"By {who} embeddings: one pass over the training images, saved for next time.")
        return
    space = result_in_fragment(space_job(source, record.split), "Embedding the images", key="closeup nearest")
    if space is None:
        return
    near = space.nearest(record.id, n=NEAREST)
    cards([Card(item_thumbnail(source, one.id), one.id, one.label, item=one.id) for one in near], side=120)
    same = sum(bool(set(record.labels) & {part.strip() for part in one.label.split(";")}) for one in near)
    similar = ", ".join(rate(one.similarity) for one in near)
    st.caption(
        f"The {count(len(near), 'nearest training image')} by {escape_markdown(who)} embeddings, {same} with the same "
        f"label; similarity {similar}.",
        help="Cosine similarity of the features that the last layer reads; 1 = identical.",
    )
