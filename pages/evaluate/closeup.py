"""One picture up close: its likeliest classes, where the network looked, the nearest training pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from clfcore.errors import InputError
from clfcore.explain.saliency_map import overlay_image
from clfcore.progress import Progress
from clfcore.runs.folder import Run, open_run
from clfcore.runs.nearest_images import embedding_space
from ui.cards import Card, Picture, bars, cards, picture
from ui.formatting import count, rate
from ui.jobs import Job, result_of
from ui.loaders import Files, by_files, classifier, run_dataset, run_thumbnail
from ui.messages import escape_markdown, refusals

if TYPE_CHECKING:
    from clfcore.embeddings.neighbours import Space


@dataclass(frozen=True)
class Item:
    """A picture and what is asked of it. targets: index among the level's classes -> name, of each map; truth: the
    classes it has; top: (class, probability), the likeliest first."""

    id: str
    title: str
    targets: Mapping[int, str]
    truth: tuple[str, ...]
    top: tuple[tuple[str, float], ...] = field(default=())


def close_view(run: Run, split: str, level: str, found: Sequence[Item]) -> None:
    """On demand, one picture of a list."""
    more = st.expander("One picture up close", on_change="rerun", key="close")
    if not more.open:
        return
    with more:
        by_title = {f"{item.id}: {item.title}": item for item in found}
        item = by_title[st.selectbox("Picture", list(by_title), key=f"close {run.id}")]
        left, middle, right = st.columns([4, 2, 5], gap="medium")
        with left, refusals(stop=False):
            _maps(run, level, item)
        with middle:
            st.caption("Likeliest")
            bars(item.top)
        with right, refusals(stop=False):
            _neighbours(run, split, item)


def _maps(run: Run, level: str, item: Item) -> None:
    shown = [Card(run_thumbnail(run, item.id), name=item.id, truth="The picture")]
    for target, label in item.targets.items():
        overlay, evidence = photo_map(str(run.path), item.id, level, target)
        words = f"For {label}" if evidence else f"Nothing for {label}"
        shown.append(Card(overlay, name=f"Grad-CAM for {label}", truth=words))
    cards(shown, side=140)
    st.caption("Grad-CAM: how much each part speaks for the class. It shows where, not why.")


@by_files
@st.cache_data(show_spinner="Looking where it looked", max_entries=256)
def photo_map(path: str, files: Files, item: str, level: str, target: int) -> tuple[Picture, bool]:
    """A run's Grad-CAM over one item for a class of a level, and whether anything speaks for it."""
    from clfcore.explain.dispatch import explain

    model, data = classifier(path), run_dataset(open_run(path))
    if item not in data.ids:
        raise InputError(f"{item} is no longer in the data: it cannot be shown")
    index = data.ids.index(item)
    if data.pixels is not None:
        image = np.broadcast_to(data.pixels[index], (*data.pixels.shape[1:3], 3))
    else:
        image = data.image(index, least_side=model.preprocess.stored_side)
    square = model.square(np.ascontiguousarray(image))
    levels = [one.name for one in model.task.levels]
    begins = model.task.slices[levels.index(level)].start
    found = explain(model, square, method="gradcam", target=begins + target)
    return picture(overlay_image(square, found), side=224, lossless=True), found.evidence


def _neighbours(run: Run, split: str, item: Item) -> None:
    if not st.toggle("Find the nearest training pictures", key=f"nearest {run.id}"):
        st.caption("By the run's embeddings; where none are cached, that takes a pass over the data the first time.")
        return
    path = str(run.path)
    found = result_of(_space(path, split), "Embedding the pictures", forget=lambda: _space.clear(path, split))
    near = found.nearest(item.id, n=6)
    cards(
        [
            Card(run_thumbnail(run, one.id), name=one.id,
                 truth=f"{one.label} {rate(one.similarity)}")
            for one in near
        ],
        side=104,
    )  # fmt: skip
    said = f"The {count(len(near), 'training picture')} nearest to it"
    for truth in item.truth:
        same = sum(truth in _classes(one.label) for one in near)
        said += f", {same} of {'the class ' if len(item.truth) == 1 else ''}{escape_markdown(truth)}"
    st.caption(f"{said}.", help="Cosine similarity of the input of the last layer, 1 where equal.")


def _classes(label: str) -> list[str]:
    """The classes of a label in words: one, those of all levels, or several."""
    return [part.strip() for whole in label.split(" / ") for part in whole.split(";")]


@by_files
@st.cache_resource(show_spinner=False, max_entries=4)
def _space(path: str, files: Files, split: str) -> Job:
    def work(progress: Progress) -> "Space":
        return embedding_space(open_run(path), split, progress=progress)

    return Job(work)
