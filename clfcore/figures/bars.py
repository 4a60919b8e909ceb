"""Bars: the most probable classes of one image, the classes of a dataset."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from clfcore.data.dataset import SPLITS, ImageDataset
from clfcore.figures.theme import OKABE_ITO, blank, faded, look, percent, plain, short

LISTED = 40  # classes up to which each has a bar of its own name


def top_k_figure(top: Sequence[tuple[str, float]], *, truth: str | None = None, dark: bool = False) -> go.Figure:
    """The most probable classes as horizontal bars, the first on top. truth, where it is known, is marked with ✓."""
    page = look(dark=dark)
    words = "Most probable: " + ", ".join(f"{label} {percent(p)}" for label, p in top) + "."
    figure = blank(words, dark=dark, height=40 + 34 * max(len(top), 1), keep="top")
    figure.add_bar(
        x=[p for _, p in top],
        y=list(range(len(top))),
        orientation="h",
        width=0.62,
        marker={"color": [page.accent if i == 0 else faded(page.accent, 0.45) for i in range(len(top))]},
        text=[percent(p) for _, p in top],
        textposition="outside",
        cliponaxis=False,
        customdata=[plain(label) for label, _ in top],
        hovertemplate="%{customdata}<br>%{x:.4f}<extra></extra>",
    )
    names = [short(label) + (" ✓" if label == truth else "") for label, _ in top]
    figure.update_xaxes(range=[0, 1.12], visible=False)
    figure.update_yaxes(tickvals=list(range(len(top))), ticktext=names, autorange="reversed", showgrid=False, ticks="")
    return figure.update_layout(margin={"t": 4, "b": 4})


def class_counts_figure(dataset: ImageDataset, *, dark: bool = False) -> go.Figure:
    """Items of each class, a colour a split; of many classes, the sizes from the largest to the smallest."""
    totals = dataset.counts()
    largest, smallest = int(totals.max()), int(totals.min())
    names = [name for name in SPLITS if len(dataset.splits.get(name, ()))]
    sizes = ", ".join(f"{len(dataset.splits[name]):,} {name}" for name in names)
    words = f"{len(dataset.classes)} classes with {smallest:,} to {largest:,} items each; {sizes}."
    if len(dataset.classes) > LISTED:
        return _many(dataset, names, words, dark=dark)
    c = len(dataset.classes)
    figure = blank(words, dark=dark, height=90 + 26 * c, keep="counts")
    for split, ink in zip(names, OKABE_ITO, strict=False):
        figure.add_bar(
            x=dataset.counts(split),
            y=list(range(c)),
            orientation="h",
            name=split.capitalize(),
            marker={"color": ink},
            customdata=[plain(name) for name in dataset.classes],
            hovertemplate=f"%{{customdata}}<br>{split} %{{x:,}}<extra></extra>",
        )
    figure.update_xaxes(title_text="items", tickformat=",d", showgrid=True)
    ticks = [short(name) for name in dataset.classes]
    figure.update_yaxes(tickvals=list(range(c)), ticktext=ticks, autorange="reversed", showgrid=False, ticks="")
    return figure.update_layout(barmode="stack", bargap=0.35, legend={"traceorder": "normal"})


def _many(dataset: ImageDataset, names: Sequence[str], words: str, *, dark: bool) -> go.Figure:
    figure = blank(words, dark=dark, height=320, keep="counts")
    order = np.argsort(-dataset.counts(), kind="stable")
    for split, ink in zip(names, OKABE_ITO, strict=False):
        figure.add_bar(
            x=np.arange(len(order)),
            y=dataset.counts(split)[order],
            name=split.capitalize(),
            marker={"color": ink, "line": {"width": 0}},
            customdata=[plain(dataset.classes[i]) for i in order],
            hovertemplate=f"%{{customdata}}<br>{split} %{{y:,}}<extra></extra>",
        )
    figure.update_xaxes(title_text="classes, the largest first", showticklabels=False, showgrid=False)
    figure.update_yaxes(title_text="items", tickformat=",d")
    return figure.update_layout(barmode="stack", bargap=0, legend={"traceorder": "normal"})
