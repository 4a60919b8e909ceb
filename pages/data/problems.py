"""Problems of a dataset: everything that was found while reading it, and a button to scan it again."""

from typing import TYPE_CHECKING

import streamlit as st

from ui.cards import Card
from ui.closeup.grid import open_pages
from ui.closeup.sources import DataPictures, Entry
from ui.data_picker import forget_data, thumbnail
from ui.formatting import count
from ui.review.handover import review_button

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset, Problem


def problems_label(dataset: "ImageDataset") -> str:
    return f"Problems ({count(len(faults(dataset)))})"


def data_problems(dataset: "ImageDataset", spec: str) -> None:
    """Everything that was found, none silent; and a second look at the files once they were mended."""
    if st.button("Re-scan", help="Reads the dataset again after you fixed, added or removed files."):
        forget_data()
        st.rerun()
    if not faults(dataset):
        st.write(
            "No problems found: every file is readable, there are no duplicates, and every class is in every split."
        )
        return
    rows = [{"kind": p.kind, "item": p.item, "problem": p.message} for p in faults(dataset)]
    st.dataframe(rows, hide_index=True, column_config={"problem": st.column_config.TextColumn(width="large")})
    _pictures(dataset, spec)


def _pictures(dataset: "ImageDataset", spec: str) -> None:
    """The pictures that can be read and have a problem, each with its kind."""
    ids = set(dataset.ids)
    problems = [problem for problem in faults(dataset) if problem.item in ids]
    if not problems:
        return
    review_button(spec, "problems")
    open_pages(
        problems,
        key=f"problems {spec}",
        card=lambda shown: [
            Card(thumbnail(spec, 0, one.item), name=f"{one.item}: {one.message}", truth=one.kind, item=one.item)
            for one in shown
        ],
        entry=lambda one: Entry(one.item, one.message),
        source=DataPictures(spec, dataset),
    )


def faults(dataset: "ImageDataset") -> list["Problem"]:
    """The problems without what the importer only took for something."""
    return [problem for problem in dataset.problems if problem.kind != "reading"]
