"""What a picture up close needs, kept between reruns: its map, and the embeddings that its neighbors are found by."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from clfcore.architectures.catalogue import architectures, weights_at_hand
from clfcore.data.bit_depth import shown
from clfcore.data.item import ItemRecord
from clfcore.data.value_ranges import shown_range
from clfcore.heavy_imports import load
from clfcore.progress import Progress
from clfcore.runs.folder import open_run
from clfcore.runs.nearest_images import embedding_space, pretrained_space
from ui.closeup.sources import RunPictures, Source
from ui.data_picker import thumbnail
from ui.jobs import Job, background
from ui.loaders import Files, by_files, classifier, run_thumbnail

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset, Split
    from clfcore.embeddings.neighbors import Space
    from clfcore.explain.saliency_map import SaliencyMap
    from ui.cards import Picture

LARGEST = 1600  # pixels of the longer side that a page is sent; a photo's are far more than a window shows
EMBEDDER = "efficientnet_lite0"  # whose embeddings a dataset's neighbors are found by, where its weights are at hand


def item_pixels(source: Source, record: ItemRecord, *, side: int = LARGEST) -> np.ndarray:
    """H x W x C bytes or tones of an item, by the dataset's own range where it is deep.

    Raises InputError where it cannot be read.
    """
    dataset = source.dataset
    pixels = dataset.image(record.index, least_side=side)
    return shown(pixels, None if pixels.dtype == np.uint8 else _value_range(_key(source), dataset))


@by_files
@st.cache_data(show_spinner=False, max_entries=256)
def map_of_item(
    path: str, files: Files, item: str, *, column: int, _dataset: "ImageDataset", index: int
) -> "SaliencyMap":
    """A run's Grad-CAM of one item for a column of its logits. Raises InputError where it cannot be."""
    from clfcore.explain.dispatch import explain

    model = classifier(path)
    pixels = _dataset.image(index, least_side=model.preprocess.stored_side)
    if pixels.dtype == np.uint8 and pixels.shape[-1] == 1:
        pixels = np.repeat(pixels, 3, axis=-1)  # as a gray file is read
    return explain(model, model.square(np.ascontiguousarray(pixels)), method="gradcam", target=column)


@background(entries=1)
def networks_loaded(progress: Progress) -> bool:
    """PyTorch and what stands around it, imported in a thread, so that the page can go on to the next picture."""
    load("timm")
    return True


def space_job(source: Source, split: "Split") -> "Job[Space]":
    """The embeddings of training and of one split, in a thread: a run's own, or those of a pretrained network."""
    if isinstance(source, RunPictures):
        return run_space(str(source.run.path), split=split)
    return _data_space(source.spec, source.split_seed, split=split, architecture=embedder(), _dataset=source.dataset)


def is_quick(source: Source) -> bool:
    """Whether its embeddings are on disk: feature extraction has kept them."""
    return isinstance(source, RunPictures) and source.run.config.strategy == "feature-extraction"


def embedder() -> str:
    """The pretrained network that embeds a dataset which no run is at hand for; empty where there is none."""
    names = [row.name for row in architectures() if weights_at_hand(row.name)]
    return EMBEDDER if EMBEDDER in names else next(iter(names), "")


def item_thumbnail(source: Source, item: str) -> "Picture":
    """The thumbnail of an item; one that cannot be read is an empty square."""
    if isinstance(source, RunPictures):
        return run_thumbnail(source.run, item)
    return thumbnail(source.spec, source.split_seed, item)


@by_files
@background(entries=4)
def run_space(progress: Progress, path: str, files: Files, *, split: "Split") -> "Space":
    """The embeddings of a run's training images and of one split, in a thread."""
    return embedding_space(open_run(path), split, progress=progress)


@background(entries=4)
def _data_space(
    progress: Progress, spec: str, split_seed: int, *, split: "Split", architecture: str, _dataset: "ImageDataset"
) -> "Space":
    return pretrained_space(_dataset, split, architecture=architecture, progress=progress)


def _key(source: Source) -> str:
    return str(source.run.path) if isinstance(source, RunPictures) else f"{source.spec} {source.split_seed}"


@st.cache_resource(show_spinner=False, max_entries=6)
def _value_range(key: str, _dataset: "ImageDataset") -> tuple[float, float] | None:
    return shown_range(_dataset)
