"""The Feature maps tab: the maps of each stage for an image, and the first layer's filters."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.progress import Progress
from pages.architectures.network import NetworkChoice
from pages.architectures.photo_input import choose_weights_and_photo
from ui.cards import Card, Picture, cards, picture
from ui.formatting import count
from ui.jobs import background, result_of
from ui.loaders import Files, by_files, classifier

if TYPE_CHECKING:
    from clfcore.architectures.catalogue import Architecture
    from clfcore.classifier import Classifier


MAPS = 8  # shown of each stage
FILTERS = 64


@dataclass(frozen=True)
class StageMaps:
    """The strongest of a layer's `count` feature maps, as (index, picture)."""

    stage: str
    layer: str
    count: int
    pictures: tuple[tuple[str, Picture], ...]


@dataclass(frozen=True)
class FeatureMaps:
    """The network's input, feature maps of each stage, and the first layer's filters."""

    stages: tuple[StageMaps, ...]
    square: Picture
    filters: tuple[Picture, ...]
    filter_count: int


def inside(row: "Architecture", choice: NetworkChoice) -> None:
    """Feature maps of a sample or an uploaded image, and the first layer's filters."""
    model, photo = choose_weights_and_photo(row, choice, key="maps")
    opened = classifier(model) if model else None
    job = _features_of(model, choice=choice, data=photo.data, _classifier=opened)
    features = result_of(job, "Running the image through the network")
    cards([Card(features.square, photo.name, truth="network input")], side=120)
    for maps in features.stages:
        number = count(maps.count, "map")
        if maps.count > MAPS:
            number = f"the {len(maps.pictures)} of {number} with the highest variance"
        st.markdown(f"**{maps.stage.replace('_', ' ')}** · `{maps.layer}` · {number}")
        cards([Card(shown, f"{maps.stage}, map {name}") for name, shown in maps.pictures], side=96)
    number = f"{len(features.filters)} of {count(features.filter_count, 'filter')}"
    st.markdown(f"**First layer's filters** · {number}; gray = 0")
    cards([Card(shown, f"filter {n}") for n, shown in enumerate(features.filters)], side=44)


@by_files
@background(entries=8)
def _features_of(
    progress: Progress,
    model: str,
    files: Files,
    *,
    choice: NetworkChoice,
    data: bytes,
    _classifier: "Classifier | None",
) -> FeatureMaps:
    from clfcore.architectures.feature_maps import network_features

    features = network_features(
        choice.name,
        data,
        classifier=_classifier,
        options=dict(choice.options),
        image_size=choice.image_size,
        channels=choice.channels,
        count=MAPS,
        filters=FILTERS,
    )
    stages = tuple(
        StageMaps(
            stage.stage,
            stage.layer,
            stage.maps,
            tuple((str(n), picture(pixels, side=112)) for n, pixels in stage.strongest),
        )
        for stage in features.stages
    )
    filters = tuple(picture(pixels) for pixels in features.filters)
    return FeatureMaps(stages, picture(features.square), filters, features.filter_count)
