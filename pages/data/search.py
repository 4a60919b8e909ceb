"""Search by picture: the items of a dataset that are most similar to a photo, or to one of its own items."""

import io
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st
from PIL import Image

from clfcore import api
from clfcore.data.bit_depth import to_bytes
from clfcore.data.library.specs import named_spec
from clfcore.data.pixels import read_image
from clfcore.errors import InputError
from clfcore.progress import Progress
from ui.cards import Card
from ui.closeup.dialog import LIKE
from ui.closeup.grid import open_pages
from ui.closeup.loaders import embedder
from ui.closeup.sources import DataPictures, Entry
from ui.data_picker import thumbnail
from ui.formatting import count, rate
from ui.jobs import Job, background, result_beside
from ui.messages import escape_markdown
from ui.review.checks import identity_of

if TYPE_CHECKING:
    from clfcore.api.exploration import SimilarItems
    from clfcore.data.dataset import ImageDataset
    from clfcore.embeddings.similar import SimilarItem

COUNT = 24  # items of an answer
MOST_MB = 64  # of a photo


def search(dataset: "ImageDataset", spec: str) -> None:
    """A box for a photo, and the items that are nearest to it by embedding."""
    network = embedder()
    if not network:
        st.write(
            "Searching needs a pretrained network, and none is on this machine: install one, as `clflab doctor` says."
        )
        return
    photo = photo_box("search photo")
    item = st.query_params.get(LIKE, "")
    if photo is None and item not in dataset.ids:
        st.write(
            "Drop a photo to see the images that are most like it, with their labels and splits. Or open any image of "
            "a grid and press **Find similar images**."
        )
        return
    job = similar_items(spec, identity_of(dataset), item if photo is None else photo, architecture=network)
    result = result_beside(job, "Embedding the images")
    if result is None:
        return
    of = "your photo" if photo is not None else escape_markdown(item)
    st.caption(
        f"The {count(len(result.items), 'image')} most similar to {of}, of all splits, the nearest first.",
        help=f"Cosine similarity of the embeddings of {result.architecture}; 1 = identical.",
    )
    similar_grid(result.items, dataset, spec, key="similar")
    asked = "PHOTO" if photo is not None else shlex.quote(item)
    with st.expander("As a command"):
        st.code(f"clflab search {shlex.quote(named_spec(spec))} {asked} --count {COUNT}", language="bash")


def photo_box(key: str) -> bytes | None:
    """A box for one photo, shown small beside it; its bytes."""
    with st.container(horizontal=True, vertical_alignment="center"):
        file = st.file_uploader("Photo", key=key, max_upload_size=MOST_MB, help="It stays on this computer.")
        if file is None:
            return None
        data = file.getvalue()
        small = preview(data)
        if small:
            st.image(small, width=96)
    return data


@st.cache_data(show_spinner=False, max_entries=32)
def preview(data: bytes) -> bytes:
    """A photo as a small JPEG; nothing where it cannot be read, which the search says."""
    try:
        pixels = to_bytes(read_image(data, least_side=192))
    except InputError:
        return b""
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((192, 192))
    out = io.BytesIO()
    image.save(out, "jpeg")
    return out.getvalue()


def similar_grid(items: "Sequence[SimilarItem]", dataset: "ImageDataset", spec: str, *, key: str) -> None:
    """Similar items as cards that open."""
    open_pages(
        items,
        key=f"{key} {spec}",
        card=lambda shown: [
            Card(
                thumbnail(spec, 0, one.item),
                name=f"{one.item}: {one.label}, {one.split or 'no split'}, similarity {rate(one.similarity)}",
                truth=f"{one.label}, {rate(one.similarity)}",
                whole_truth=f"{one.label}, {one.split or 'no split'}, similarity {rate(one.similarity)}",
                item=one.item,
            )
            for one in shown
        ],
        entry=lambda one: Entry(one.item, f"similarity {rate(one.similarity)}"),
        source=DataPictures(spec, dataset),
    )


def similar_items(spec: str, digest: str, photo: bytes | str, *, architecture: str) -> "Job[SimilarItems]":
    """The items nearest to a photo's bytes or to an item of the data, in a thread."""
    return _searching(spec, digest, photo=photo, architecture=architecture)


@background(entries=8)
def _searching(progress: Progress, spec: str, digest: str, *, photo: bytes | str, architecture: str) -> "SimilarItems":
    return api.search_similar(spec, photo, count=COUNT, architecture=architecture, progress=progress)
