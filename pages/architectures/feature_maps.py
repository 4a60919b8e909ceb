"""The Feature maps tab: the maps of each stage for an image, and the first layer's filters."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.architectures.catalogue import weights_at_hand
from clfcore.progress import Progress
from clfcore.runs.index import finished_runs
from pages.architectures.network import NetworkChoice
from ui.cards import Card, Picture, cards, picture
from ui.formatting import count
from ui.jobs import background, result_of
from ui.loaders import Files, Photo, by_files, classifier, samples
from ui.pickers import KINDS, listed_name

if TYPE_CHECKING:
    from clfcore.architectures.catalogue import Architecture
    from clfcore.classifier import Classifier


MAPS = 8  # shown of each stage
FILTERS = 64


@dataclass(frozen=True)
class Inside:
    """Maps of each stage as (stage, layer, number of maps, pictures), and the first layer's filters."""

    stages: tuple[tuple[str, str, int, tuple[tuple[str, Picture], ...]], ...]
    square: Picture
    filters: tuple[Picture, ...]
    filter_count: int


def inside(row: "Architecture", wanted: NetworkChoice) -> None:
    """Feature maps of a sample or of one's own image, and the first layer's filters."""
    names = {"": "random weights"}
    if weights_at_hand(row.name) and not wanted.options:
        names = {row.name: "ImageNet weights", **names}
    runs = [one for one in finished_runs() if one.config.architecture == row.name]
    names |= {one.id: listed_name(one) for one in runs}
    left, right = st.columns([3, 2], gap="medium")
    with right:
        upload = st.file_uploader("Upload an image", KINDS, key="maps image", max_upload_size=64)
    with left:
        model = st.selectbox("Weights", list(names), format_func=names.__getitem__, key=f"maps of {row.name}")
        sample = st.segmented_control("Sample", list(samples()), default="cat", required=True, key="maps sample")
    photo = Photo(upload.name, upload.getvalue()) if upload else samples()[sample][0]
    if not model:
        st.caption("Untrained: random filters already respond to edges and colors, but nothing here was learned.")
    opened = classifier(model) if model else None
    job = _looking(model, wanted=wanted, data=photo.data, _classifier=opened)
    seen = result_of(job, "Running the image through the network")
    cards([Card(seen.square, photo.name, truth="network input")], side=120)
    for stage, layer, maps, pictures in seen.stages:
        number = (
            f"the {len(pictures)} of {count(maps, 'map')} with the highest variance"
            if maps > MAPS
            else count(maps, "map")
        )
        st.markdown(f"**{stage.replace('_', ' ')}** · `{layer}` · {number}")
        cards([Card(one, f"{stage}, map {name}") for name, one in pictures], side=96)
    shown = f"{len(seen.filters)} of {count(seen.filter_count, 'filter')}"
    st.markdown(f"**First layer's filters** · {shown}; grey = 0")
    cards([Card(one, f"filter {n}") for n, one in enumerate(seen.filters)], side=44)


@by_files
@background(entries=8)
def _looking(
    progress: Progress,
    model: str,
    files: Files,
    *,
    wanted: NetworkChoice,
    data: bytes,
    _classifier: "Classifier | None",
) -> Inside:
    from clfcore.architectures.feature_maps import network_features

    found = network_features(
        wanted.name,
        data,
        classifier=_classifier,
        options=dict(wanted.options),
        image_size=wanted.image_size,
        channels=wanted.channels,
        count=MAPS,
        filters=FILTERS,
    )
    stages = tuple(
        (one.stage, one.layer, one.maps, tuple((str(n), picture(pixels, side=112)) for n, pixels in one.strongest))
        for one in found.stages
    )
    filters = tuple(picture(pixels) for pixels in found.filters)
    return Inside(stages, picture(found.square), filters, found.filter_count)
