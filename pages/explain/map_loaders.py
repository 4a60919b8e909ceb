"""What the Explain page computes, kept between reruns: maps laid over pictures, curves, the table of measures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.api import check_maps
from clfcore.errors import Failure, InputError
from clfcore.explain.cache import cached_map
from clfcore.explain.map_sheet import TitledImage, map_sheet
from clfcore.explain.saliency_map import color_stops, overlay_image
from clfcore.explain.targets import column, target_name
from clfcore.photos import Photo
from clfcore.progress import Progress
from clfcore.results import JsonObject
from clfcore.runs.nearest_images import training_space
from ui.cards import Picture, picture
from ui.jobs import background
from ui.loaders import Files, by_files, classifier, files_of, photo_outputs, photo_square

if TYPE_CHECKING:
    import numpy as np

    from clfcore.classifier import Classifier
    from clfcore.embeddings.neighbors import Space
    from clfcore.explain.deletion_insertion import Curve
    from clfcore.explain.saliency_map import SaliencyMap, Target


SIDE = 224


@dataclass(frozen=True)
class TargetChoice:
    """Which class is explained, by name: None the predicted one of the level; against: why not this one."""

    label: str | None = None
    against: str | None = None
    level: str | None = None


@dataclass(frozen=True)
class OverlayStyle:
    """How a map is laid over its picture; beside: alone, for it stands beside the picture."""

    opacity: float = 0.6
    colors: str = "magma"
    threshold: float = 0.0
    beside: bool = False


@dataclass(frozen=True)
class MapRequest:
    """One map that is asked for."""

    model: str
    photo: Photo
    method: str
    wanted: TargetChoice = TargetChoice()
    layer: str | None = None
    files: Files = field(init=False)  # of the model: kept by what it is, not by its name

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", files_of(self.model))


@dataclass(frozen=True)
class OverlaidMap:
    """A map over its picture, of which class and layer, whether anything spoke for the class, and a note."""

    picture: Picture
    target: str
    layer: str | None
    evidence: bool
    note: str


@dataclass(frozen=True)
class Task:
    """What the class selector needs of a classifier: its kind, and the classes of each level, the finest last."""

    kind: str
    levels: tuple[tuple[str, tuple[str, ...]], ...]


@by_files
@st.cache_data(show_spinner=False, max_entries=64)
def task_of(name: str, files: Files) -> Task:
    """Opens the classifier. Raises InputError."""
    task = classifier(name).task
    return Task(task.kind, tuple((level.name, level.classes) for level in task.levels))


@by_files
@st.cache_data(show_spinner=False, max_entries=64)
def stages_of(name: str, files: Files, method: str) -> tuple[str, ...]:
    """The layers to offer, the automatic one last; empty where the method or the network has none."""
    from clfcore.explain.dispatch import stages

    return stages(classifier(name), method=method)


@by_files
@st.cache_data(show_spinner=False, max_entries=64)
def heads_of(name: str, files: Files) -> dict[str, int]:
    """Heads of each layer of attention; empty where the network has none over places."""
    from clfcore.explain.dispatch import heads

    return heads(classifier(name))


@st.cache_data(show_spinner=False, max_entries=384)
def overlaid_map(asked: MapRequest, look: OverlayStyle) -> OverlaidMap:
    """The map over its picture, for the page. Raises InputError where it cannot be."""
    square, saliency = _found(asked)
    opacity = 1.0 if look.beside else look.opacity
    pixels = overlay_image(square, saliency, opacity=opacity, colors=look.colors, threshold=look.threshold)
    target = target_name(classifier(asked.model).task, saliency.target)
    return OverlaidMap(
        picture(pixels, side=SIDE, lossless=True), target, saliency.layer, saliency.evidence, saliency.note
    )


@by_files
@st.cache_data(show_spinner=False, max_entries=128)
def input_square(name: str, files: Files, photo: Photo) -> Picture:
    """The square that the network sees."""
    return picture(_square(classifier(name), photo), side=SIDE, lossless=True)


@background(entries=64)
def long_map(progress: Progress, asked: MapRequest, *, _model: "Classifier") -> bool:
    """A map of many passes, computed in a thread and cached where `overlaid_map` finds it."""
    _map(_model, asked, progress)
    return True


@st.cache_data(show_spinner=False, max_entries=64)
def curves(asked: MapRequest) -> "tuple[Curve, Curve]":
    """How the probability falls as the most important pixels go, and rises as they come."""
    from clfcore.explain.faithfulness import counterfactual

    square, saliency = _found(asked)
    return counterfactual(classifier(asked.model), square, saliency)


@by_files
@background(entries=4)
def space_of(progress: Progress, name: str, files: Files, *, _model: "Classifier") -> "Space":
    """The embeddings of a run's training images, in a thread."""
    return training_space(_model, progress)


@by_files
@st.cache_data(show_spinner=False, max_entries=256)
def embedded(name: str, files: Files, photo: Photo) -> "np.ndarray":
    """What the last layer of a network reads of a photo. Raises InputError where it has no such layer, or two."""
    seen = photo_outputs(name, photo).outputs.embeddings
    if seen is not None:
        return seen[0]
    from clfcore.explain.examples import embedding

    model = classifier(name)
    return embedding(model, _square(model, photo))


@by_files
@background(entries=8)
def checked(progress: Progress, name: str, files: Files, *, items: int, everything: bool) -> JsonObject:
    """The table of methods x measures, in a thread."""
    return check_maps(name, items=items, everything=everything, progress=progress).as_json()


@st.cache_data(show_spinner=False)
def scale(colors: str) -> str:
    """A color map as the stops of a CSS gradient, 0 first."""
    return ", ".join(f"rgb({r} {g} {b})" for r, g, b in color_stops(colors))


def sheet(rows: "Sequence[tuple[str, Sequence[tuple[str, MapRequest]]]]", look: OverlayStyle) -> bytes:
    """All maps that can be shown in one PNG: a row a model, the picture first, each with its name above it."""
    drawn: list[list[TitledImage]] = []
    for title, cells in rows:
        row: list[TitledImage] = []
        for name, asked in cells:
            try:
                square, saliency = _found(asked)
            except (InputError, Failure):
                continue
            if not row:
                row.append(TitledImage(title, square))
            opacity = 1.0 if look.beside else look.opacity
            pixels = overlay_image(square, saliency, opacity=opacity, colors=look.colors, threshold=look.threshold)
            row.append(TitledImage(name if saliency.evidence else f"{name}: no positive evidence", pixels))
        drawn.append(row)
    return map_sheet(drawn, side=SIDE)


def _found(asked: MapRequest) -> "tuple[np.ndarray, SaliencyMap]":
    return _map(classifier(asked.model), asked)


def _map(model: "Classifier", asked: MapRequest, progress: Progress | None = None) -> "tuple[np.ndarray, SaliencyMap]":
    square = _square(model, asked.photo)
    target = _target(model, square, asked.wanted)
    saliency = cached_map(model, square, method=asked.method, target=target, layer=asked.layer, progress=progress)
    return square, saliency


def _target(model: "Classifier", square: "np.ndarray", wanted: TargetChoice) -> "Target | None":
    """The column of the wanted class; the predicted one of a level that is named."""
    names = [level.name for level in model.task.levels]
    level = wanted.level if wanted.level in names else None
    if wanted.label is not None:
        first = column(model.task, wanted.label, level=level)
        return first if wanted.against is None else (first, column(model.task, wanted.against, level=level))
    if level is None:
        return None
    part = model.task.slices[names.index(level)]
    return part.start + int(model.logits(square[None])[0, part].argmax())


def _square(model: "Classifier", photo: Photo) -> "np.ndarray":
    return photo_square(model, photo)
