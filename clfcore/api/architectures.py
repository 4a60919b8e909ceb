"""Architectures: the catalogue, and what one network, or two, are made of."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from clfcore.architectures import catalogue, papers
from clfcore.architectures.catalogue import Architecture, architecture, weights_at_hand
from clfcore.architectures.feature_map_sheet import sheet
from clfcore.architectures.options import Options
from clfcore.architectures.papers import About
from clfcore.architectures.search import search as found
from clfcore.data.regular_file import read_bytes
from clfcore.errors import InputError
from clfcore.files import typed_path
from clfcore.outputs import output_path, save_picture
from clfcore.results import JsonObject, Result, json_value
from clfcore.runs import folder

if TYPE_CHECKING:
    from clfcore.architectures.comparison import Differences
    from clfcore.architectures.summary import Layer, Summary
    from clfcore.classifier import Classifier


@dataclass(frozen=True)
class ArchitectureRow(Result):
    """A row of the catalogue; weights: the published ones by name."""

    name: str
    family: str
    year: int | None
    parameters: int | None
    smallest_image: int | None
    weights: tuple[str, ...]


@dataclass(frozen=True)
class ArchitectureList(Result):
    """Rows of the catalogue, or those that a search found in it and among timm's names."""

    architectures: tuple[ArchitectureRow, ...]


@dataclass(frozen=True)
class NetworkLayers(Result):
    """The layers and layer groups of a network with their shapes and costs."""

    name: str
    family: str
    year: int | None
    image_size: int
    channels: int
    classes: int
    parameters: int
    multiply_adds: int
    saved_bytes: int
    groups: "tuple[Summary, ...]"
    layers: "tuple[Layer, ...]"


@dataclass(frozen=True)
class NetworkComparison(Result):
    """Two networks row by row, and the layers that only one of them has."""

    differences: "Differences"

    def as_json(self) -> JsonObject:
        """The differences' fields are the keys."""
        rows = [{**asdict(row), "same": row.same} for row in self.differences.rows]
        return {**json_value(self.differences), "rows": rows, "sentence": self.differences.describe()}


@dataclass(frozen=True)
class NetworkSource(Result):
    """The idea of a network, its papers, and the source code of its block."""

    about: About

    def as_json(self) -> JsonObject:
        """The fields of what is known of it are the keys."""
        return dict(json_value(self.about))


@dataclass(frozen=True)
class StageMaps(Result):
    """How many maps leave a stage, and which of them vary most."""

    stage: str
    layer: str
    maps: int
    shown: tuple[int, ...]


@dataclass(frozen=True)
class WrittenFeatureMaps(Result):
    """The feature maps that were written as a picture; weights: which the network had."""

    model: str
    weights: str
    stages: tuple[StageMaps, ...]
    filters: int
    out: Path


def list_architectures(search: str | None = None) -> ArchitectureList:
    """The catalogue, or what a text finds in it and among timm's names."""
    rows = found(search) if search else catalogue.architectures()
    return ArchitectureList(tuple(_row(row) for row in rows))


def _row(row: Architecture) -> ArchitectureRow:
    return ArchitectureRow(row.name, row.family, row.year, row.parameters, row.smallest_image, tuple(row.weights))


def describe_architecture(
    name: str,
    *,
    options: Options | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    classes: int | None = None,
) -> NetworkLayers:
    """The layer table and layer groups of a network, from shapes alone."""
    from clfcore.architectures.summary import table

    network = table(name, options=options, image_size=image_size, channels=channels, classes=classes)
    names = ("image_size", "channels", "classes", "parameters", "multiply_adds", "saved_bytes", "groups", "layers")
    row = network.architecture
    return NetworkLayers(row.name, row.family, row.year, **{name: getattr(network, name) for name in names})


def compare_architectures(
    a: str,
    b: str,
    *,
    options: Options | None = None,
    other: Options | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    classes: int | None = None,
) -> NetworkComparison:
    """Two networks side by side; `options` are a's, `other` b's; the sizes are both networks'."""
    from clfcore.architectures.comparison import differences
    from clfcore.architectures.summary import table

    first, second = (
        table(name, options=chosen, image_size=image_size, channels=channels, classes=classes)
        for name, chosen in ((a, options), (b, other))
    )
    return NetworkComparison(differences(first, second))


def show_source(name: str) -> NetworkSource:
    """The idea, the papers and the block's source."""
    return NetworkSource(papers.about(name))


def feature_maps(
    name: str,
    image: Path,
    out: Path,
    *,
    weights: str | None = None,
    options: Options | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    overwrite: bool = False,
    runs: Path | None = None,
) -> WrittenFeatureMaps:
    """The maps of each stage and the first filters of an architecture or a run for an image, as one PNG.

    weights of an architecture: none, default, or None: default where they are at hand and nothing else was asked for.
    """
    from clfcore.architectures.feature_maps import network_features

    if out.suffix.lower() != ".png":
        raise InputError(f"out is {str(out)!r}: it must end in .png")
    if not image.is_file():
        raise InputError(f"image is {str(image)!r}: there is no such file")
    out = output_path(out, inputs=[image], overwrite=overwrite)
    unchanged = not options and image_size is None and channels is None
    classifier, origin = network_weights(name, weights, unchanged=unchanged, runs=runs)
    features = network_features(
        name, read_bytes(image), classifier=classifier, options=options, image_size=image_size, channels=channels
    )
    save_picture(Image.fromarray(sheet(features)), out, "PNG")
    stages = (StageMaps(one.stage, one.layer, one.maps, tuple(n for n, _ in one.strongest)) for one in features.stages)
    return WrittenFeatureMaps(name, origin, tuple(stages), features.filter_count, out)


def network_weights(
    name: str, weights: str | None, *, unchanged: bool, runs: Path | None
) -> "tuple[Classifier | None, str]":
    """The classifier that is looked into, or None for random weights; and where its weights come from."""
    from clfcore.runs.open_classifier import open_classifier

    of_run = any(run.id.startswith(name) for run in folder.run_folders(runs))
    if of_run or (typed_path(name, "model") / "state.json").exists():
        return open_classifier(name, runs), "of the run"
    architecture(name)
    if weights not in (None, "none", "default"):
        raise InputError(f"weights is {weights!r}: it must be one of none, default")
    if weights == "default" and not unchanged:
        raise InputError(
            "weights is 'default' beside options or sizes: published weights have their own; leave one out"
        )
    if weights == "default" or (weights is None and unchanged and weights_at_hand(name)):
        return open_classifier(name, runs), "default"
    return None, "random"
