"""Pictures of the queue: the large one, the next one read in the background, and the nearest training images."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.item import ItemRecord, item_record
from clfcore.heavy_imports import load
from clfcore.progress import Progress
from pages.review.keys import Review
from ui.cards import Card, Picture, cards, picture
from ui.closeup.loaders import embedder, item_pixels, space_job
from ui.closeup.sources import DataPictures
from ui.data_picker import thumbnail
from ui.formatting import rate
from ui.jobs import Job, background, result_in_fragment
from ui.review.checks import ASKED
from ui.session import SessionValue

if TYPE_CHECKING:
    import numpy as np
    from streamlit.delta_generator import DeltaGenerator

SIDE = 900  # pixels of the longer side that the page is sent
NEAREST = 5
WANTED = SessionValue[str]("review neighbors of")  # the SPEC whose embeddings were asked for


def large(review: Review, item: str) -> "Job[Picture]":
    """The picture as large as it is shown; read in a thread, and kept."""
    return _large(review.spec, item, _source=DataPictures(review.spec, review.dataset))


def preload(review: Review, item: str) -> None:
    """Read the next picture while this one is looked at, and embed it where it is no item of the data."""
    large(review, item)
    if review.joins is not None and _is_wanted(review.joins.spec):
        _embedding(review, item)


@background(entries=48)
def _large(progress: Progress, spec: str, item: str, *, _source: DataPictures) -> Picture:
    return picture(item_pixels(_source, item_record(_source.dataset, item), side=SIDE), side=SIDE)


def neighbors(review: Review, record: ItemRecord, place: "DeltaGenerator") -> tuple[str, ...]:
    """The five nearest training images with their labels, as cards; returns the labels, the nearest first."""
    with place:
        source = review.joins or DataPictures(review.spec, review.dataset)
        split = record.split if review.joins is None else "train"
        if split is None:
            return ()
        network = embedder()
        if not network:
            st.caption("The nearest training images need a pretrained network, and none is at hand.")
            return ()
        if not _is_wanted(source.spec):
            st.button(
                "Find the nearest training images", key="review nearest", on_click=WANTED.set, args=(source.spec,)
            )
            st.caption(f"By {network}'s embeddings: one pass over the training images, saved for next time.")
            return ()
        space = result_in_fragment(space_job(source, split), "Embedding the images", key="review nearest")
        if space is None:
            return ()
        if review.joins is None:
            for other in review.dataset.splits:  # for the next picture may be of another one: now from what is on disk
                space_job(source, other)
            near = space.nearest(record.id, n=NEAREST)
        else:
            embedding = result_in_fragment(_embedding(review, record.id), "Embedding the photo", key="review photo")
            if embedding is None:
                return ()
            near = space.nearest_to(embedding, n=NEAREST)
        shown = [
            Card(
                thumbnail(source.spec, 0, one.id),
                f"{one.id}: {one.label}, similarity {rate(one.similarity)}",
                one.label,
            )
            for one in near
        ]
        st.caption("The nearest training images, with the labels that they have")
        cards(shown, side=104)
        return tuple(one.label for one in near)


def _is_wanted(spec: str) -> bool:
    """Whether the embeddings of this data were asked for, here or by its quality checks."""
    return spec in (ASKED.get(), WANTED.get())


def _embedding(review: Review, item: str) -> "Job[np.ndarray]":
    """The embedding of a photo that is no item of the data, by the network that the data's are by."""
    source = DataPictures(review.spec, review.dataset)
    return _photo_embedding(review.spec, item, architecture=embedder(), _source=source)


@background(entries=48)
def _photo_embedding(
    progress: Progress, spec: str, item: str, *, architecture: str, _source: DataPictures
) -> "np.ndarray":
    load("timm")
    from clfcore.embeddings.similar import embed_photo

    return embed_photo(item_pixels(_source, item_record(_source.dataset, item)), architecture=architecture)
