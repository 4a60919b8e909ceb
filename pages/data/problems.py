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
    if st.button("Read it again", help="After you have mended, added or removed files."):
        forget_data()
        st.rerun()
    if not faults(dataset):
        st.write(
            "Nothing was found wrong: every file could be read, no picture stands twice, every class is in every split."
        )
        return
    rows = [{"kind": p.kind, "item": p.item, "what was found": p.message} for p in faults(dataset)]
    st.dataframe(rows, hide_index=True, column_config={"what was found": st.column_config.TextColumn(width="large")})


def faults(dataset: "ImageDataset") -> list["Problem"]:
    """The problems without what the importer only took for something."""
    return [problem for problem in dataset.problems if problem.kind != "reading"]
