"""Problems of a dataset: everything that was found while reading it, and a button to scan it again."""

from typing import TYPE_CHECKING

import streamlit as st

from ui.data_picker import forget_data
from ui.formatting import count

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset, Problem


def problems_label(dataset: "ImageDataset") -> str:
    return f"Problems ({count(len(faults(dataset)))})"


def data_problems(dataset: "ImageDataset") -> None:
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


def faults(dataset: "ImageDataset") -> list["Problem"]:
    """The problems without what the importer only took for something."""
    return [problem for problem in dataset.problems if problem.kind != "reading"]
