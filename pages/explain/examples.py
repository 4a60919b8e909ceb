"""Explanation by example: the nearest training images of each class in the embedding of a run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.photos import Photo
from clfcore.runs.folder import open_run
from pages.explain.map_loaders import embedded, space_of
from pages.explain.question import run_of
from ui.cards import Card
from ui.closeup.grid import open_cards
from ui.closeup.sources import RunPictures
from ui.formatting import count, rate, shorten
from ui.jobs import result_of
from ui.loaders import classifier, photo_prediction, run_thumbnail
from ui.messages import escape_markdown, refusals
from ui.pickers import model_name
from ui.session import kept

if TYPE_CHECKING:
    from clfcore.embeddings.neighbors import Neighbor


CLASSES = 6  # of a run that knows more, those with the nearest pictures


def examples_view(photos: Sequence[Photo], models: Sequence[str]) -> None:
    """For each run and image the nearest training images class by class, the nearest class first."""
    runs = run_of(models)
    if not runs:
        st.write(
            "Examples come from a run's own training images: choose a run among the classifiers. The training images "
            "of ImageNet weights are not available."
        )
        return
    many = st.segmented_control("Per class", (1, 3, 5), default=3, required=True, **kept("examples of each"))
    for name in runs:
        with refusals(stop=False):
            words = f"Embedding the training images of {escape_markdown(shorten(model_name(name), 40))}"
            known = result_of(space_of(name, _model=classifier(name)), words)
            for photo in photos:
                near = known.per_class(embedded(name, photo), n=int(many))
                _classes(name, photo, near)
    st.caption(
        "Cosine similarity of the features that the last layer reads; 1 = identical. If the nearest images are of an "
        "unexpected class, or similar in background and not in the object, the network may use a different cue.",
        help="Nearest neighbors in the embedding explain by example: Caruana and others, 1999, Case-based explanation "
        "of non-case-based learning methods.",
    )


def _classes(name: str, photo: Photo, near: "dict[str, tuple[Neighbor, ...]]") -> None:
    first = photo_prediction(name, photo).top[0][0]
    shown = list(near)[:CLASSES]
    if first in near and first not in shown:
        shown[-1] = first
    more = f", the {len(shown)} nearest of {count(len(near), 'class')}" if len(near) > len(shown) else ""
    st.markdown(
        f"**{escape_markdown(model_name(name))}**, {escape_markdown(shorten(photo.name, 60))}: "
        f"predicted {escape_markdown(first)}{more}"
    )
    run = open_run(name)
    row = st.grid(min(3, len(shown)), min_column_width=300)
    for label in shown:
        with row.cell():
            st.markdown(f"{escape_markdown(label)}{' (predicted)' if label == first else ''}")
            open_cards(
                [
                    Card(run_thumbnail(run, one.id), name=one.id, item=one.id, truth=rate(one.similarity))
                    for one in near[label]
                ],
                key=f"examples {name} {photo.name} {label}",
                side=84,
                source=RunPictures(run, "train"),
            )
