"""Explanations: a saliency map of an image, the nearest training images, and how far a run's maps can be believed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from clfcore.data.catalogue import open_dataset
from clfcore.data.pixels import read_image
from clfcore.errors import InputError, unknown
from clfcore.explain.methods import method as known_method
from clfcore.explain.saliency_map import COLORS, NO_EVIDENCE, overlay_image
from clfcore.explain.targets import column, target_name
from clfcore.files import typed_path
from clfcore.outputs import output_path, save_picture
from clfcore.progress import Progress
from clfcore.results import JsonObject, Result, json_value
from clfcore.runs import nearest_images
from clfcore.runs.folder import Run
from clfcore.runs.run_data import open_run_data

if TYPE_CHECKING:
    from clfcore.embeddings.neighbors import Neighbor
    from clfcore.explain.faithfulness import FaithfulnessReport


@dataclass(frozen=True)
class WrittenMap(Result):
    """A map that was written. evidence: whether anything speaks for the target; note: what to read with the map."""

    model: str
    method: str
    layer: str | None
    target: str
    evidence: bool
    note: str
    out: Path


@dataclass(frozen=True)
class ClassExamples(Result):
    """A class's training images nearest to an image, the nearest first."""

    label: str
    nearest: "tuple[Neighbor, ...]"


@dataclass(frozen=True)
class NearestExamples(Result):
    """The nearest training images of each class."""

    model: str
    image: Path
    examples: tuple[ClassExamples, ...]


@dataclass(frozen=True)
class MapFaithfulness(Result):
    """Methods x measures of a run's maps."""

    report: "FaithfulnessReport"

    def as_json(self) -> JsonObject:
        """The report's fields are the keys."""
        return dict(json_value(self.report))


def explain(
    name: str,
    image: str | None,
    *,
    out: str | None,
    method: str = "gradcam",
    target: str | None = None,
    against: str | None = None,
    level: str | None = None,
    layer: str | None = None,
    opacity: float = 0.6,
    colors: str = "magma",
    threshold: float = 0.0,
    overwrite: bool = False,
    runs: Path | None = None,
    progress: Progress | None = None,
) -> WrittenMap:
    """The map over the square that the network sees, written to `out`; wrong input is refused before a network opens.

    target: a class by name or number, None the predicted one; against: a second class, for their difference.
    """
    from clfcore.explain.dispatch import explain as map_of

    known_method(method)
    picture = _image(image)
    goal = _png(out, picture, overwrite=overwrite)
    for what, share in (("opacity", opacity), ("threshold", threshold)):
        if not 0 <= share <= 1:
            raise InputError(f"{what} is {share:g}: it must be from 0 to 1")
    if colors not in COLORS:
        raise unknown("colors", colors, COLORS)
    if against is not None and target is None:
        raise InputError(f"against is {against!r} without a target: name the class it is set against with --target")

    from clfcore.runs.open_classifier import open_classifier

    classifier = open_classifier(name, runs)
    wanted: int | tuple[int, int] | None = None
    if target is not None:
        wanted = column(classifier.task, target, level=level)
        if against is not None:
            wanted = (wanted, column(classifier.task, against, level=level))
    square = classifier.square(read_image(picture, least_side=classifier.preprocess.stored_side))
    saliency = map_of(classifier, square, method=method, target=wanted, layer=layer, progress=progress)
    overlay = overlay_image(square, saliency, opacity=opacity, colors=colors, threshold=threshold)
    save_picture(Image.fromarray(overlay), goal, "PNG")
    return WrittenMap(
        model=classifier.name,
        method=saliency.method,
        layer=saliency.layer,
        target=target_name(classifier.task, saliency.target),
        evidence=saliency.evidence,
        note=saliency.note if saliency.evidence else "; ".join(filter(None, (NO_EVIDENCE, saliency.note))),
        out=goal,
    )


def nearest_examples(
    name: str, image: str | None, *, n: int = 3, runs: Path | None = None, progress: Progress | None = None
) -> NearestExamples:
    """Of each class the n training images nearest to an image, by the run's embeddings. Raises InputError."""
    picture = _image(image)

    from clfcore.runs.open_classifier import open_classifier

    classifier = open_classifier(name, runs)
    square = classifier.square(read_image(picture, least_side=classifier.preprocess.stored_side))
    neighbors = nearest_images.nearest_examples(classifier, square, n=n, progress=progress)
    rows = tuple(ClassExamples(label, nearest) for label, nearest in neighbors.items())
    return NearestExamples(classifier.name, picture, rows)


def check_maps(
    name: str,
    *,
    everything: bool = False,
    items: int | None = None,
    data: str | None = None,
    runs: Path | None = None,
    progress: Progress | None = None,
) -> MapFaithfulness:
    """Methods x measures, on up to `items` pictures (100) of the run's own data, or of `data`. Raises InputError."""
    if items is not None and items < 1:
        raise InputError(f"items is {items}: it must be at least 1")
    from clfcore.explain.faithfulness import ITEMS, check_dataset
    from clfcore.runs.open_classifier import open_classifier

    classifier = open_classifier(name, runs)
    if data is not None:
        dataset = open_dataset(data)
    elif classifier.folder is not None:
        dataset = open_run_data(Run(classifier.folder))
    else:
        raise InputError(f"{name} is an architecture and has no data of its own: name some with --data SPEC")
    report = check_dataset(classifier, dataset, items=items or ITEMS, everything=everything, progress=progress)
    return MapFaithfulness(report)


def _image(image: str | None) -> Path:
    if image is None:
        raise InputError("IMAGE is missing: name the image file to explain, or give --check to measure a run's maps")
    path = typed_path(image, "image")
    if not path.is_file():
        raise InputError(f"{image} is no file: name an image file")
    return path


def _png(out: str | None, picture: Path, *, overwrite: bool) -> Path:
    if out is None:
        raise InputError("out is missing: give --out with the PNG to write")
    goal = output_path(out, inputs=[picture], overwrite=overwrite)
    if goal.suffix.lower() != ".png":
        raise InputError(f"out is {out}: it must end in .png")
    if not goal.parent.is_dir():
        raise InputError(f"out is {out}: the folder {goal.parent} does not exist")
    return goal
