"""Bar charts: items of each class of a dataset."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from clfcore.data.dataset import SPLITS, ImageDataset, Split
from clfcore.figures.theme import OKABE_ITO, blank, escape_html, short

LISTED = 40  # classes up to which each has a bar of its own name


def class_counts_figure(dataset: ImageDataset, *, dark: bool = False) -> go.Figure:
    """Class counts, a color for each split; of many classes, their sizes from the largest to the smallest."""
    totals = dataset.counts()
    largest, smallest = int(totals.max()), int(totals.min())
    names = [name for name in SPLITS if len(dataset.splits.get(name, ()))]
    sizes = ", ".join(f"{len(dataset.splits[name]):,} {name}" for name in names)
    description = f"{len(dataset.classes)} classes with {smallest:,} to {largest:,} items each; {sizes}."
    if len(dataset.classes) > LISTED:
        return _many(dataset, names, description, dark=dark)
    c = len(dataset.classes)
    figure = blank(description, dark=dark, height=90 + 26 * c, keep="counts")
    for split, ink in zip(names, OKABE_ITO, strict=False):
        figure.add_bar(
            x=dataset.counts(split),
            y=list(range(c)),
            orientation="h",
            name=split.capitalize(),
            marker={"color": ink},
            customdata=[escape_html(name) for name in dataset.classes],
            hovertemplate=f"%{{customdata}}<br>{split} %{{x:,}}<extra></extra>",
        )
    figure.update_xaxes(title_text="items", tickformat=",d", showgrid=True)
    ticks = [short(name) for name in dataset.classes]
    figure.update_yaxes(tickvals=list(range(c)), ticktext=ticks, autorange="reversed", showgrid=False, ticks="")
    return figure.update_layout(barmode="stack", bargap=0.35, legend={"traceorder": "normal"})


def _many(dataset: ImageDataset, names: Sequence[Split], description: str, *, dark: bool) -> go.Figure:
    figure = blank(description, dark=dark, height=320, keep="counts")
    order = np.argsort(-dataset.counts(), kind="stable")
    for split, ink in zip(names, OKABE_ITO, strict=False):
        figure.add_bar(
            x=np.arange(len(order)),
            y=dataset.counts(split)[order],
            name=split.capitalize(),
            marker={"color": ink, "line": {"width": 0}},
            customdata=[escape_html(dataset.classes[i]) for i in order],
            hovertemplate=f"%{{customdata}}<br>{split} %{{y:,}}<extra></extra>",
        )
    figure.update_xaxes(title_text="classes, the largest first", showticklabels=False, showgrid=False)
    figure.update_yaxes(title_text="items", tickformat=",d")
    return figure.update_layout(barmode="stack", bargap=0, legend={"traceorder": "normal"})
