"""One picture up close: its place, truth, probabilities, nearest training images and, on request, its map."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from clfcore.data.bit_depth import shown
from clfcore.data.item import ItemRecord, item_record
from clfcore.data.value_ranges import shown_range
from clfcore.embeddings.neighbors import Neighbor
from clfcore.errors import InputError
from clfcore.evaluation.item_classes import ItemClass, item_classes
from clfcore.explain.targets import column, target_name
from clfcore.explain.whole_picture import overlay_whole
from clfcore.outputs import output_path, save_picture
from clfcore.progress import Progress
from clfcore.results import WHEN_KNOWN, JsonObject, Result
from clfcore.runs import folder
from clfcore.runs.folder import Run
from clfcore.runs.nearest_images import embedding_space
from clfcore.runs.run_data import open_run_data

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset
    from clfcore.predictions import Predictions

MOST = 100  # classes and neighbors
SIDE = 1024  # pixels of the longer side under a map


@dataclass(frozen=True)
class InspectedItem(Result):
    """An item of a run's data as the run sees it.

    place, of: where it stands in its split, from 1, and how many that has. truth: in words, of a hierarchy the whole
    path. stored: whether the probabilities are those that the run keeps; else they were computed now. classes: the
    most probable first, then those that are true or predicted. neighbors: the nearest training images by the run's
    embeddings, other than itself. target, evidence, out: of the map.
    """

    run: str
    item: str
    split: str | None
    place: int
    of: int
    truth: str
    path: Path | None
    stored: bool
    classes: tuple[ItemClass, ...]
    neighbors: tuple[Neighbor, ...]
    target: str | None = field(default=None, metadata=WHEN_KNOWN)
    evidence: bool | None = field(default=None, metadata=WHEN_KNOWN)
    out: Path | None = field(default=None, metadata=WHEN_KNOWN)

    def as_json(self) -> JsonObject:
        """A class without its place among the level's."""
        values = super().as_json()
        for row in values["classes"]:
            del row["index"]
        return values


def inspect_item(
    name: str,
    item: str,
    *,
    top: int = 5,
    neighbors: int = 5,
    level: str | None = None,
    target: str | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    runs: Path | None = None,
    progress: Progress | None = None,
) -> InspectedItem:
    """What a run knows of one item of its data, by the item's id.

    level: of a hierarchy, the one whose classes are given (the finest). out: a PNG of the whole picture under its
    Grad-CAM for `target` (the predicted class). Raises InputError where the data or the weights are gone.
    """
    for what, value, least in (("top", top, 1), ("neighbors", neighbors, 0)):
        if not least <= value <= MOST:
            raise InputError(f"{what} is {value}: it must be from {least} to {MOST}")
    if target is not None and out is None:
        raise InputError(f"target is {target!r} without out: name the PNG that the map goes to with --out")
    run = folder.open_run(name, runs)
    dataset = open_run_data(run)
    record = item_record(dataset, item)
    goal = None if out is None else output_path(out, inputs=[record.path], overwrite=overwrite)
    predictions, stored = _predictions(run, dataset, record)
    if level is not None:
        predictions = predictions.level(level)
    classes = item_classes(predictions, item, top=top)
    near: tuple[Neighbor, ...] = ()
    if neighbors and record.split is not None:
        near = embedding_space(run, record.split, progress=progress).nearest(item, n=neighbors)
    inspected = InspectedItem(
        run.id, item, record.split, record.place, record.of, record.truth, record.path, stored, classes, near
    )
    return (
        inspected
        if goal is None
        else _with_map(inspected, run, dataset=dataset, record=record, level=level, target=target, out=goal)
    )


def _predictions(run: Run, dataset: "ImageDataset", record: ItemRecord) -> "tuple[Predictions, bool]":
    """The stored predictions that have the item, else its own, computed now; and whether they were stored."""
    for split in run.splits:
        stored = run.predictions(split)
        if record.id in stored.ids:
            return stored, True
    from clfcore.classifier import predict_item
    from clfcore.runs.open_classifier import classifier_of

    return predict_item(classifier_of(run), dataset, record.index, split=record.split or "no split"), False


def _with_map(
    inspected: InspectedItem,
    run: Run,
    *,
    dataset: "ImageDataset",
    record: ItemRecord,
    level: str | None,
    target: str | None,
    out: Path,
) -> InspectedItem:
    """Write the map over the whole picture, and say of what class it is."""
    from clfcore.explain.dispatch import explain
    from clfcore.runs.open_classifier import classifier_of

    classifier = classifier_of(run)
    likeliest = next((one for one in inspected.classes if one.predicted), inspected.classes[0]).label
    goal = column(classifier.task, target or likeliest, level=level)
    pixels = dataset.image(record.index, least_side=max(SIDE, classifier.preprocess.stored_side))
    seen = pixels
    if pixels.dtype == np.uint8 and pixels.shape[-1] == 1:
        seen = np.repeat(pixels, 3, axis=-1)  # as a gray file is read
    saliency = explain(classifier, classifier.square(np.ascontiguousarray(seen)), method="gradcam", target=goal)
    whole = shown(pixels, None if pixels.dtype == np.uint8 else shown_range(dataset))
    save_picture(Image.fromarray(overlay_whole(whole, classifier.preprocess, saliency)), out, "PNG")
    return replace(inspected, target=target_name(classifier.task, goal), evidence=saliency.evidence, out=out)
