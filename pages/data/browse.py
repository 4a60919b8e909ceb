"""Browsing a dataset: its numbers, what they suggest, and its images by class and split, a page at a time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.checks import advice
from clfcore.data.dataset import SPLITS, Split
from clfcore.data.item import item_record
from pages.data.problems import faults
from ui.cards import Card
from ui.closeup.grid import linked_item, open_cards
from ui.closeup.sources import DataPictures, Entry
from ui.data_picker import thumbnail
from ui.formatting import count, join_names, shorten
from ui.messages import Number, escape_markdown, metric_row, refusals
from ui.session import SessionValue

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset


PER_PAGE = 40


def browse(dataset: "ImageDataset", spec: str) -> None:
    """The pictures, by class and split, a page at a time."""
    splits = [split for split in SPLITS if len(dataset.splits.get(split, ()))]
    _take_link(dataset)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first: Split | None = None if SessionValue[str]("split").exists else "train"
        chosen_split = st.segmented_control(
            "Split", splits, default=first, required=True, key="split", bind="query-params"
        )
        split = chosen_split or "train"
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
    whole = [i for one in range(1, pages + 1) for i in spread(indices, one)]
    open_cards(
        sample_cards(dataset, spec, spread(indices, page)),
        key=f"data {split} {wanted}",
        side=128,
        source=DataPictures(spec, dataset),
        entries=[Entry(dataset.ids[i]) for i in whole],
        first=sum(len(spread(indices, one)) for one in range(1, page)),
    )
    st.caption(f"{count(len(indices), 'image')}, {PER_PAGE} per page.")


def _take_link(dataset: "ImageDataset") -> None:
    """The split of the item that a link names, before the widgets; a line where the data has none of that id."""
    item = linked_item()
    if item is None:
        return
    with refusals(stop=False):
        split = item_record(dataset, item).split
        if split is not None:
            SessionValue[str]("split").set(split)
            SessionValue[str]("class").set("all")


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
        Card(
            thumbnail(spec, split_seed, dataset.ids[i]),
            name=dataset.ids[i],
            item=dataset.ids[i],
            truth=dataset.finest_label(i),
            whole_truth=dataset.label(i),
        )
        for i in indices
    ]
