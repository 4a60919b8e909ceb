"""What Data shows of several labels and of levels: labels that stand together, the tree of the classes."""

from typing import TYPE_CHECKING

import streamlit as st

from clfcore.data.label_statistics import class_tree, label_pairs
from clfcore.evaluation.multilabel import CoOccurrence
from ui.charts import chart, dark
from ui.formatting import count

if TYPE_CHECKING:
    from clfcore.data.dataset import ImageDataset


def data_structure(dataset: "ImageDataset") -> None:
    """Nothing for single labels; of several their pairs, of a hierarchy its tree."""
    from clfcore.figures.matrices import co_occurrence_figure
    from clfcore.figures.sunburst import sunburst_figure

    if dataset.task.kind == "multi-label":
        pairs, none = label_pairs(dataset, "train")
        st.caption(f"Training images with both labels; {count(none, 'image')} with no label at all, which is allowed.")
        chart(co_occurrence_figure(CoOccurrence(dataset.classes, pairs, pairs), dark=dark()), "data pairs")
    elif dataset.task.kind == "hierarchical":
        levels = dataset.task.levels
        sizes = ", ".join(f"{level.name} {len(level.classes)}" for level in levels)
        words = f"{len(levels)} levels ({sizes}); {len(dataset.task.paths)} paths occur."
        st.caption(f"{words} A click opens a class.")
        chart(sunburst_figure(class_tree(dataset), words=words, judged=False, dark=dark()), "data tree")


def data_counts(dataset: "ImageDataset") -> None:
    """Images per class and split."""
    from clfcore.figures.bars import class_counts_figure

    chart(class_counts_figure(dataset, dark=dark()), "counts")
