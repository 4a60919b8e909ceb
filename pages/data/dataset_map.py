"""The map of a dataset: similar images lie near each other; what is lassoed stands beside it as cards."""

import shlex
from statistics import median
from typing import TYPE_CHECKING

import streamlit as st

from clfcore import api
from clfcore.data.library.specs import named_spec
from clfcore.data.versions.queue import QueueItem, make_queue
from clfcore.progress import Progress
from pages.data.search import photo_box, similar_items
from ui.cards import Card
from ui.charts import dark, selected
from ui.closeup.grid import open_pages
from ui.closeup.loaders import embedder
from ui.closeup.sources import DataPictures, Entry
from ui.data_picker import thumbnail
from ui.formatting import count, rate
from ui.jobs import background, result_beside
from ui.messages import escape_markdown
from ui.review.checks import identity_of
from ui.review.handover import review_queue
from ui.session import SessionValue

if TYPE_CHECKING:
    from clfcore.api.exploration import DatasetMap, SimilarItems
    from clfcore.data.dataset import ImageDataset
    from clfcore.quality.dataset_map import MapPoint

ASKED = SessionValue[str]("map asked")  # the SPEC whose map was asked for
NEAREST = 5  # items among which a photo is put


def dataset_map(dataset: "ImageDataset", spec: str) -> None:
    """The button that draws the map, its progress, or the map."""
    network = embedder()
    if ASKED.get() != spec:
        st.button(
            "Draw the map", on_click=ASKED.set, args=(spec,), disabled=not network, icon=":material/scatter_plot:"
        )
        st.caption(
            f"Lays the images out by t-SNE of the embeddings of {network}: similar images lie near each other, so that "
            "odd labels and groups stand out. One pass over the images, saved for next time."
            if network
            else "A map needs a pretrained network, and none is on this machine: install one, as `clflab doctor` says."
        )
        return
    job = _mapping(spec, identity_of(dataset), architecture=network)
    result = result_beside(job, "Drawing the map")
    if result is None:
        if not job.thread.is_alive():  # stopped, or refused, as the line above says
            ASKED.forget()
        return
    st.fragment(_explore)(result, dataset, spec)


def _explore(result: "DatasetMap", dataset: "ImageDataset", spec: str) -> None:
    from clfcore.figures.dataset_map import dataset_map_figure
    from clfcore.quality.dataset_map import COLORINGS

    left, right = st.columns([3, 2], gap="medium")
    with right:
        photo = photo_box("map photo")
        similar = None
        if photo is not None:
            job = similar_items(spec, identity_of(dataset), photo, architecture=result.architecture)
            similar = result_beside(job, "Embedding the photo")
    with left:
        known = [name for name in COLORINGS if name in ("class", "split") or _is_known(result, name)]
        color = st.segmented_control("Color by", known, default="class", required=True, key="map color")
        figure = dataset_map_figure(
            result.points, color or "class", photo=_place(result, similar), dark=dark(), height=560
        )
        chosen = selected(figure, f"map {spec}")
        sample = "" if len(result.points) == result.items else f", a random sample of {count(result.items, 'image')}"
        st.caption(
            f"{count(len(result.points), 'image')}{sample}. Select points with the lasso or the box, or click one.",
            help="t-SNE (van der Maaten and Hinton 2008) keeps neighbors together; distances between clusters and "
            "their sizes mean nothing. "
            + (f"Error and confidence are of {escape_markdown(result.predicted_by)}. " if result.predicted_by else "")
            + "Suspicion is how unlikely a label is.",
        )
    with right:
        _chosen(result, {str(place[0]) for place in chosen}, similar, dataset=dataset, spec=spec)


def _chosen(
    result: "DatasetMap",
    chosen: set[str],
    similar: "SimilarItems | None",
    *, dataset: "ImageDataset",
    spec: str,
) -> None:  # fmt: skip
    """The cards of what is selected, else of what is nearest to the photo."""
    at = {point.item: point for point in result.points}
    if chosen:
        points = [point for point in result.points if point.item in chosen]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{count(len(points), 'image')} selected.", width="content")
            if st.button("Review them one by one", key="review map", icon=":material/keyboard:"):
                doubtful = sorted(points, key=lambda point: -(point.suspicion or 0))
                items = [QueueItem(point.item, "selected on the map") for point in doubtful]
                review_queue(spec, make_queue("map", items, dataset))
    elif similar is not None:
        points = [at[one.item] for one in similar.items if one.item in at]
        st.caption("The images nearest to your photo; the star marks your photo.")
    else:
        st.write("Select points on the map to see their images here, or drop a photo to see where it belongs.")
        return
    open_pages(
        points,
        key=f"map {spec}",
        card=lambda shown: [
            Card(
                thumbnail(spec, 0, point.item),
                name=f"{point.item}: {_note(point)}",
                truth=point.label,
                item=point.item,
            )
            for point in shown
        ],
        entry=lambda point: Entry(point.item, _note(point)),
        source=DataPictures(spec, dataset),
        side=96,
    )
    with st.expander("As a command"):
        st.code(f"clflab map {shlex.quote(named_spec(spec))} --out map.html", language="bash", wrap_lines=True)


def _note(point: "MapPoint") -> str:
    words = [point.label, point.split or "no split"]
    if point.suspicion is not None:
        words.append(f"suspicion {rate(point.suspicion)}")
    return ", ".join(words)


def _is_known(result: "DatasetMap", name: str) -> bool:
    return any(getattr(point, name) is not None for point in result.points)


def _place(result: "DatasetMap", similar: "SimilarItems | None") -> tuple[float, float] | None:
    """Where a photo lies: the median of its nearest items' places."""
    if similar is None:
        return None
    at = {point.item: point for point in result.points}
    near = [at[one.item] for one in similar.items if one.item in at][:NEAREST]
    if not near:
        return None
    x, y = median(point.x for point in near), median(point.y for point in near)
    return x, y


@background(entries=4)
def _mapping(progress: Progress, spec: str, digest: str, *, architecture: str) -> "DatasetMap":
    return api.map_dataset(spec, architecture=architecture, progress=progress)
