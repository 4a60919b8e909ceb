"""Browsing a dataset: its numbers, what they suggest, and its images by class and split, a page at a time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.checks import advice
from clfcore.data.dataset import SPLITS
from pages.data.problems import faults
from ui.cards import Card, cards
from ui.data_picker import thumbnail
from ui.formatting import count, join_names, shorten
from ui.messages import Number, escape_markdown, metric_row

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset


PER_PAGE = 40


def browse(dataset: "ImageDataset", spec: str) -> None:
    """The pictures, by class and split, a page at a time."""
    splits = [split for split in SPLITS if len(dataset.splits.get(split, ()))]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        split = st.segmented_control("Split", splits, default="train", required=True, key="split", bind="query-params")
        wanted = st.selectbox(
            "Class", ["all", *dataset.classes], format_func=shorten, key="class", bind="query-params", width=260
        )
        chosen = dataset.splits[split]
        indices = (chosen if wanted == "all" else chosen[dataset.having(wanted)[chosen]]).tolist()
        pages = max(1, -(-len(indices) // PER_PAGE))
        page = min(pages, st.pagination(pages, key=f"page {spec} {split} {wanted}"))
    if not indices:
        st.write(f"The {split} split has no image of {escape_markdown(wanted)}.")
        return
    cards(sample_cards(dataset, spec, spread(indices, page)), side=128)
    st.caption(f"{count(len(indices), 'image')}, {PER_PAGE} per page.")


def spread(indices: Sequence[int], page: int) -> Sequence[int]:
    """A page of the pictures, taken at even steps so that each page shows all classes in their order."""
    pages = max(1, -(-len(indices) // PER_PAGE))
    return indices[page - 1 :: pages][:PER_PAGE]


def data_numbers(dataset: "ImageDataset") -> None:
    """How many images, classes, and images a split."""
    numbers = [
        Number("Images", count(len(dataset)), "readable"),
        Number("Classes", count(len(dataset.classes)), dataset.task.kind),
    ]
    words = {
        "train": ("Training", "used to fit the weights"),
        "validation": ("Validation", "selects the best epoch"),
        "test": ("Test", "held out for the final test"),
    }
    for split, size in dataset.sizes().items():
        label, use = words[split]
        numbers.append(Number(label, count(size) if size else "–", use if size else "not in this dataset"))
    metric_row([*numbers, Number("Problems", count(len(faults(dataset))), "found while reading")])
    for note in (problem.message for problem in dataset.problems if problem.kind == "reading"):
        st.caption(f":material/info: {escape_markdown(note[:1].upper() + note[1:])}.")
    if dataset.drawn:
        st.caption(
            f"{join_names(dataset.drawn)} drawn by the lab: stratified by class, from split seed 0.".capitalize()
        )


def data_advice(dataset: "ImageDataset") -> None:
    """What the numbers suggest, in a plain sentence or two."""
    st.write(escape_markdown(advice(dataset)))


def sample_cards(dataset: "ImageDataset", spec: str, indices: Sequence[int], *, split_seed: int = 0) -> list[Card]:
    """Cards of items with their truth, no prediction."""
    return [
        Card(thumbnail(spec, split_seed, dataset.ids[i]), name=dataset.ids[i], truth=dataset.label(i)) for i in indices
    ]
