"""One image up close: its most probable classes, Grad-CAM maps, and the nearest training images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

import streamlit as st

from clfcore.data.dataset import Split
from clfcore.progress import Progress
from clfcore.runs.folder import Run, open_run
from clfcore.runs.nearest_images import embedding_space
from ui.cards import Card, bars, cards
from ui.formatting import count, rate
from ui.jobs import background, result_of
from ui.loaders import Files, by_files, gradcam_of_item, run_thumbnail
from ui.messages import escape_markdown, refusals

if TYPE_CHECKING:
    from clfcore.embeddings.neighbours import Space

SPLITS: Mapping[str, Split] = {name: name for name in get_args(Split)}


@dataclass(frozen=True)
class Item:
    """An image of a list, and the classes it is shown for. targets: index among the level's classes -> name, of each
    map; truth: its true classes; top: (class, probability), the most probable first."""

    id: str
    title: str
    targets: Mapping[int, str]
    truth: tuple[str, ...]
    top: tuple[tuple[str, float], ...] = field(default=())


def closeup_view(run: Run, split: str, level: str, items: Sequence[Item]) -> None:
    """On demand, one image of a list."""
    more = st.expander("Inspect one image", on_change="rerun", key="close")
    if not more.open:
        return
    with more:
        by_title = {f"{item.id}: {item.title}": item for item in items}
        item = by_title[st.selectbox("Image", list(by_title), key=f"close {run.id}")]
        left, middle, right = st.columns([4, 2, 5], gap="medium")
        with left, refusals(stop=False):
            _maps(run, level, item)
        with middle:
            st.caption("Top classes")
            bars(item.top)
        with right, refusals(stop=False):
            _neighbours(run, split, item)


def _maps(run: Run, level: str, item: Item) -> None:
    shown = [Card(run_thumbnail(run, item.id), name=item.id, truth="Input")]
    for target, label in item.targets.items():
        overlay, evidence = gradcam_of_item(str(run.path), item.id, level, target)
        caption = f"For {label}" if evidence else f"No evidence for {label}"
        shown.append(Card(overlay, name=f"Grad-CAM for {label}", truth=caption))
    cards(shown, side=140)
    st.caption("Grad-CAM: how much each region supports the class. It shows where the network looked, not why.")


def _neighbours(run: Run, split: str, item: Item) -> None:
    if not st.toggle("Find the nearest training images", key=f"nearest {run.id}"):
        st.caption("Compares the run's embeddings; if none are cached, the first search takes one pass over the data.")
        return
    path = str(run.path)
    embedded = result_of(_space(path, split=split), "Embedding the images")
    near = embedded.nearest(item.id, n=6)
    cards(
        [
            Card(run_thumbnail(run, neighbour.id), name=neighbour.id,
                 truth=f"{neighbour.label} {rate(neighbour.similarity)}")
            for neighbour in near
        ],
        side=104,
    )  # fmt: skip
    sentence = f"The {count(len(near), 'nearest training image')}"
    for truth in item.truth:
        matching = sum(truth in _classes(neighbour.label) for neighbour in near)
        sentence += f", {matching} of {'class ' if len(item.truth) == 1 else ''}{escape_markdown(truth)}"
    st.caption(f"{sentence}.", help="By cosine similarity of the features before the last layer; 1 is identical.")


def _classes(label: str) -> list[str]:
    """The classes in a label's text: a class, the classes of all levels (`a / b`), or several labels (`a; b`)."""
    return [name.strip() for level in label.split(" / ") for name in level.split(";")]


@by_files
@background(entries=4)
def _space(progress: Progress, path: str, files: Files, *, split: str) -> "Space":
    return embedding_space(open_run(path), SPLITS[split], progress=progress)
